"""A commit in the folder on top of what came, made from files without it: what came stays."""

import asyncio

import pytest

from prdgen.flows import checked_out, landing, merge_base, overtaken, signatures

from . import pushing
from .conftest import ONE
from .harness import fsck, until

CSS = "a { color: red }\n\nb { top: 0 }\n"


@pytest.fixture
async def server(house, tmp_path):
    async with pushing.serving(house, tmp_path / "clones") as found:
        yield found


@pytest.fixture
async def bob(server, repo):
    repo.put({"css/extra.css": CSS, "other.md": "# Other\n\nhere\n"})
    repo.commit("More files")
    return await server.clone()


def before_files_follow(monkeypatch, work):
    """Have `work` done once, after the branch moved and before its folder follows."""
    follow, done = checked_out.follow, []

    def late(*arguments, **options):
        if not done:
            done.append(work())
        return follow(*arguments, **options)

    monkeypatch.setattr(checked_out, "follow", late)


async def settled(house, repo):
    """Until nothing is looked after any more."""
    folders = [house.app.state_dir / name for name in ("pushes", landing.FOLLOWED)]
    await until(lambda: not any(list(folder.glob("*.json")) for folder in folders), 10)
    await until(lambda: repo.status() == "", say=lambda: repo.git("diff", "HEAD"))
    assert fsck(repo) == ""


COMMANDS = [
    ["commit", "-qm", "Here", "--", "one.md"],
    ["commit", "-qam", "Here"],
    ["commit", "-qm", "Here"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=["path", "all", "index"])
@pytest.mark.parametrize("is_open", [False, True], ids=["", "open"])
async def test_what_came_in_that_moment_is_not_taken_out(
    house, repo, bob, monkeypatch, command, is_open
):
    """Pages, other files, new and deleted ones; whether the page is open or not."""
    editor = await house.editor() if is_open else None

    def here():
        repo.write(one=(repo.path / "one.md").read_text().replace("first", "committed"))
        repo.git("add", "one.md")
        repo.git(*command)

    bob.put({"css/extra.css": CSS.replace("red", "blue")})
    bob.git("rm", "-q", "other.md")
    bob.commit("Edit", one=ONE.replace("third", "pushed"), new="# New\n")
    before_files_follow(monkeypatch, here)
    assert (await bob.push()).ok
    if editor:
        await editor.until(lambda: "pushed line" in editor.text and "committed" in editor.text)
        await house.save()
    await settled(house, repo)
    assert repo.git("show", "main:one.md") + "\n" == ONE.replace("first", "committed").replace(
        "third", "pushed"
    )
    assert repo.git("show", "main:css/extra.css") + "\n" == CSS.replace("red", "blue")
    names = repo.git("ls-tree", "-r", "--name-only", "main").split()
    assert ("new.md" in names, "other.md" in names) == (True, False)
    assert (repo.path / "new.md").exists()


async def test_a_file_read_before_and_saved_just_after_is_known(house, repo, bob):
    """The editor of a terminal had it open; two pushes came meanwhile."""
    old = (repo.path / "one.md").read_text()
    for word in ("pushed", "pushed again"):
        bob.commit(word, one=ONE.replace("third", word))
        assert (await bob.push()).ok
    repo.write(one=old.replace("first", "committed"))
    repo.git("commit", "-qam", "Here")
    await settled(house, repo)
    assert "third" not in repo.git("show", "main:one.md")
    assert "pushed again line" in repo.git("show", "main:one.md")
    assert "committed line" in repo.git("show", "main:one.md")


@pytest.mark.parametrize("way", ["edit", "revert", "remove", "later"])
async def test_what_somebody_who_saw_it_does_stays_so(house, repo, bob, way):
    """An edit of the very words, Git's own revert, a file that is removed, an older text a little later."""
    bob.commit("Edit", one=ONE.replace("third", "pushed"), new="# New\n")
    assert (await bob.push()).ok
    if way == "edit":
        repo.commit("Here", one=ONE.replace("third", "pushed, and seen,"))
    elif way == "revert":
        repo.git("revert", "--no-edit", "HEAD")
    elif way == "remove":
        repo.git("rm", "-q", "other.md")
        repo.git("commit", "-qm", "Remove")
    else:
        await settled(house, repo)
        repo.commit("Here", one=ONE)
    tip = repo.tip()
    await settled(house, repo)
    assert repo.tip() == tip


async def test_it_is_done_once_by_whoever_looks(house, repo, bob, monkeypatch):
    """Two servers look at the same moment, and one looks again."""
    bob.commit("Edit", one=ONE.replace("third", "pushed"))
    before_files_follow(monkeypatch, lambda: repo.commit("Here", one=ONE.replace("first", "1st")))
    assert (await bob.push()).ok
    await asyncio.gather(*(overtaken.tend(house.app) for _ in range(3)))
    await settled(house, repo)
    assert repo.git("log", "-3", "--format=%s").split("\n")[1:] == ["Here", "Edit"]
    assert "pushed" in repo.git("show", "main:one.md")


async def test_a_name_that_cannot_be_written_stops_nothing(house, repo, bob, monkeypatch, caplog):
    """A file of another program's, whose name is in two forms: it is said, and that is all."""
    name = "css/e\u0301.css"
    repo.put({name: "old\n"})
    repo.commit("More")
    assert (await bob.run("pull", "-q", "origin", "main")).ok
    bob.put({name: "new\n"})
    bob.commit("Edit")

    def here():
        repo.write(one=ONE.replace("first", "1st"))
        repo.git("commit", "-qam", "Here")

    before_files_follow(monkeypatch, here)
    assert (await bob.push()).ok
    await until(lambda: "stays out" in caplog.text, 5)
    await until(lambda: not list((house.app.state_dir / landing.FOLLOWED).glob("*.json")), 10)
    assert repo.git("log", "-1", "--format=%s") == "Here"


@pytest.mark.parametrize("subject", [merge_base.BROUGHT_BACK + "0123456789 …", "Add a line"])
async def test_what_an_open_page_still_has_is_brought_back_once(house, repo, subject):
    """Where the page has it. Two people who add the same line in two places have it twice."""
    ann = await house.editor("ann")
    await ann.write("\nfar one", after="first line")
    text = ONE.replace("third line", "third line\nfar one\nand more")
    repo.save({"one.md": text}, message=subject, committer=signatures.SERVER)
    await ann.until(lambda: "and more" in ann.text)
    assert ann.text.count("far one") == (1 if subject.startswith("Bring") else 2)
    assert "first line\nfar one\n" in ann.text
