"""The repository's own hooks and signing: run where they are trusted, and never in our way."""

import os
import shlex
import shutil
import sys
import time
from pathlib import Path

import pytest

from prdgen.git import doctor, hooks
from prdgen.git.errors import HookRefused, HookTooSlow, TipMoved

from .repos import BOB


def test_a_hook_that_refuses_is_quoted(repo):
    """The person sees its words; nothing is committed."""
    repo.hook("pre-commit", "echo no TODOs please >&2; exit 1")
    tip = repo.tip()
    with pytest.raises(HookRefused, match="no TODOs please"):
        repo.save({"one.md": "x\n"})
    assert (repo.tip(), repo.status()) == (tip, "")


def test_a_hook_sees_the_branch_and_the_staged_page(repo, tmp_path):
    """What `git commit one.md` would show it, and not what else is staged."""
    seen = tmp_path / "seen"
    repo.hook("pre-commit", f"(git symbolic-ref --short HEAD; git diff --cached --name-status; "
                            f"git show :one.md) >{seen}")  # fmt: skip
    repo.write(other="staged by somebody\n", one="x\n")
    repo.git("add", "other.md")
    repo.save({"one.md": "x\n"})
    assert seen.read_text() == "main\nM\tone.md\nx\n"
    assert repo.status() == "M  other.md"


def test_a_hooked_commit_has_the_same_people_time_and_message(repo):
    """A subject that starts with # stays."""
    repo.hook("pre-commit", "true")
    repo.save({"one.md": "x\n"}, message="# Title\n\nBody", co_authors=[BOB])
    printed = repo.git("log", "-1", "--format=%an|%cn|%B")
    assert printed == (
        "Ann|prdgen|# Title\n\nBody\n\nCo-authored-by: Bob <bob@example.org>\n"
    ).rstrip("\n")
    assert repo.git("rev-list", "--count", "main") == "2"


def test_a_hook_may_change_the_message(repo):
    """commit-msg and prepare-commit-msg work on the file Git gives them."""
    repo.hook("prepare-commit-msg", 'printf "TICKET-7 " | cat - "$1" >"$1.new"; mv "$1.new" "$1"')
    repo.save({"one.md": "x\n"}, message="Edit")
    assert repo.git("log", "-1", "--format=%s") == "TICKET-7 Edit"


def test_a_hook_may_change_what_is_committed(repo):
    """A formatter that stages its result: the commit and the index have it. The file, which may have more
    by then, is its writer's.
    """
    repo.hook("pre-commit", "printf 'FORMATTED\\n' >>one.md; git add one.md")
    repo.write(one="x\ntyped since\n")
    repo.save({"one.md": "x\n"})
    assert repo.git("show", "main:one.md") == repo.git("show", ":one.md") == "x\nFORMATTED"
    assert repo.status() == " M one.md"
    assert (repo.path / "one.md").read_text() == "x\ntyped since\n"


def test_a_hook_has_every_file_and_the_tools_beside_them(repo, tmp_path):
    """As where people commit themselves; what it leaves behind, or stages with `--all`, is in no commit
    and in nobody's folder.
    """
    (repo.path / "node_modules").mkdir()
    (repo.path / "node_modules" / "tool").write_text("echo tool")
    (repo.path / "a !#*").write_text("local")
    (repo.path / "notes.md").write_text("nobody ignores it")
    repo.put({".gitignore": "*.cache\nnode_modules/\na*\n"})
    repo.git("add", ".gitignore")
    repo.git("commit", "-qm", "Ignore")
    seen = tmp_path / "seen"
    repo.hook("pre-commit", f"(cat one.md other.md; sh node_modules/tool; cat 'a !#*'; ls notes.md) >{seen}; "
                            "echo left >x.cache; git add --all")  # fmt: skip
    for number in range(2):
        tip = repo.save({"one.md": f"x{number}\n"})
        other = repo.git("show", "main:other.md")
        assert seen.read_text() == f"x{number}\n{other}\ntool\nlocal"
        assert repo.git("diff", "--name-only", f"{tip}~1", tip) == "one.md"
    assert not (repo.path / "x.cache").exists()
    assert (repo.path / "node_modules" / "tool").exists()
    assert (repo.path / "notes.md").read_text() == "nobody ignores it"


def test_a_hook_of_a_draft_has_its_changed_pages_alone(repo, tmp_path):
    """Whoever writes drafts would say what hooks run; and main's folder is out of their reach."""
    repo.git("checkout", "-qb", "draft")
    repo.put({"check.sh": f"echo ran >{tmp_path}/ran\n"})
    repo.git("add", "check.sh")
    repo.git("commit", "-qm", "A program")
    repo.git("checkout", "-q", "main")
    repo.commit("New", new="colour\n")
    seen = tmp_path / "seen"
    script = f"sh ./check.sh; ls -A >{seen}; for page in *.md; do printf more >>$page; done; git add --all"
    repo.hook("pre-commit", script)
    tip = repo.save({"one.md": "x\n"}, branch="draft")
    assert seen.read_text() == "one.md\n"
    assert not (tmp_path / "ran").exists()
    assert repo.git("diff", "--name-only", f"{tip}~1", tip) == "one.md"
    assert repo.git("show", "draft:one.md") == "x\nmore"
    assert repo.status() == ""
    assert (repo.path / "new.md").read_text() == "colour\n"


