"""Opening a repository, and reading from it."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from prdgen.git import repository
from prdgen.git.errors import (
    BareRepository,
    BranchExists,
    CommitNotFound,
    NoCommits,
    NotARepository,
    UnknownRevision,
    UnsafeOwner,
    UnsupportedFormat,
)

from . import repos


def test_a_plain_folder_is_not_a_repository(tmp_path):
    """The error names the folder and the command that makes a repository."""
    with pytest.raises(NotARepository) as caught:
        repository.open(tmp_path)
    assert str(tmp_path) in caught.value.message
    assert "prdgen init" in caught.value.hint


def test_a_missing_folder_is_not_a_repository(tmp_path):
    """A mistyped path is told apart from a folder without `.git`."""
    with pytest.raises(NotARepository, match="no such folder"):
        repository.open(tmp_path / "nowhere")


def test_a_bare_repository_is_refused(tmp_path):
    """There is no work tree to write pages into."""
    repos.make(tmp_path / "r").git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    with pytest.raises(BareRepository) as caught:
        repository.open(tmp_path / "bare")
    assert "git clone" in caught.value.hint


def test_sha256_is_refused_with_a_cure(tmp_path):
    """libgit2 reads SHA-1 repositories only."""
    repo = repos.Repo(tmp_path)
    repo.git("init", "--quiet", "--object-format=sha256")
    _refused(repo, "SHA-256", "fast-export")


def test_a_split_index_is_refused_with_a_cure(repo):
    """libgit2 cannot read it; the command in the error brings it back to one file."""
    repo.git("update-index", "--split-index")
    _refused(repo, "split index", "--no-split-index")
    repo.git("update-index", "--no-split-index")
    assert repo.opened.tip("main")


def test_a_sparse_index_is_refused_with_a_cure(repo):
    """libgit2 cannot read it."""
    repo.commit(a__page="a", b__page="b")
    repo.git("sparse-checkout", "set", "--cone", "--sparse-index", "a")
    _refused(repo, "sparse index", "sparse-checkout disable")


def test_a_sparse_checkout_is_refused_with_a_cure(repo):
    """Pages outside of it would look deleted."""
    repo.commit(a__page="a", b__page="b")
    repo.git("sparse-checkout", "set", "--no-cone", "a")
    _refused(repo, "sparse checkout", "sparse-checkout disable")
    repo.git("sparse-checkout", "disable")
    assert repo.opened.tip("main")


@pytest.mark.parametrize(
    ("extension", "value", "what"),
    [
        ("refStorage", "reftable", "reftable"),
        ("partialClone", "origin", "partial clone"),
        ("tomorrow", "true", "extension"),
    ],
)
def test_newer_extensions_are_refused_with_a_cure(repo, extension, value, what):
    """Git's own word for the obstacle becomes a sentence with a command in it."""
    repo.git("config", "core.repositoryFormatVersion", "1")
    repo.git("config", f"extensions.{extension}", value)
    _refused(repo, what, "`git" if what != "extension" else "Upgrade")


def test_a_partial_clone_is_refused_with_a_cure(repo, tmp_path):
    """As Git makes them: it would have to fetch every page when it is read."""
    repo.commit(a="a")
    repo.git("config", "uploadpack.allowFilter", "true")
    where = tmp_path / "partial"
    repo.git("clone", "-q", "--filter=blob:none", f"file://{repo.path}", str(where))
    _refused(type(repo)(where), "partial clone", "`git clone URL FOLDER`")


def test_a_newer_repository_version_is_refused(repo):
    """The format's number is larger than Git's own."""
    repo.git("config", "core.repositoryFormatVersion", "9")
    _refused(repo, "newer", "Upgrade")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_somebody_elses_repository_names_the_cure(repo):
    """Git's safe.directory check, in words and with the command."""
    for folder, _, _ in os.walk(repo.path):
        os.chown(folder, 12345, 12345)
    with pytest.raises(UnsafeOwner) as caught:
        repository.open(repo.path)
    assert f"safe.directory {repo.path}" in caught.value.hint


def _refused(repo, what, how):
    with pytest.raises(UnsupportedFormat, match=what) as caught:
        repository.open(repo.path)
    assert how in caught.value.hint


def test_no_commits_yet_is_allowed(tmp_path):
    """The branch is named, and has no tip."""
    opened = repos.make(tmp_path).opened
    assert opened.head_branch() == "main"
    assert opened.tip("main") is None
    assert opened.branches() == {}
    with pytest.raises(NoCommits):
        opened.root_commit()


def test_a_detached_head_is_no_branch(repo):
    """None, and no work tree has main any more."""
    repo.git("switch", "--quiet", "--detach")
    assert repo.opened.head_branch() is None
    assert repo.opened.work_tree_of("main") is None


def test_a_folder_below_opens_the_whole_repository(repo):
    """As Git itself does."""
    repo.write(docs__page="x")
    assert repository.open(repo.path / "docs").work_tree == repo.path


def test_branches_are_listed_with_their_tips(repo):
    """Slashes in names included."""
    repo.git("branch", "draft/one")
    assert repo.opened.branches() == {"draft/one": repo.tip(), "main": repo.tip()}


def test_a_branch_can_be_made_once(repo):
    """A second one of that name is refused."""
    repo.opened.create_branch("recovered/x", repo.tip())
    assert repo.opened.tip("recovered/x") == repo.tip()
    with pytest.raises(BranchExists):
        repo.opened.create_branch("recovered/x", repo.tip())


