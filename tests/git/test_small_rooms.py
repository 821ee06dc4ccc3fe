"""Attributes, locks, hidden refs, differences, first steps, and the doctor."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from prdgen.git import attributes, diff, doctor, locks, process, refs, setup, snapshots
from prdgen.git.errors import GitFailed, InsideRepository, Locked, TipMoved

from . import repos

ROOT = Path(__file__).parents[2]


# --- attributes


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("*.md filter=lfs", "Git LFS"),
        ("*.md filter=secret", "filter 'secret'"),
        ("*.md working-tree-encoding=UTF-16", "UTF-16"),
        ("*.md ident", "version id"),
    ],
)
def test_pages_that_git_rewrites_are_read_only(repo, line, words):
    """The blob is not what is on disk (trap 4)."""
    repo.put({".gitattributes": line + "\n"})
    assert words in attributes.read_only_reason(repo.opened, "one.md", b"x")
    assert attributes.read_only_reason(repo.opened, "one.txt", b"x") is None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "pointer"),
        (b"a\0b", "NUL"),
        (b"caf\xe9", "UTF-8"),
    ],
)
def test_bytes_that_are_no_text_are_read_only(repo, data, words):
    """Whatever the attributes say."""
    assert words in attributes.read_only_reason(repo.opened, "one.md", data)


def test_harmless_attributes_leave_a_page_live(repo):
    """Line endings, and UTF-8 spelled out."""
    repo.put({".gitattributes": "*.md text eol=crlf working-tree-encoding=utf8\n"})
    assert attributes.read_only_reason(repo.opened, "one.md", "é".encode()) is None


def test_attributes_of_a_branch_that_is_not_checked_out(repo):
    """Read from its commit."""
    repo.git("switch", "--quiet", "-c", "draft")
    repo.put({".gitattributes": "*.md filter=lfs\n"})
    tip = repo.commit()
    repo.git("switch", "--quiet", "main")
    assert attributes.read_only_reason(repo.opened, "one.md", b"x", tip)
    assert attributes.read_only_reason(repo.opened, "one.md", b"x") is None


def test_links_and_folders_are_named(repo):
    """Paths come from tree entries of regular files only (trap 10)."""
    (repo.path / "link.md").symlink_to("one.md")
    tip = repo.commit(docs__page="x")
    assert "link" in attributes.entry_reason(repo.opened, tip, "link.md")
    assert "folder" in attributes.entry_reason(repo.opened, tip, "docs")
    assert attributes.entry_reason(repo.opened, tip, "one.md") is None


# --- locks


def test_a_branch_lock_keeps_others_out(repo):
    """Within a process, by another descriptor."""
    with locks.branch(repo.opened, "draft/one"):
        with pytest.raises(Locked, match=str(os.getpid())):
            with locks.branch(repo.opened, "draft/one", seconds=0):
                pass
        with locks.branch(repo.opened, "main", seconds=0):
            pass


def test_many_who_wait_for_a_push_look_once(repo, monkeypatch):
    """Each open page asks twenty times a second: one look a moment does for all, and for its branch."""
    looked, real = [], locks.may_write
    monkeypatch.setattr(locks, "may_write", lambda *a: looked.append(a[1]) or real(*a))
    gates = locks.Gates(repo.opened, 60)
    with locks.without_writers(repo.opened, "main"):
        assert all(gates.are_shut("main") for _ in range(100))
        assert not gates.are_shut("draft/other")
    assert looked == ["main", "draft/other"]
    monkeypatch.setattr(gates, "_seconds", 0)
    gates._shut.clear()
    assert not gates.are_shut("main")
    with locks.without_writers(repo.opened, "main"):
        assert gates.are_shut("main")
    assert not gates.are_shut("main")


def test_a_branch_lock_is_waited_for(repo):
    """Threads take turns."""
    order, started = [], threading.Event()

    def second():
        started.set()
        with locks.branch(repo.opened, "main"):
            order.append("second")

    with locks.branch(repo.opened, "main"):
        thread = threading.Thread(target=second)
        thread.start()
        started.wait()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_lock_taken_again_writes_nothing(repo):
    """Its file says the holder already; a disk that is written to makes everybody wait."""
    with locks.held(repo.opened, "page") as path:
        path.write_text("4194304\n")
    with locks.held(repo.opened, "page"):
        assert path.read_text() == f"{os.getpid()}\n", "the last one is named no more"
    os.utime(path, (1, 1))
    with locks.held(repo.opened, "page"):
        assert path.stat().st_mtime == 1


def test_a_killed_holder_holds_nothing(repo):
    """The system lets an flock go."""
    script = (
        "import sys, pathlib\nfrom prdgen.git import locks\n"
        "from prdgen.git.repository import Repository\n"
        "with locks.branch(Repository(pathlib.Path(sys.argv[1])), 'main'):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(repo.path)], cwd=ROOT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as holder:  # fmt: skip
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Locked):
            with locks.branch(repo.opened, "main", seconds=0):
                pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with locks.branch(repo.opened, "main", seconds=0):
        pass


# --- hidden refs


def test_hidden_refs_are_kept_moved_and_dropped(repo):
    """They are no branches, and `git gc` keeps what they point to."""
    tip = repo.tip()
    refs.keep(repo.opened, "epochs/one", tip)
    assert refs.read(repo.opened, "epochs/one") == tip
    assert refs.every(repo.opened, "epochs/") == {"epochs/one": tip}
    assert list(repo.opened.branches()) == ["main"]
    refs.drop(repo.opened, "epochs/one")
    assert refs.read(repo.opened, "epochs/one") is None


def test_a_hidden_ref_moves_from_what_was_expected_only(repo):
    """Two writers."""
    first, second = repo.tip(), repo.commit(one="x")
    refs.move(repo.opened, "reviews/1", None, first)
    refs.move(repo.opened, "reviews/1", first, second)
    for expected in (None, first):
        with pytest.raises(TipMoved):
            refs.move(repo.opened, "reviews/1", expected, first)
    assert refs.read(repo.opened, "reviews/1") == second


# --- differences


def test_a_unified_diff_is_gits():
    """Names, hunk header, lines."""
    printed = diff.unified("a\nb\nc\n", "a\nB\nc\n", "docs/x.md")
    assert printed.splitlines()[-7:] == [
        "--- a/docs/x.md", "+++ b/docs/x.md", "@@ -1,3 +1,3 @@", " a", "-b", "+B", " c",
    ]  # fmt: skip
    assert diff.unified("same", "same", "x.md") == ""


def test_a_unified_diff_of_any_size_ends_with_the_texts_own_words():
    """Never with what else was in memory: both texts live until the difference is printed."""
    for size in range(1500, 3000):
        before = f"# One\n\n{'x' * size}\n"
        assert diff.unified(before, f"{before}last line.\n", "x.md").endswith("+last line.\n")


# --- first steps


def test_an_empty_folder_becomes_a_repository_once(tmp_path):
    """The second time it is left alone."""
    assert setup.ensure_repository(tmp_path)
    assert not setup.ensure_repository(tmp_path)
    assert repos.Repo(tmp_path).git("symbolic-ref", "HEAD") == "refs/heads/main"


def test_a_folder_inside_a_repository_is_not_made_another(repo):
    """A repository in a repository is nearly always a mistake."""
    (repo.path / "docs").mkdir()
    with pytest.raises(InsideRepository, match=str(repo.path)):
        setup.ensure_repository(repo.path / "docs")


def test_a_folder_that_the_repository_above_ignores_is_nobodys(repo):
    """As `example/` is in a clone of prdgen itself: one of its own is made there."""
    repo.put({".gitignore": "/example/\n"})
    example = repo.path / "example"
    example.mkdir()
    assert setup.ensure_repository(example)
    assert not setup.ensure_repository(example)
    assert repos.Repo(example).git("rev-parse", "--show-toplevel") == str(example)


def test_first_files_are_committed_alone(repo):
    """What the user has staged stays staged; ignored paths are laid all the same."""
    repo.write(other="staged\n", site__new="x\n")
    repo.git("add", "other.md")
    repo.put({".git/info/exclude": "site\n"})
    setup.commit_paths(repo.path, ["site/new.md"], "Lay")
    assert repo.status() == "M  other.md"
    assert repo.git("show", "--name-only", "--format=%s").split() == ["Lay", "site/new.md"]


def test_first_files_of_a_new_repository(tmp_path):
    """No commit, no configured user."""
    setup.ensure_repository(tmp_path)
    repo = repos.Repo(tmp_path)
    repo.write(one="x\n")
    setup.commit_paths(tmp_path, ["one.md"], "Lay")
    assert repo.git("log", "--format=%an %s") == "prdgen Lay"


def test_our_own_files_are_excluded_once(repo):
    """Git does not show them as untracked."""
    for _ in range(2):
        setup.exclude(repo.opened, [".*.prdgen~"])
    repo.put({"docs/.one.md.00ff00ff.prdgen~": "x"})
    assert repo.status() == ""
    assert (repo.path / ".git/info/exclude").read_text().count("prdgen~") == 1


# --- doctor and process


def _named(findings):
    return {finding.name: finding for finding in findings}


def test_the_doctor_finds_nothing_in_a_healthy_repository(repo):
    """Every finding is fine and says what was seen."""
    findings = doctor.check(repo.path)
    assert [f.name for f in findings if not f.ok] == []
    assert _named(findings)["head"].what == "on branch main"


def test_the_doctor_says_what_is_wrong_and_what_to_do(repo, tmp_path):
    """Each finding that is not fine has a cure."""
    repo.git("switch", "--quiet", "--detach")
    repo.git("bisect", "start")
    repo.git("clone", "--quiet", "--depth=1", f"file://{repo.path}", str(tmp_path / "shallow"))
    bad = [f for path in (repo.path, tmp_path / "shallow", tmp_path) for f in doctor.check(path)]
    wrong = [finding for finding in bad if not finding.ok]
    assert {f.name for f in wrong} >= {"head", "work tree", "history", "repository"}
    assert all(finding.cure for finding in wrong)


def test_the_doctor_sees_an_unborn_branch(tmp_path):
    """Allowed, but pages need a first commit."""
    assert "no commits" in _named(doctor.check(repos.make(tmp_path).path))["head"].what


def test_a_failing_command_is_quoted(repo):
    """The command, its exit code and Git's own words."""
    with pytest.raises(GitFailed, match="exit code 128"):
        process.output(repo.path, "cat-file", "blob", "nothing")


