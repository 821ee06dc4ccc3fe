"""What `python -m bench git` compares with, and what it is made on."""

from bench import repositories
from bench.plain_git import Plain


def corpus(folder):
    (folder / "rfcs").mkdir(parents=True)
    for name in ("0001-first", "0002-second"):
        (folder / "rfcs" / f"{name}.md").write_text(f"# {name}\n", "utf-8")
    return folder


def test_copies_are_pages_of_their_own(tmp_path):
    """As many as asked for, each with a text that no other has."""
    made = repositories.copies(tmp_path / "made", corpus(tmp_path / "corpus"), 5)
    found = repositories.git(made, "ls-files", "pages").split()
    assert found == [
        "pages/0001-first.md", "pages/0002-second.md", "pages/copy-1/0001-first.md",
        "pages/copy-1/0002-second.md", "pages/copy-2/0001-first.md",
    ]  # fmt: skip
    assert len(set(repositories.git(made, "ls-files", "-s", "pages").split()[1::4])) == 5


def test_plain_git_takes_a_clone_and_a_push(tmp_path):
    """Also a push that Git sends in chunks."""
    made = repositories.copies(tmp_path / "made", corpus(tmp_path / "corpus"), 3)
    repositories.git(tmp_path, "clone", "-q", "--bare", str(made), "plain.git")
    with Plain(tmp_path / "plain.git") as plain:
        repositories.git(tmp_path, "clone", "-q", plain.url, "clone")
        clone = tmp_path / "clone"
        for name, value in (("user.name", "Eve"), ("user.email", "eve@example.org"),
                            ("http.postBuffer", "65536"), ("core.bigFileThreshold", "1")):  # fmt: skip
            repositories.git(clone, "config", name, value)
        (clone / "pages" / "0001-first.md").write_bytes(bytes(range(256)) * 2000)
        commit = repositories.commit(clone, "Large")
        repositories.git(clone, "push", "-q", "origin", "HEAD:main")
    assert repositories.git(tmp_path / "plain.git", "rev-parse", "main").strip() == commit