def test_strange_branch_names_have_no_tip(repo):
    """Names Git would not take are no error but no branch."""
    assert [repo.opened.tip(name) for name in ("../HEAD", "-x", "a b", "")] == [None] * 4


def test_root_commit_does_not_depend_on_what_is_checked_out(repo):
    """The repository's id is made from it."""
    first = repo.opened.root_commit()
    repo.git("switch", "--quiet", "--orphan", "pages")
    assert repo.opened.root_commit() == first == repo.git("rev-list", "--max-parents=0", "main")


def test_linked_work_trees_are_found(repo, tmp_path):
    """Each branch's files are where it is checked out."""
    repo.git("worktree", "add", "--quiet", "-b", "draft", str(tmp_path / "linked"))
    assert repo.opened.work_tree_of("main") == repo.path
    assert repo.opened.work_tree_of("draft") == tmp_path / "linked"
    assert repo.opened.work_tree_of("nowhere") is None


def test_a_linked_work_tree_can_be_opened(repo, tmp_path):
    """HEAD and index are its own; refs are shared."""
    repo.git("worktree", "add", "--quiet", "-b", "draft", str(tmp_path / "linked"))
    linked = repository.open(tmp_path / "linked")
    assert linked.head_branch() == "draft"
    assert linked.common_dir == repo.path / ".git"
    assert linked.git_dir == repo.path / ".git" / "worktrees" / "linked"
    assert linked.work_tree_of("main") == repo.path


def test_a_removed_linked_work_tree_is_not_offered(repo, tmp_path):
    """Its record stays in Git until `git worktree prune`."""
    repo.git("worktree", "add", "--quiet", "-b", "draft", str(tmp_path / "linked"))
    (tmp_path / "linked").rename(tmp_path / "gone")
    assert repo.opened.work_tree_of("draft") is None


def test_read_gives_bytes_and_none(repo):
    """Bytes as they are in the commit; None for what is not there."""
    repo.put({"docs/é.md": b"\xef\xbb\xbfa\r\nb"})
    tip = repo.commit()
    assert repo.opened.read(tip, "docs/é.md") == b"\xef\xbb\xbfa\r\nb"
    assert repo.opened.read(tip, "docs") is None
    assert repo.opened.read(tip, "nothing.md") is None
    assert repo.opened.read(tip, "one.md/below") is None


def test_links_are_not_read(repo):
    """A link could lead anywhere; its target is not the page's text (trap 17)."""
    (repo.path / "leak.md").symlink_to("/etc/hostname")
    tip = repo.commit()
    assert repo.opened.read(tip, "leak.md") is None
    assert "leak.md" not in [entry.path for entry in repo.opened.files(tip)]


def test_files_lists_regular_files_with_size(repo):
    """Executables included, sorted by path."""
    repo.put({"docs/ü b.md": "12345"})
    (repo.path / "one.md").chmod(0o755)
    found = repo.opened.files(repo.commit())
    assert [(e.path, oct(e.mode), e.size) for e in found] == [
        ("docs/ü b.md", "0o100644", 5), ("one.md", "0o100755", 14), ("other.md", "0o100644", 6),
    ]  # fmt: skip


def test_an_unknown_commit_is_said(repo):
    """Also when it is no id at all."""
    for commit in ("0" * 40, "main", "--all", ""):
        with pytest.raises(CommitNotFound):
            repo.opened.read(commit, "one.md")


def test_a_revision_is_resolved_for_people(repo):
    """Branch and short id; a word that names nothing is said."""
    assert repo.opened.resolve("main") == repo.tip() == repo.opened.resolve(repo.tip()[:8])
    with pytest.raises(UnknownRevision):
        repo.opened.resolve("nothing")


def test_configuration_is_read_and_set(repo):
    """The last value counts; unset is None; a running process sees what Git sets."""
    opened = repo.opened
    assert opened.config_get("prdgen.x") is None
    opened.config_set("prdgen.x", "1")
    assert repo.git("config", "prdgen.x") == opened.config_get("prdgen.x") == "1"
    repo.git("config", "prdgen.flag", "yes")
    assert opened.config_flag("prdgen.flag")
    assert opened.config_get("not a name") is None


def test_ancestry(repo):
    """Merge base and ancestor of two branches."""
    base = repo.tip()
    repo.git("branch", "draft")
    ahead = repo.commit(one="x\n")
    opened = repo.opened
    assert opened.merge_base(ahead, base) == base
    assert opened.is_ancestor(base, ahead)
    assert not opened.is_ancestor(ahead, base)
    assert not opened.is_ancestor("0" * 40, ahead)


def test_commit_info_has_message_and_trailers(repo):
    """Subject, body and every value of a trailer."""
    tip = repo.commit("Say it\n\nWhy.\n\nPrdgen-Heads: ab cd\nCo-authored-by: B <b@x>")
    info = repo.opened.commit_info(tip)
    assert (info.subject, info.author.name) == ("Say it", "Eve")
    assert info.trailers == {"prdgen-heads": ("ab cd",), "co-authored-by": ("B <b@x>",)}


def test_one_repository_serves_many_threads(repo):
    """libgit2's objects are one thread's own; ours may be called from any."""
    tip = repo.commit(one="x\n")
    opened = repo.opened

    def work(number: int) -> int:
        assert opened.read(tip, "one.md") == b"x\n"
        return len(opened.changed(None, tip)) + number

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(200))) == [2 + n for n in range(200)]
