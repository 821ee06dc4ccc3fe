"""Bytes outside an edit never change, whatever line ends, marks and letters a page has."""

import logging
import resource

import pytest

from prdgen.flows import open as open_flow
from prdgen.flows import size, watch
from prdgen.settings import Settings

from .conftest import ONE
from .harness import until, vim

KINDS = {
    "crlf": ONE.replace("\n", "\r\n").encode(),
    "bom": b"\xef\xbb\xbf" + ONE.encode(),
    "bom and crlf": b"\xef\xbb\xbf" + ONE.replace("\n", "\r\n").encode(),
    "no final newline": ONE.rstrip("\n").encode(),
    "mixed": ONE.replace("second line\n", "second line\r\n").encode(),
    "trailing blanks": ONE.replace("first line\n", "first line  \t\n").encode() + b"\n\n",
    "front matter": b"---\r\ntitle: One\r\nstatus:  draft\r\n---\r\n" + ONE.encode(),
}


@pytest.fixture
def page(repo):
    return repo.path / "one.md"


@pytest.mark.parametrize("data", KINDS.values(), ids=KINDS.keys())
async def test_one_word_changes_one_line(house, repo, page, data):
    """Trap 4: an edit of one word is one line in `git diff`, and no other byte moved."""
    repo.put({"one.md": data})
    repo.git("commit", "-qam", "as it is")
    ann = await house.editor()
    await ann.replace("second", "SECOND")
    want = data.replace(b"second", b"SECOND")
    await until(lambda: page.read_bytes() == want)
    assert repo.git("diff", "--numstat") == "1\t1\tone.md"
    await house.save("ann")
    assert repo.opened.read(repo.tip(), "one.md") == want
    assert repo.git("show", "--numstat", "--format=") == "1\t1\tone.md"
    assert repo.status() == ""


async def test_autocrlf_keeps_lf_in_git_and_crlf_on_disk(house, repo, page):
    """With `core.autocrlf` file and blob differ; neither flips."""
    repo.git("config", "core.autocrlf", "true")
    page.unlink()
    repo.git("checkout", "--", "one.md")
    assert page.read_bytes() == ONE.replace("\n", "\r\n").encode()
    ann = await house.editor()
    await ann.replace("second", "SECOND")
    want = ONE.replace("second", "SECOND")
    await until(lambda: page.read_bytes() == want.replace("\n", "\r\n").encode())
    await house.save("ann")
    assert repo.opened.read(repo.tip(), "one.md") == want.encode()
    assert repo.status() == ""
    assert ann.text == want


async def test_letters_of_two_units_at_every_boundary(house, repo, page):
    """Emoji and letters outside the BMP beside edits of both sides: none is cut."""
    text = "👍🏽 one 𝒳 é\n\n👩‍👩‍👧 two\n\n𝒴\n"
    repo.commit("emoji", one=text)
    ann = await house.editor()
    await until(lambda: house.text() == text)
    ann.type("🎉", text.index(" one"))
    vim(page, text.replace("👩‍👩‍👧 two", "👩‍👩‍👦 two").replace("𝒴", "𝒵"))
    want = "👍🏽🎉 one 𝒳 é\n\n👩‍👩‍👦 two\n\n𝒵\n"
    await ann.until(lambda: ann.text == want)
    await until(lambda: page.read_text() == want)


async def test_a_changed_line_end_is_no_news(house, page):
    """Somebody runs unix2dos: the document does not change, and the file stays as they want it."""
    ann = await house.editor()
    vim(page, ONE.replace("\n", "\r\n"))
    await ann.write("typed\n")
    want = (ONE + "typed\n").replace("\n", "\r\n").encode()
    await until(lambda: page.read_bytes() == want)
    assert ann.text == ONE + "typed\n"


async def test_a_full_disk_is_said_and_loses_nothing(house, repo, page):
    """No space for the file: the old one stays whole, the reason is shown, and later it is written."""
    long = ONE + "a long line of text\n" * 1000
    repo.commit("long", one=long)
    ann = await house.editor()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        await ann.write("typed\n")
        await until(lambda: house.live().paused)
        assert "space" in house.live().paused or "large" in house.live().paused
        assert page.read_text() == long
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await until(lambda: page.read_text() == long + "typed\n")
    await until(lambda: house.live().paused is None)
    assert [path.name for path in repo.path.iterdir() if "prdgen~" in path.name] == []


