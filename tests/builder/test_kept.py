"""Exported files are kept by what they depend on, and made by one at a time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from prdgen.builder.kept import Kept


class Maker:
    """Makes a file and counts how often."""

    def __init__(self, data: bytes = b"made") -> None:
        self.data, self.times = data, 0

    def __call__(self) -> bytes:
        self.times += 1
        return self.data


@pytest.fixture
def kept(tmp_path):
    return Kept(tmp_path / "exports")


def test_a_file_is_made_once(kept):
    """Another key is another file; another page or format too."""
    maker = Maker()
    assert [kept.get("page", "pdf", key, maker) for key in ("a", "a", "b")] == [b"made"] * 3
    assert maker.times == 2
    kept.get("page", "docx", "a", maker), kept.get("other", "pdf", "a", maker)
    assert maker.times == 4


def test_whoever_asks_meanwhile_waits_for_the_same(kept):
    """Two people who press the button at once cost one PDF."""
    begun, go = threading.Event(), threading.Event()

    def slow():
        begun.set()
        assert go.wait(10)
        return b"made"

    other = Maker(b"another")
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(kept.get, "page", "pdf", "a", slow)
        begun.wait(10)
        two = pool.submit(kept.get, "page", "pdf", "a", other)
        go.set()
        assert one.result(10) == two.result(10) == b"made"
    assert other.times == 0


def test_only_what_was_asked_for_is_renewed(kept):
    """Renewing does not count as asking, so a page nobody asks for ends by itself."""
    maker = Maker()
    kept.renew("page", "pdf", "a", maker)
    assert maker.times == 0
    kept.get("page", "pdf", "a", maker)
    asked = kept.asked("page")["pdf"]
    kept.renew("page", "pdf", "b", maker)
    assert maker.times == 2
    assert kept.asked("page") == {"pdf": pytest.approx(asked, abs=0.01)}
    kept.tidy(3600)
    assert kept.asked("page")
    kept.tidy(-1)
    assert kept.asked("page") == {}


def test_few_versions_of_a_page_are_kept(kept, tmp_path):
    """Old ones make room."""
    for number in range(8):
        kept.get("page", "pdf", str(number), Maker())
    assert len(list((tmp_path / "exports").glob("*/*.pdf"))) == 3


def test_a_folder_that_cannot_be_written_refuses_nothing(tmp_path):
    """It is only kept to save time."""
    (tmp_path / "exports").write_text("a file stands where the folder should be")
    assert Kept(tmp_path / "exports").get("page", "pdf", "a", Maker()) == b"made"


def test_a_maker_that_fails_leaves_nothing(kept):
    """The next one who asks makes it."""

    def fails():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        kept.get("page", "pdf", "a", fails)
    assert kept.get("page", "pdf", "a", Maker()) == b"made"


def test_what_is_being_made_is_not_tidied_away(kept):
    """Neither a page's first file, nor one of a page that nobody asked for in a long time."""
    kept.get("old", "pdf", "a", Maker())

    def makes():
        kept.tidy(3600 if not kept.asked("new") else -1)
        return b"made"

    kept.get("new", "pdf", "a", makes)
    assert kept.asked("new")
    kept.get("new", "pdf", "b", makes)
    assert not kept.asked("old")
    assert len(kept.asked("new")) == 1


def test_whether_a_file_is_kept_is_told_without_reading_it(kept, tmp_path):
    """Before it is asked for, and after it is thrown away, there is none."""
    assert not kept.has("page", "pdf", "seen")
    kept.get("page", "pdf", "a", Maker())
    kept.note("page", "seen", "a")
    assert kept.has("page", "pdf", "seen")
    next((tmp_path / "exports").glob("*/*.pdf")).unlink()
    assert not kept.has("page", "pdf", "seen")