@pytest.mark.parametrize("name", [b"caf\xe9.txt", b"a\nb", b" x ", b"#a", b"d\\e", b"[f]"])
def test_odd_names_in_the_folder_keep_no_hook_from_its_work(repo, name):
    """Ignored and untracked ones."""
    ignore(repo, "*.txt\n[[]f]\n")
    (repo.path / os.fsdecode(name)).write_text("x")
    repo.hook("pre-commit", "git add --all")
    tip = repo.save({"one.md": "x\n"})
    assert repo.git("diff", "--name-only", f"{tip}~1", tip) == "one.md"


def ignore(repo, lines: str) -> None:
    exclude = repo.path / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text(lines)


def test_what_is_only_linked_is_in_no_commit(repo):
    """A link to a path of the server: refused, with its name."""
    ignore(repo, "secret\n")
    (repo.path / "secret").write_text("x")
    repo.hook("pre-commit", "git add --force secret")
    tip = repo.tip()
    with pytest.raises(HookRefused, match="staged secret"):
        repo.save({"one.md": "x\n"})
    assert repo.tip() == tip


def test_what_the_person_ignores_is_ignored(repo, tmp_path):
    """By the file that their own configuration names."""
    ignored = tmp_path / "ignored"
    ignored.write_text("*.cache")
    repo.git("config", "core.excludesFile", str(ignored))
    repo.hook("pre-commit", "echo left >x.cache; git add --all")
    tip = repo.save({"one.md": "x\n"})
    assert repo.git("diff", "--name-only", f"{tip}~1", tip) == "one.md"


def test_filters_do_not_run_for_the_files_that_hooks_see(repo):
    """One that needs the clone's own folder would keep every commit back."""
    repo.put({".gitattributes": "secret.txt filter=crypt\n", "secret.txt": "abc\n"})
    repo.git("add", ".")
    repo.git("commit", "-qm", "Secret")
    repo.git("config", "filter.crypt.smudge", "false")
    repo.git("config", "filter.crypt.clean", "cat")
    repo.git("config", "filter.crypt.required", "true")
    repo.hook("pre-commit", "test -f secret.txt")
    tip = repo.save({"one.md": "x\n"})
    assert repo.git("diff", "--name-only", f"{tip}~1", tip) == "one.md"


def test_the_tree_of_the_hooks_is_kept_with_a_split_index(repo, tmp_path):
    """The part that is split off lies in a folder that goes with the commit."""
    repo.git("config", "core.splitIndex", "true")
    seen = tmp_path / "seen"
    repo.hook("pre-commit", f"stat -c %i other.md >>{seen}")
    for number in range(3):
        repo.save({"one.md": f"x{number}\n"})
    assert len(set(seen.read_text().split())) == 1


def test_a_broken_tree_of_the_hooks_is_made_anew(repo):
    """A server was killed, or a hook broke it."""
    repo.hook("pre-commit", "test -f other.md")
    repo.save({"one.md": "x\n"})
    where = repo.path / ".git/prdgen/hook-trees/0"
    for harm in (
        lambda: (where / "index").write_bytes(b"DIRC broken"),
        lambda: (where / "index.lock").write_text(""),
        (where / "tree" / "other.md").unlink,
        lambda: (where / "tree" / "one.md").write_text("by a hook"),
        lambda: shutil.rmtree(where / "tree"),
    ):
        harm()
        tip = repo.save({"one.md": f"{time.time()}\n"})
        assert repo.git("diff", "--name-only", f"{tip}~1", tip) == "one.md"


def test_a_slow_hook_is_stopped_with_all_it_started(repo, tmp_path):
    """The time limit reaches the hook's own children."""
    pid = tmp_path / "pid"
    repo.hook("pre-commit", f"sleep 60 & echo $! >{pid}; wait")
    with pytest.raises(HookTooSlow, match=r"0\.3 s"):
        repo.save({"one.md": "x\n"}, hook_seconds=0.3)
    assert _ends(int(pid.read_text()))
    assert repo.status() == ""
    assert {path.name for path in (repo.path / ".git/prdgen").iterdir()} == {"hook-trees", "locks"}


