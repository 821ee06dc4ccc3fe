"""Installing hooks loses nobody's hook, does no harm twice, and can be undone."""

import os
import subprocess
from pathlib import Path

import pytest

from prdgen.git import hook_files, hooks
from prdgen.git.errors import HookInTheWay, HooksElsewhere

SHIPPED = sorted((Path(__file__).parents[2] / "hooks").iterdir())
NAMES = [path.name for path in SHIPPED]


def install(repo, bin_dir=None):
    return hook_files.install(repo.opened, SHIPPED, bin_dir)


def snapshot(repo):
    folder = repo.path / ".git/hooks"
    return {path.name: (path.read_text(), path.stat().st_mode) for path in folder.iterdir()}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_hook_is_three_lines_that_call_prdgen(path):
    """Short enough to be read before it is trusted."""
    first, second, third = path.read_text().splitlines()
    assert first == "#!/bin/sh"
    assert second.startswith(hook_files.MARK)
    assert f"prdgen hook {path.name} " in third
    assert os.access(path, os.X_OK)


def test_hooks_are_installed_once_and_taken_out_again(repo):
    """The second time nothing is written; afterwards there is nothing."""
    assert len(install(repo)) == len(NAMES)
    before = snapshot(repo)
    assert install(repo) == []
    assert snapshot(repo) == before
    assert len(hook_files.uninstall(repo.opened, NAMES)) == len(NAMES)
    assert snapshot(repo) == {}
    assert hook_files.uninstall(repo.opened, NAMES) == []


def test_a_hook_that_was_there_is_called_first_and_comes_back(repo):
    """Its refusal is Git's answer, and uninstalling leaves it as it was."""
    repo.hook("pre-commit", "echo mine; exit 3")
    before = snapshot(repo)
    install(repo)
    install(repo)
    done = subprocess.run([".git/hooks/pre-commit"], cwd=repo.path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (3, "mine\n")
    hook_files.uninstall(repo.opened, NAMES)
    assert snapshot(repo) == before


def test_a_hook_that_reads_its_input_is_given_it(repo, tmp_path):
    """pre-push hears from Git what is pushed; the hook before ours and ours both do."""
    repo.hook("pre-push", f'cat >{tmp_path}/first; test "$1" = origin')
    program = tmp_path / "prdgen"
    program.write_text(f"#!/bin/sh\ncat >{tmp_path}/second\n")
    program.chmod(0o755)
    install(repo, tmp_path)
    environment = {**os.environ, "PATH": "/usr/bin:/bin"}
    for lines in ("", "refs/heads/main 1 refs/heads/main $0\nrefs/heads/x `2` refs/heads/x 3\n"):
        subprocess.run(
            [".git/hooks/pre-push", "origin", "url"], cwd=repo.path, input=lines, text=True,
            env=environment, check=True,
        )  # fmt: skip
        assert (tmp_path / "first").read_text() == lines
        assert (tmp_path / "second").read_text().strip() == lines.strip()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "program",
    [None, "echo Traceback >&2; exit 1", "exit 127", "kill -9 $$", "exit 2"],
    ids=["missing", "traceback", "not found inside", "killed", "usage"],
)
def test_a_prdgen_that_is_missing_or_broken_stops_nobody(repo, tmp_path, name, program):
    """One line that says so, no traceback, and Git goes on."""
    if program:
        (tmp_path / "prdgen").write_text(f"#!/bin/sh\n{program}\n")
        (tmp_path / "prdgen").chmod(0o755)
    install(repo)
    done = subprocess.run(
        [f".git/hooks/{name}"], cwd=repo.path, capture_output=True, text=True, input="",
        env={**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0
    *more, line = (done.stdout + done.stderr).splitlines()
    assert [each for each in more if "Killed" not in each] == []
    assert line == f"prdgen does not work here, so its {name} hook did nothing. See: prdgen doctor"


def test_a_link_is_replaced_by_a_copy(repo):
    """A link into the working tree is changed by a push; what it led to is ours already."""
    repo.put({"hooks/pre-commit": (SHIPPED[NAMES.index("pre-commit")]).read_bytes()})
    path = repo.path / ".git/hooks/pre-commit"
    path.parent.mkdir(exist_ok=True)
    path.symlink_to("../../hooks/pre-commit")
    install(repo)
    assert not path.is_symlink()
    assert "pre-commit.before-prdgen" not in snapshot(repo)


def test_two_hooks_are_never_made_one(repo):
    """Somebody installed another hook over ours, while we kept one: nothing is overwritten."""
    repo.hook("pre-commit", "echo first")
    install(repo)
    repo.hook("pre-commit", "echo second")
    before = snapshot(repo)
    with pytest.raises(HookInTheWay, match=r"pre-commit\.before-prdgen"):
        install(repo)
    assert snapshot(repo) == before
    hook_files.uninstall(repo.opened, NAMES)
    after = snapshot(repo)
    assert "echo second" in after["pre-commit"][0]
    assert "echo first" in after["pre-commit.before-prdgen"][0]


@pytest.mark.parametrize("where", ["hooks", "../team-hooks"])
def test_a_folder_that_is_not_this_clones_alone_is_left(repo, where):
    """core.hooksPath in the working tree, or one that all repositories share."""
    repo.git("config", "core.hooksPath", where)
    assert hook_files.folder(repo.opened).resolve() == (repo.path / where).resolve()
    with pytest.raises(HooksElsewhere, match="looks for hooks in"):
        hook_files.check_place(repo.opened, NAMES)
    install(repo)
    hook_files.check_place(repo.opened, NAMES)


def test_own_hooks_do_not_check_what_the_server_commits(repo):
    """Live text with a broken link is committed all the same; the hook before ours still counts."""
    install(repo)
    assert hooks.installed(repo.opened) == {}
    assert not hooks.are_needed(repo.opened)
    hook_files.uninstall(repo.opened, NAMES)
    repo.hook("pre-commit", "echo no >&2; exit 1")
    install(repo)
    assert hooks.installed(repo.opened)["pre-commit"].name == "pre-commit.before-prdgen"
    with pytest.raises(hooks.HookRefused, match="no"):
        repo.save({"one.md": "x\n"})
