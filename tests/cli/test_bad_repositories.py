"""What cannot be served says what, where, and what to do; exit code 2, no traceback, nothing changed."""

import shutil
import socket

import pytest
from server import team

from .conftest import Prdgen


def said(done) -> str:
    """The two lines every refusal has."""
    assert "Error: " in done.stderr
    assert "To do: " in done.stderr
    return done.stderr


@pytest.mark.parametrize("command", ["serve", "build", "check", "index"])
def test_not_a_repository(bare, command):
    """A plain folder: the cure is `prdgen init`."""
    text = said(bare(command, code=2))
    assert "is not a Git repository" in text
    assert "prdgen init" in text


def test_a_folder_that_is_not_there(bare):
    """A mistyped path."""
    assert "nowhere" in said(bare("build", "-C", "nowhere", code=2))


def test_init_inside_a_repository(prdgen):
    """A repository in a repository is nearly always a mistake: nothing is made."""
    text = said(prdgen("init", "docs/more", code=2))
    assert "lies inside another repository" in text
    assert not (prdgen.folder / "docs/more/.git").exists()


@pytest.mark.parametrize("command", ["serve", "build"])
def test_a_bare_repository(bare, command):
    """There is no working tree to write into."""
    team.git(bare.folder, "init", "--quiet", "--bare", "r.git")
    assert "bare" in said(bare(command, "-C", "r.git", code=2))


@pytest.mark.parametrize("command", ["serve", "build", "index", "export a.md"])
def test_no_commits_yet(bare, command):
    """Nothing to serve or build yet: that, and not a missing branch, is what is said."""
    team.git(bare.folder, "init", "--quiet", "--initial-branch=main")
    assert "has no commits yet" in said(bare(*command.split(), code=2))


def test_checking_nothing_finds_nothing(bare):
    """A repository without commits has no problems either."""
    team.git(bare.folder, "init", "--quiet", "--initial-branch=main")
    bare("check")


def test_a_main_branch_that_is_not_there(prdgen):
    """A mistyped setting: otherwise the server would show a team without any page."""
    prdgen.environment |= {"PRDGEN_MAIN_BRANCH": "mian"}
    assert "There is no branch mian" in said(prdgen("serve", code=2))


def test_a_sha256_repository(bare):
    """Another object format: named, with the cure."""
    team.git(bare.folder, "init", "--quiet", "--object-format=sha256")
    assert "SHA-256" in said(bare("serve", code=2))


@pytest.mark.parametrize("kind", ["split", "sparse"])
def test_index_formats(prdgen, kind):
    """A split or sparse index is named with its cure, or simply works."""
    if kind == "split":
        team.git(prdgen.folder, "update-index", "--split-index")
    else:
        team.git(prdgen.folder, "sparse-checkout", "init", "--cone", "--sparse-index")
    told = prdgen("doctor", code=0 if _opens(prdgen) else 1)
    assert "NOT repository" not in told.stdout or "index" in told.stdout


def _opens(prdgen) -> bool:
    from prdgen.errors import PrdgenError
    from prdgen.git import repository

    try:
        repository.open(prdgen.folder)
    except PrdgenError:
        return False
    return True


def test_a_detached_head_builds_the_main_branch(prdgen):
    """No branch is checked out: reading, building and checking go on."""
    team.git(prdgen.folder, "checkout", "--quiet", "--detach")
    prdgen("build", "--no-search")
    assert "HEAD is detached" in prdgen("doctor", code=1).stdout


def test_a_merge_under_way(prdgen):
    """Conflicted files on disk: the committed pages are built, doctor says what is going on."""
    team.git(prdgen.folder, "switch", "--quiet", "--create", "other")
    team.put(prdgen.folder, {"site/prds/search.md": "# Theirs\n"})
    team.git(prdgen.folder, "switch", "--quiet", "main")
    team.put(prdgen.folder, {"site/prds/search.md": "# Ours\n"})
    merge = ["-c", "user.name=E", "-c", "user.email=e@e.e", "merge", "--quiet", "other"]
    import subprocess

    subprocess.run(["git", *merge], cwd=prdgen.folder, capture_output=True)
    prdgen("build", "--no-search")
    page = (prdgen.folder / "public/prds/search/index.html").read_text()
    assert "Ours" in page
    assert "&lt;&lt;&lt;&lt;" not in page
    assert "merge" in prdgen("doctor", code=1).stdout


def test_settings_that_cannot_be_used_are_named_together(prdgen):
    """Every problem at once, with where it stands."""
    (prdgen.folder / "prdgen.toml").write_text('port = "many"\nnonsense = 1\nlive_limit = 5\n')
    text = said(prdgen("build", code=2))
    for word in ("port", "nonsense", "live_limit", "prdgen.toml"):
        assert word in text


def test_a_port_in_use(prdgen):
    """Named, with the way to another one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"Port {port}" in said(prdgen("serve", "--port", str(port), code=2))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--port", "70000"), "expected a whole number from 0 to 65535, got 70000"),
        (("--host", "192.0.2.1"), "cannot listen"),
        (("--host", "no such host"), "cannot listen"),
    ],
)
def test_an_address_nobody_can_listen_on(prdgen, arguments, words):
    """A port or host that is not this machine's."""
    assert words in said(prdgen("serve", *arguments, code=2))


def test_a_database_that_does_not_answer(shop):
    """PRDGEN_DATABASE_URL leads nowhere: said within seconds."""
    prdgen = Prdgen(
        shop,
        PRDGEN_DATABASE_URL="postgresql://127.0.0.1:1/x",
        PRDGEN_REDIS_URL="redis://127.0.0.1:1",
    )
    assert "PostgreSQL is not answering" in said(prdgen("user", "list", code=1))


def test_a_git_that_is_missing(prdgen, tmp_path):
    """No git on the PATH: the package to install."""
    prdgen.environment["PATH"] = str(tmp_path)
    assert "git" in said(prdgen("build", code=1))


def test_a_folder_nobody_may_write(prdgen):
    """The state folder is a file: what is in the way is named."""
    state = prdgen.folder / ".git/prdgen"
    shutil.rmtree(state, ignore_errors=True)
    state.write_text("in the way")
    assert str(state) in said(prdgen("build", code=1))
