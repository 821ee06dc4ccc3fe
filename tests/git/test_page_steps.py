"""What changed from commit to commit, along a branch's own line."""

import pytest

from prdgen.git import log as git_log
from prdgen.git import page_steps

LONG = "".join(f"Line {number} of a page that is long enough.\n" for number in range(9))


def since(repo, old, new="HEAD", limit=100):
    tip = repo.git("rev-parse", new)
    return page_steps.since(repo.opened, old, tip, lambda path: path.endswith(".md"), limit=limit)


def paths(line):
    return [[(step.before, step.after) for step in commit] for commit in line.commits]


def history(repo):
    """A page that changes, one that is renamed with an edit, one that comes, one that goes, a merge."""
    first = repo.commit("begin", page="# A\n", old=LONG, gone="x\n")
    repo.put({"code.py": "1\n"})
    repo.commit("change", page="# B\n", fresh="# N\n")
    repo.git("mv", "old.md", "new ü.md")
    repo.commit("rename", **{"new ü": LONG + "more\n"})
    repo.git("rm", "-q", "gone.md")
    repo.commit("delete")
    repo.git("checkout", "-q", "-b", "side", first)
    repo.commit("side", page="# S\n")
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "-X", "theirs", "--no-edit", "side")
    return first


def test_each_commit_with_what_it_changed(repo):
    """The oldest first; what comes and goes is no step, a merge counts as what it did to the branch."""
    history(repo)
    line = since(repo, None)
    assert paths(line)[-5:] == [
        [],
        [("page.md", "page.md")],
        [("old.md", "new ü.md")],
        [],
        [("page.md", "page.md")],
    ]
    step = line.commits[-4][0]
    assert repo.git("cat-file", "-p", step.old) == "# A"
    assert repo.git("cat-file", "-p", step.new) == "# B"
    assert line.base == ""


@pytest.mark.parametrize("back", range(6))
def test_with_a_process_and_without_it_is_the_same(repo, back, monkeypatch):
    """From any commit of the line."""
    history(repo)
    old = repo.git("rev-list", "--first-parent", "HEAD").split()[min(back, 4)]
    quick = since(repo, old)
    monkeypatch.setattr(page_steps, "_AT_ONCE", -1)
    assert since(repo, old) == quick
    assert quick.base == old


def test_a_few_commits_need_no_process(repo, monkeypatch):
    first = repo.commit("begin", page="# A\n")
    tip = repo.commit("change", page="# B\n")
    monkeypatch.setattr(page_steps.process, "output", None)
    assert paths(since(repo, first, tip)) == [[("page.md", "page.md")]]


def test_only_the_newest_commits(repo):
    history(repo)
    assert paths(since(repo, None, limit=2)) == [[], [("page.md", "page.md")]]


def test_a_branch_leaves_the_line_where_it_began(repo):
    """Its base is how far behind the other's tip; what is on no line of it is not."""
    first = history(repo)
    tip = repo.git("rev-parse", "HEAD")
    repo.git("checkout", "-q", "-b", "draft", "HEAD~2")
    base = repo.git("rev-parse", "HEAD")
    repo.commit("draft", page="# D\n")
    line = since(repo, tip)
    assert (paths(line), line.base) == ([[("page.md", "page.md")]], base)
    assert page_steps.behind(repo.opened, tip, base) == 2
    assert page_steps.behind(repo.opened, tip, tip) == 0
    assert page_steps.behind(repo.opened, tip, first) == 4
    assert page_steps.behind(repo.opened, tip, repo.git("rev-parse", "side")) is None


@pytest.mark.parametrize("count", [3, 60])
def test_many_blobs_are_read_as_they_are(repo, monkeypatch, count):
    """A few by libgit2, many by Git, in turns of few bytes; empty ones and line ends included."""
    monkeypatch.setattr(git_log, "_BYTES_AT_ONCE", 300)
    texts = [b"", b"\n", b"a\r\nb", b"\xff\0 blob 3\n", *(b"x" * n for n in range(count))][-count:]
    names = [str(repo.opened.libgit2.create_blob(text)) for text in texts]
    assert list(git_log.blobs(repo.opened, names)) == texts
    with pytest.raises(KeyError):
        list(git_log.blobs(repo.opened, [*names, "1" * 40]))