@pytest.mark.parametrize("data", [b"\xff\xfe not text", b"a NUL \0 in it"], ids=["latin", "nul"])
async def test_a_file_that_is_no_text_any_more_is_left_alone(house, page, data):
    """The file becomes something that cannot be merged: it is not overwritten, and it is said."""
    ann = await house.editor()
    vim(page, data)
    await ann.write("typed\n")
    await until(lambda: house.live().paused)
    assert page.read_bytes() == data
    assert ann.text == ONE + "typed\n"
    vim(page, ONE.replace("second", "2nd"))
    want = ONE.replace("second", "2nd") + "typed\n"
    await ann.until(lambda: ann.text == want)
    await until(lambda: page.read_text() == want)
    await until(lambda: house.live().paused is None)


async def test_a_page_that_becomes_a_link_is_not_followed(house, repo, page):
    """The page's file is replaced by a link out of the repository: what it points to is not touched."""
    target = repo.path.parent / "secret"
    target.write_text("secret\n")
    ann = await house.editor()
    page.unlink()
    page.symlink_to(target)
    await ann.write("typed\n")
    await until(lambda: house.live().paused)
    assert page.is_symlink()
    assert target.read_text() == "secret\n"
    assert "secret" not in ann.text


async def test_a_file_over_the_live_limit_is_not_taken_in(houses, repo, page):
    """A save that makes the page too large to be live is said; the file stays, typing goes on."""
    house = await houses(repo, live_limit=2048)
    ann = await house.editor()
    large = ONE + "x" * 4000 + "\n"
    vim(page, large)
    await until(lambda: house.live().paused)
    assert "2 KiB" in house.live().paused
    await ann.write("typed\n")
    assert page.read_text() == large
    assert ann.text == ONE + "typed\n"


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
async def test_what_passed_the_limit_a_little_is_read_again(houses, repo, page, ending, caplog):
    """Two people at once, or late text: the server must be able to read what it wrote itself."""
    full = (ONE + "x\n" * 1100)[:2048]
    page.write_bytes(full.replace("\n", ending).encode())
    repo.git("commit", "-qam", "full")
    house = await houses(repo, live_limit=2048)
    ann = await house.editor()
    await ann.write("words over it\n")
    await until(lambda: b"words over it" in page.read_bytes())
    vim(page, page.read_bytes().decode().replace("first", "FIRST"))
    await until(lambda: "FIRST" in ann.text)
    await house.save("ann")
    assert house.live().paused is None
    assert "not taken in" not in caplog.text
    opened = await open_flow.document(house.app, "main", "one.md")
    assert opened.read_only_reason is None


def test_a_text_may_be_as_large_as_it_is_live():
    """However large two texts have become by merging: the file of them is read, and counted as text."""
    settings = Settings(live_limit=2048)
    text = "é\n" * 1000
    assert "it has 3,000 bytes" in size.reason(settings, text.encode())
    assert size.reason(settings, text.encode(), now=text) is None
    assert size.reason(settings, b"\xef\xbb\xbf" + b"x\r\n" * 1152) is None
    assert size.reason(settings, b"x" * 2305)


@pytest.fixture
async def house_of_2k(houses, repo):
    return await houses(repo, live_limit=2048)


async def test_a_commit_that_is_too_large_is_said_once_and_exactly(house_of_2k, repo, caplog):
    """It is looked at every second, and the log must stay readable."""
    await house_of_2k.editor()
    repo.put({"one.md": ONE.encode() + b"x" * 3000})
    repo.git("commit", "-qam", "large")
    await until(lambda: house_of_2k.live().paused)
    for _ in range(3):
        assert not await watch.moved(house_of_2k.app, "main")
    assert f"it has {len(ONE.encode()) + 3000:,} bytes" in house_of_2k.live().paused
    assert "2,048 (2 KiB). Make it shorter" in house_of_2k.live().paused
    told = [
        r for r in caplog.records if r.levelno >= logging.WARNING and "not taken in" in r.message
    ]
    assert len(told) == 1
