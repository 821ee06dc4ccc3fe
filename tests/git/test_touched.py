"""What some commits changed, read without a process: the same as Git says."""

import time

import pytest

from prdgen.git import log as git_log
from prdgen.git import values

from . import repos

SQUASH = """Say more (#7)

* First

Co-authored-by: Ann Lee <ann@example.org>

* Second

Co-authored-by: Иван <ivan@example.org>
co-authored-by: Ann L. <ANN@example.org>
Co-authored-by: Eve <eve@example.org>
"""
STEPS = (
    ("a word", lambda repo: repo.commit(one="# One\n\nmore\n")),
    ("a folder", lambda repo: repo.commit(a__b="# B\n", a__c="# C\n")),
    ("a rename", lambda repo: (repo.git("mv", "one.md", "uno.md"), repo.commit())),
    ("a deletion", lambda repo: (repo.git("rm", "-q", "other.md"), repo.commit())),
    ("a squash", lambda repo: repo.commit(SQUASH, one="# Uno\n\nall\n", uno="# Uno\n\nall\n")),
    ("a mode", lambda repo: (repo.git("update-index", "--chmod=+x", "a/b.md"), repo.git("commit", "-qm", "x"))),
    ("nothing", lambda repo: repo.commit()),
)  # fmt: skip


@pytest.fixture
def repo(tmp_path):
    return repos.make(tmp_path, one="# One\n", other="# Other\n")


def test_the_same_as_git_says(repo):
    """Every path with the commit that changed it last, and by whom."""
    old = repo.tip()
    for name, step in STEPS:
        step(repo)
        tip = repo.tip()
        found = git_log.touched(repo.opened, old, tip, limit=50)
        assert found == git_log.last_changes(repo.opened, tip, since=old), name


def test_a_merge_counts_for_what_it_brought(repo):
    """The first parents are the branch's own line; what came by another line came with the merge."""
    old = repo.tip()
    repo.git("checkout", "-qb", "draft")
    repo.commit(one="# One\n\ndraft\n")
    repo.git("checkout", "-q", "main")
    repo.commit(other="# Other\n\nmain\n")
    repo.git("merge", "-q", "--no-edit", "draft")
    found = git_log.touched(repo.opened, old, repo.tip(), limit=50)
    assert found == git_log.last_changes(repo.opened, repo.tip(), since=old)
    assert found["one.md"].commit == repo.tip()


def test_another_line_is_not_known(repo):
    """After a force-push, and when the old commit came in by a merge, everything has to be looked at."""
    old = repo.commit(one="# One\n\nours\n")
    repo.git("checkout", "-q", "-B", "theirs", "HEAD~1")
    repo.commit(other="# Other\n\ntheirs\n")
    assert git_log.touched(repo.opened, old, repo.tip("theirs"), limit=50) is None
    repo.git("merge", "-q", "--no-edit", "main")
    assert git_log.touched(repo.opened, old, repo.tip("theirs"), limit=50) is None


def test_so_many_commits_and_no_more(repo):
    """A long way back is quicker by looking at everything."""
    old = repo.tip()
    for number in range(4):
        repo.commit(one=f"# One\n\n{number}\n")
    assert git_log.touched(repo.opened, old, repo.tip(), limit=4) is None
    assert set(git_log.touched(repo.opened, old, repo.tip(), limit=5)) == {"one.md"}


def test_one_entry_is_as_in_the_list(repo):
    """A file's entry, and none for what is not there, no file, or a link."""
    (repo.path / "link.md").symlink_to("one.md")
    repo.commit(a__b="# B\n")
    for entry in repo.opened.files(repo.tip()):
        assert repo.opened.entry(repo.tip(), entry.path) == entry
    for path in ("a", "no.md", "link.md", "", "one.md/x"):
        assert repo.opened.entry(repo.tip(), path) is None
    (inside,) = repo.opened.files(repo.tip(), below="a")
    assert inside == repo.opened.entry(repo.tip(), "a/b.md")
    assert repo.opened.files(repo.tip(), below="no") == []


def test_a_commit_of_many_paths_is_read_once(repo, monkeypatch):
    """What is said of a commit is not taken apart again for each of its paths."""
    repo.commit(**{f"p{number}": "# P\n" for number in range(30)})
    calls, version = [], git_log._version
    monkeypatch.setattr(git_log, "_version", lambda *a: calls.append(a) or version(*a))
    found = git_log.last_changes(repo.opened, repo.tip(), since=None)
    assert len(found) == 32
    assert found["p3.md"].page_path == "p3.md"
    assert len(calls) == 2