def _ends(process: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{process}/stat").read_text().split()[2] == "Z":
                return True
        except FileNotFoundError:
            return True
    return False


def test_the_users_index_is_free_while_a_hook_runs(repo):
    """A hook may take half a minute; `git add` must work meanwhile."""
    repo.hook("pre-commit", f"env -u GIT_INDEX_FILE -u GIT_DIR git -C {repo.path} add other.md")
    repo.write(other="added meanwhile\n")
    repo.save({"one.md": "one\ntwo\nthree\nfour\n"})
    assert "M  other.md" in repo.status()


def test_a_branch_that_moves_while_the_hook_runs_is_not_overwritten(repo):
    """The commit is made, and the branch's compare-and-set refuses it."""
    script = f"""
        unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE
        new=$(git -C {repo.path} -c user.name=x -c user.email=x@x commit-tree main^{{tree}} \\
              -p main -m rival </dev/null)
        git -C {repo.path} update-ref refs/heads/main $new
    """
    repo.hook("pre-commit", script)
    with pytest.raises(TipMoved):
        repo.save({"one.md": "x\n"})
    assert repo.git("log", "-1", "--format=%s") == "rival"


def test_hooks_run_for_a_branch_that_is_checked_out_nowhere(repo, tmp_path):
    """They see its page as a file, and its name."""
    repo.git("branch", "draft")
    seen = tmp_path / "seen"
    repo.hook("pre-commit", f"(git symbolic-ref --short HEAD; cat docs/new.md) >{seen}")
    tip = repo.save({"docs/new.md": "draft text\n"}, branch="draft")
    assert seen.read_text() == "draft\ndraft text\n"
    assert repo.tip("draft") == tip
    assert repo.status() == ""


def test_hooks_inside_the_tracked_tree_do_not_run(repo, tmp_path):
    """core.hooksPath on a tracked folder ran a pushed script as the server (trap 17)."""
    mark = tmp_path / "ran"
    repo.put({"hooks/pre-commit": f"#!/bin/sh\ntouch {mark}\n"})
    (repo.path / "hooks/pre-commit").chmod(0o755)
    repo.commit()
    repo.git("config", "core.hooksPath", "hooks")
    mark.unlink(missing_ok=True)
    repo.save({"one.md": "x\n"})
    assert not mark.exists()
    finding = next(f for f in doctor.check(repo.path) if f.name == "hooks")
    assert not finding.ok
    assert "pre-commit" in finding.what
    assert "core.hooksPath" in finding.cure


def test_a_link_from_git_hooks_into_the_tree_does_not_run(repo, tmp_path):
    """The same by another way."""
    mark = tmp_path / "ran"
    repo.put({"hooks/pre-commit": f"#!/bin/sh\ntouch {mark}\n"})
    (repo.path / "hooks/pre-commit").chmod(0o755)
    (repo.path / ".git/hooks").mkdir(exist_ok=True)
    (repo.path / ".git/hooks/pre-commit").symlink_to(repo.path / "hooks/pre-commit")
    repo.save({"one.md": "x\n"})
    assert list(hooks.untrusted(repo.opened)) == ["pre-commit"]
    assert not mark.exists()


def test_hooks_outside_the_tree_run_from_a_configured_folder(repo, tmp_path):
    """An owner's own folder of hooks is trusted."""
    folder = tmp_path / "team-hooks"
    folder.mkdir()
    (folder / "commit-msg").write_text('#!/bin/sh\necho "Checked-by: $0" >>"$1"\n')
    (folder / "commit-msg").chmod(0o755)
    repo.git("config", "core.hooksPath", str(folder))
    repo.save({"one.md": "x\n"})
    assert f"Checked-by: {folder}/commit-msg" in repo.git("log", "-1", "--format=%B")


def test_hooks_get_no_secrets(repo, tmp_path, monkeypatch):
    """The server's settings and keys are not theirs."""
    monkeypatch.setenv("PRDGEN_DATABASE_URL", "postgres://hunter2")
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2")
    repo.hook("pre-commit", f"env >{tmp_path / 'env'}")
    repo.save({"one.md": "x\n"})
    assert "hunter2" not in (tmp_path / "env").read_text()


def test_signing_is_gits_work(repo, tmp_path):
    """With commit.gpgSign the configured program signs."""
    program = tmp_path / "sign"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.stdin.read()\n"
        "print('[GNUPG:] SIG_CREATED D', file=sys.stderr)\n"
        "print('-----BEGIN PGP SIGNATURE-----\\n\\nabc\\n-----END PGP SIGNATURE-----')\n"
    )
    program.chmod(0o755)
    repo.git("config", "commit.gpgSign", "true")
    repo.git("config", "gpg.program", shlex.quote(str(program)).strip("'"))
    repo.save({"one.md": "x\n"})
    assert "gpgsig -----BEGIN PGP SIGNATURE-----" in repo.git("cat-file", "commit", "main")


def test_signing_that_fails_is_quoted(repo):
    """No key, no agent: the person learns why nothing was committed."""
    repo.git("config", "commit.gpgSign", "true")
    repo.git("config", "gpg.program", "/bin/false")
    with pytest.raises(HookRefused, match="gpg"):
        repo.save({"one.md": "x\n"})


def test_post_commit_and_unrelated_hooks_are_no_reason_for_the_slow_way(repo):
    """Git LFS installs some in every repository."""
    repo.hook("post-commit", "exit 1")
    repo.hook("pre-push", "exit 1")
    assert not hooks.are_needed(repo.opened)