def test_a_command_has_a_time_limit(repo):
    """Also one without hooks."""
    with pytest.raises(process.TimedOut):
        process.run(repo.path, "-c", "alias.wait=!sleep 60", "wait", seconds=0.1)


def test_commands_end_with_the_process_that_has_to(repo):
    """Whoever waits for one sees it fail."""
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(process.run, repo.path, "-c", "alias.wait=!sleep 60", "wait")
        deadline = time.monotonic() + 10
        while not process._running and not waiting.done():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.end_all()
        assert waiting.result(5).code != 0
    assert not process._running


# --- what stands in a commit


@pytest.mark.parametrize(
    "word", ["a.b(c)[d]", "x{2}*+?|^$", "\\d", "REQ-012", "über", "-e", "]}", "two\nlines"]
)
def test_words_are_found_as_they_are_written(repo, word):
    """Whatever they would mean in an expression, alone and among thousands."""
    repo.commit("Words", **{"has": f"… {word} …\n", "not": "axb(c)d x2 d REQ-01 uber e\n"})
    found = snapshots.of(repo.opened, repo.tip())
    many = [f"REQ-{number}z" for number in range(3000)]
    for words in ([word], [*many, word], [word, *many]):
        named = found.naming(words)
        assert "has.md" in named
        assert "not.md" not in named
    assert found.naming(many) == set()
    assert found.naming([]) == set()
