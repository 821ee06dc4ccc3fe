"""Git repositories made for a benchmark: the corpus, or a few pages of a given length."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench import node

CORPUS: Final = node.ROOT.parent / "shared" / "corpus"
PLAIN_GIT: Final = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
_WORDS: Final = ("the", "page", "says", "what", "the", "product", "must", "do", "and", "why")
MKDOCS_YML: Final = """\
site_name: Design documents
docs_dir: pages
theme:
  name: material
  font: false
plugins:
  - search
markdown_extensions:
  - admonition
  - attr_list
  - footnotes
  - tables
  - toc:
      permalink: true
  - pymdownx.highlight
  - pymdownx.superfences
  - pymdownx.tasklist
  - pymdownx.tabbed:
      alternate_style: true
"""


class NoCorpus(SystemExit):
    """There is no corpus to run on."""

    def __init__(self, corpus: Path) -> None:
        super().__init__(
            f"This benchmark reads Markdown files from {corpus / 'rfcs'}, which is not there. "
            "They are not part of the project: name the folder that holds rfcs/ with --corpus."
        )


def git(repository: Path, *arguments: str) -> str:
    """Run Git without anyone's own configuration; its output. What it complains of when it fails goes
    to stderr.
    """
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments],
        env=os.environ | PLAIN_GIT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        done.check_returncode()
    return done.stdout


def rfcs(folder: Path, corpus: Path = CORPUS) -> Path:
    """A repository with every document of the corpus as a page in one commit; raises NoCorpus."""
    found = sorted((corpus / "rfcs").glob("*.md"))
    if not found:
        raise NoCorpus(corpus)
    pages = folder / "pages"
    pages.mkdir(parents=True)
    for path in found:
        shutil.copyfile(path, pages / path.name)
    return _commit_everything(folder)


def copies(folder: Path, corpus: Path, count: int) -> Path:
    """The same with `count` pages: the corpus in one folder, its numbered copies in further ones,
    each with a last line of its own; raises NoCorpus.
    """
    found = sorted((corpus / "rfcs").glob("*.md"))
    if not found:
        raise NoCorpus(corpus)
    for number in range(count):
        copy, path = divmod(number, len(found))
        page = folder / "pages" / (f"copy-{copy}" if copy else "") / found[path].name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_bytes(found[path].read_bytes().rstrip() + b"\n\nCopy %d.\n" % copy)
    return _commit_everything(folder)


def typing(folder: Path, documents: int, editors: int, characters: int) -> Path:
    """A repository of short pages, each with one place to type for every editor."""
    pages = folder / "pages"
    pages.mkdir(parents=True)
    for number in range(documents):
        text = page_text(number, editors, characters)
        (pages / f"page-{number}.md").write_text(text, "utf-8")
    return _commit_everything(folder)


def of_texts(folder: Path, texts: Mapping[str, str]) -> Path:
    """A repository of the given pages, by file name."""
    pages = folder / "pages"
    pages.mkdir(parents=True)
    for name, text in texts.items():
        (pages / name).write_text(text, "utf-8")
    return _commit_everything(folder)


def page_text(number: int, editors: int, characters: int) -> str:
    """A page of about `characters` with paragraphs, and `(1)`, `(2)`, … where editors type."""
    share = max(1, characters // editors)
    parts = [f"# Page {number}\n"]
    for editor in range(1, editors + 1):
        words: list[str] = []
        length = 0
        while length < share - 10:
            words.append(_WORDS[len(words) % len(_WORDS)])
            length += len(words[-1]) + 1
        lines = [" ".join(words[at : at + 14]) for at in range(0, len(words), 14)]
        parts.append("\n".join(lines) + f" {marker(editor)}\n")
    return "\n".join(parts)


def marker(editor: int) -> str:
    """The place in a page where this editor (1, 2, …) types."""
    return f"({editor})"


def clone(repository: Path, folder: Path) -> Path:
    """A new clone with nothing of prdgen's in it."""
    git(repository.parent, "clone", "-q", str(repository), str(folder))
    _name_someone(folder)
    return folder


def commit(repository: Path, message: str) -> str:
    """Commit everything; the new commit."""
    git(repository, "commit", "-qam", message)
    return git(repository, "rev-parse", "HEAD").strip()


def _commit_everything(folder: Path) -> Path:
    (folder / "mkdocs.yml").write_text(MKDOCS_YML, "utf-8")
    git(folder, "init", "-q", "-b", "main")
    _name_someone(folder)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "Pages")
    return folder


def _name_someone(folder: Path) -> None:
    git(folder, "config", "user.name", "Bench")
    git(folder, "config", "user.email", "bench@example.org")
