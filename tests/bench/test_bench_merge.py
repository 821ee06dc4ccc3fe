"""`bench merge` on very little: its merges are what they say, and its counts see what goes wrong."""

import json
import subprocess
import sys
import tarfile

import pytest

from bench import made, merge, merges, node, repositories
from bench.merges import Triple

PAGE = "# A\n\nThe quick brown fox jumps over a lazy dog.\n\n- one\n- two\n"


@pytest.fixture
def repository(tmp_path):
    """A page that two branches changed and merged, then two commits in a row."""
    folder = tmp_path / "repository"
    folder.mkdir()

    def commit(text, *arguments):
        (folder / "page.md").write_text(text, "utf-8")
        repositories.git(folder, "add", ".")
        repositories.git(folder, "commit", "--quiet", "-m", "Edit", *arguments)

    repositories.git(folder, "init", "--quiet", "-b", "main")
    repositories.git(folder, "config", "user.name", "Bench")
    repositories.git(folder, "config", "user.email", "bench@example.org")
    commit(PAGE)
    repositories.git(folder, "switch", "--quiet", "-c", "other")
    commit(PAGE.replace("quick", "slow"))
    repositories.git(folder, "switch", "--quiet", "main")
    commit(PAGE.replace("two", "zwei"))
    repositories.git(folder, "merge", "--quiet", "--no-edit", "other")
    return folder


def test_merges_of_a_history_are_made_again(repository):
    """Base and both sides as Git merged them; and each change before the one it followed."""
    found = {triple.name.partition(":")[0]: triple for triple in merges.of_repository(repository)}
    [name] = set(found) - {"backport"}
    assert found[name].base.decode() == PAGE
    assert {b"zwei" in found[name].ours, b"slow" in found[name].theirs} == {True}
    assert "backport" in found


def test_release_lines_are_read_from_packages(tmp_path, monkeypatch):
    """What is in the cache is not fetched again; what is not to be had is said and left out."""
    for version, text in (("1.0.0", "a"), ("2.0.0", "b"), ("1.1.0", "c")):
        folder = tmp_path / f"p@{version}" / "package"
        folder.mkdir(parents=True)
        (folder / "README.md").write_text(text)
    lines = (("p", "1.0.0", "2.0.0", "1.1.0"), ("gone", "1.0.0", "2.0.0", "1.1.0"))
    monkeypatch.setattr(merges, "LINES", lines)
    monkeypatch.setattr(
        node, "npm", lambda *arguments: [sys.executable, "-c", "raise SystemExit(1)"]
    )
    said = []
    [triple] = merges.of_packages(said.append, tmp_path)
    assert (triple.base, triple.ours, triple.theirs) == (b"a", b"b", b"c")
    assert said == ["gone 1.0.0, 2.0.0, 1.1.0 cannot be fetched and are left out"]


def test_a_fetched_package_is_kept_as_its_markdown(tmp_path, monkeypatch):
    """Nothing else of it, and nothing outside its folder."""
    (tmp_path / "README.md").write_text("words")
    (tmp_path / "program.js").write_text("code")
    with tarfile.open(tmp_path / "p-1.0.0.tgz", "w:gz") as archive:
        archive.add(tmp_path / "README.md", "package/README.md")
        archive.add(tmp_path / "program.js", "package/program.js")
    monkeypatch.setattr(merges, "LINES", (("p", "1.0.0", "1.0.0", "1.0.0"),))
    monkeypatch.setattr(
        node, "npm", lambda *arguments: [sys.executable, "-c", "print('p-1.0.0.tgz')"]
    )
    assert [each.name for each in merges.of_packages(print, tmp_path)] == [
        "p:1.0.0:package/README.md"
    ]
    assert not list(tmp_path.rglob("package/*.js"))


def test_made_merges_are_the_same_for_a_seed(tmp_path):
    """And each side's new words are its own."""
    first, again = (list(made.triples(20, 7, tmp_path)) for _ in range(2))
    assert first == again
    assert first != list(made.triples(20, 8, tmp_path))
    assert any(b"Ours1" in triple.ours and b"Theirs1" in triple.theirs for triple in first)
    assert not any(b"Ours1" in triple.theirs for triple in first)


@pytest.mark.parametrize(
    ("merged", "figure"),
    [
        ("a b ours theirs\n", None),
        ("a b ours\n", "lost"),
        ("a b ours theirs theirs\n", "doubled"),
        ("a b ourstheirs ours theirs\n", "garbled"),
    ],
)
def test_what_goes_wrong_is_counted(monkeypatch, merged, figure):
    """A merge that loses, doubles or garbles a word would be seen."""
    triple = Triple("x", b"a b\n", b"a b ours\n", b"theirs a b\n")
    real = merge.three_way.merge
    monkeypatch.setattr(
        merge.three_way, "merge",
        lambda *texts, **how: type(real("", "", ""))(merged, [], []),
    )  # fmt: skip
    seen = merge.Seen()
    merge.look(triple, seen)
    found = {name for name in ("lost", "doubled", "garbled") if getattr(seen, name)}
    assert found == ({figure} if figure else set())


def test_it_runs_as_people_run_it(repository, tmp_path):
    """One JSON object with the wanted figures."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "merge", "--json", "--made", "12", "--no-packages",
         "--repository", str(repository), "--corpus", str(tmp_path)],
        cwd=node.ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["lost_edits"], found["garbled"]) == (0, 0)
    assert found["history_merges"] >= 1
    assert 8 <= found["made_merges"] <= 12
    assert found["merge_p99_ms"] > 0