def test_everybody_who_wrote_a_commit_is_named(repo):
    """The author first, then everyone in the trailers once, whatever they are called there; in the
    changes of all paths, in a page's history, and in the last commits.
    """
    old = repo.tip()
    tip = repo.commit(SQUASH, one="# Uno\n")
    names = ("Eve", "Ann L.", "Иван")
    assert git_log.touched(repo.opened, old, tip, limit=5)["one.md"].names == names
    assert git_log.last_changes(repo.opened, tip, since=None)["one.md"].names == names
    assert git_log.last_change(repo.opened, tip, "one.md").by == "Eve, Ann L., Иван"
    assert git_log.between(repo.opened, old, tip, limit=5)[0].names == names
    assert repo.opened.history(tip, "one.md", limit=5)[0].names == names


@pytest.mark.parametrize(
    "message",
    [
        "Subject\r\n\r\nCo-authored-by: Ben <b@x>\n", "Subject\n \nCo-authored-by: Ben <b@x>\n",
        "Subject\n\t \r\n\n\nCo-authored-by: Ben <b@x>", "\n \nSubject\n\nCo-authored-by: Ben <b@x>",
        "Subject\nCo-authored-by: Ben <b@x>\n", "  Subject \nof two lines\t\n\nwords\n \nmore\n",
        "Subject\x0bwith\x0c\u2028marks\n\x0b\nCo-authored-by: Ben <b@x>\n", "Subject", "Subject\n ", " \n", "",
    ],
)  # fmt: skip
def test_subject_and_body_are_parted_where_git_parts_them(repo, message):
    """Whatever a program or another system writes between them: the same as Git says."""
    old = repo.tip()
    (repo.path / "one.md").write_text("# Uno\n", "utf-8")
    repo.git("add", "-A")
    tree = repo.git("write-tree").strip()
    tip = repo.git("commit-tree", tree, "-p", old, "-F", "-", data=message).strip()
    found = git_log.touched(repo.opened, old, tip, limit=5)
    assert found == git_log.last_changes(repo.opened, tip, since=old)
    assert set(found) == {"one.md"}


@pytest.mark.parametrize("name", [b"J\xe9", "Jé".encode()])
@pytest.mark.parametrize("encoding", [
    None, "UTF-8", "ISO-8859-1", "windows-1252", "bogus", "a\tb", "rot13", "idna", "undefined", "unicode_escape",
])  # fmt: skip
def test_no_claim_about_letters_stops_a_reader(repo, encoding, name):
    """A commit may claim an encoding that nobody has, or that it is not in: the same as Git says."""
    old = repo.tip()
    repo.write(one="# Uno\n")
    repo.git("add", "-A")
    tree = repo.git("write-tree")
    claim = f"encoding {encoding}\n".encode() if encoding else b""
    raw = (
        f"tree {tree}\nparent {old}\n".encode()
        + b"".join(b"%s %s <e@x> 1700000000 +0000\n" % (who, name) for who in (b"author", b"committer"))
        + claim + b"\nBy " + name + b"\n\nCo-authored-by: " + name + b" <b@x>\n"
    )  # fmt: skip
    (repo.path / "raw").write_bytes(raw)
    tip = repo.git("hash-object", "-t", "commit", "-w", "raw")
    found = git_log.touched(repo.opened, old, tip, limit=5)
    assert found == git_log.last_changes(repo.opened, tip, since=old)
    info = repo.opened.commit_info(tip)
    assert (info.subject, info.author.name) == (
        found["one.md"].subject,
        found["one.md"].author_name,
    )
    assert info.trailers == {"co-authored-by": (f"{info.author.name} <b@x>",)}


def test_a_message_cannot_hide_a_change(repo):
    """What separates commits in what Git prints may stand in a message."""
    tip = repo.commit("Sly\n\n\x1e\n\x1e0123 hides", one="# Uno\n")
    assert git_log.last_changes(repo.opened, tip, since=None)["one.md"].commit == tip


def test_many_names_are_counted(repo):
    """A line stays a line."""
    trailers = "\n".join(f"Co-authored-by: P{n} <p{n}@example.org>" for n in range(9))
    tip = repo.commit(f"All of us\n\n{trailers}", one="# Uno\n")
    assert git_log.last_change(repo.opened, tip, "one.md").by == "Eve, P0, P1, P2, P3 and 5 others"


def test_a_message_of_blanks_takes_no_time():
    """Whoever writes a commit decides what is in its message; nobody waits for that."""
    began = time.process_time()
    for line in ("Co-authored-by:", "Co-authored-by: <", "Co-authored-by: a <b>", ""):
        assert values.co_authors(f"Subject\n\n{line}{' ' * 200_000}x", "a@example.org") == ()
    assert time.process_time() - began < 2
    assert values.co_authors("S\n\nCo-authored-by:   Ann  Lee\t <a@x> \r\n", "") == ("Ann  Lee",)
