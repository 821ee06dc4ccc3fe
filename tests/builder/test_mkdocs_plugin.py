"""Plain `mkdocs build` shows the same bodies as prdgen."""

import re
import subprocess
import sys

import pytest

from prdgen.builder import bodies, sources

CONFIG = """site_name: Team
docs_dir: docs
site_dir: out
theme: {name: material, font: false}
plugins: [prdgen]
"""
PAGES = {
    "index.md": "# Home\n\n[A](prds/a.md), see REQ-001\n",
    "prds/a.md": "---\nstatus: draft\n---\n# A\n\n- [REQ-001] Fast\n\n## Two\n\n```mermaid\nflowchart TB\n A-->B\n```\n",
    "prds/secret.md": "---\ndraft: true\n---\n# Hush\n",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mkdocs")
    (folder / "mkdocs.yml").write_text(CONFIG)
    for path, text in PAGES.items():
        target = folder / "docs" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "-f", str(folder / "mkdocs.yml")]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "out"


@pytest.mark.parametrize("path", ["index.md", "prds/a.md"])
def test_same_body(built, path):
    """Both ways of building hold the same HTML of the body."""
    urls = sources.page_urls(["index.md", "prds/a.md"], ".")
    world = bodies.World(
        target=sources.Target(), root=".", titles={"index.md": "Home", "prds/a.md": "A"},
        urls=urls, definitions={"REQ-001": "prds/a.md"}, assets=frozenset(),
        named={},
    )  # fmt: skip
    ours = bodies.body(path, PAGES[path], world).html
    theirs = (built / urls[path] / "index.html").read_text()
    assert ours in theirs


def test_contents_are_drawn(built):
    """MkDocs' own table of contents knows our headings."""
    html = (built / "prds" / "a" / "index.html").read_text()
    assert re.search(r'<a href="#two" class="md-nav__link">', html)


def test_drafts_are_left_out(built):
    """A draft is in nothing MkDocs writes either."""
    texts = [path.read_text("utf-8", "replace") for path in built.rglob("*.html")]
    assert not any("Hush" in text for text in texts)


def test_public_folder_is_refused(tmp_path):
    """`mkdocs build` must not write through prdgen's public link into its artifacts."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").symlink_to("elsewhere")
    (tmp_path / "mkdocs.yml").write_text(CONFIG)
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "-f", str(tmp_path / "mkdocs.yml")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0
    assert "name another one" in done.stdout + done.stderr
