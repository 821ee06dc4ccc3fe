"""a page of a draft's site → the same with what is changed against main: a note, marks, and a list at home."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape
from typing import Final

from anyio import to_thread

from prdgen.builder import render, sources
from prdgen.builder.publication import Site
from prdgen.files.text import readable
from prdgen.flows import draft_changes, drafts, pages_of, read
from prdgen.flows.clone import Clone
from prdgen.flows.context import App
from prdgen.flows.drafts import Draft
from prdgen.flows.pages_of import Globs
from prdgen.git.repository import Repository
from prdgen.git.values import FileChange
from prdgen.page import facts
from prdgen.review import bars, blocks

_TOP: Final = re.compile(
    r'<body[^>]*>(?:(?:(?!<main\b).)*?<div data-md-component="skip">.*?</div>)?', re.DOTALL
)
"""What stands above everything else: the link that skips the header is the first stop of the keys."""
_CONTENT: Final = '<div id="prd-content"'
_BADGES: Final = re.compile(r'\n?<p class="prd-badges".*?</p>', re.DOTALL)
_KINDS: Final = {"added": "New", "modified": "Changed", "renamed": "Moved", "deleted": "Removed"}
_OPEN: Final = 12
"""Pages: a longer list is closed until someone opens it."""
_MOST: Final = 200
"""Pages in the list at home; the draft's own page has all of them."""
_KEPT: Final = 8
"""Drafts, as one commit has them, of which it is known what they change."""
_LINK: Final = 'style="text-decoration:underline"'


@dataclass(frozen=True, slots=True)
class _Changed:
    """A page the draft changed, with its number on the draft's own page."""

    number: int
    change: FileChange
    base: str | None


async def shown(app: App, draft: Draft, site: Site, path: str, data: bytes) -> bytes:
    """The page at the public `path` of the draft's site, `data`, as whoever looks at a draft gets it."""
    found, here = await to_thread.run_sync(_found, app, draft, site, path)
    context = None
    if here is not None and here.change.kind != "added":
        context = await read.render_context(app, draft.branch, draft.tip)
    return await to_thread.run_sync(_shown, app, draft, site, path, data, found, here, context)


def _found(
    clone: Clone, draft: Draft, site: Site, path: str
) -> tuple[Sequence[_Changed], _Changed | None]:
    """In a thread: the pages the draft changed, and that of them which is shown at `path`."""
    base, globs = drafts.fork_of(clone, draft), pages_of.globs(clone)
    found, by_path = _changed(clone.repository, globs, base, draft.tip)
    return found, by_path.get(site.page_at(path.removesuffix("index.html")) or "")


@lru_cache(maxsize=_KEPT)
def _changed(
    repository: Repository, globs: Globs, base: str | None, tip: str
) -> tuple[Sequence[_Changed], Mapping[str, _Changed]]:
    """The pages that differ from the commit both have, in the order of the draft's page, and by path."""
    pages, _ = draft_changes.apart(repository, globs, base, tip)
    found = [_Changed(number, change, base) for number, change in enumerate(pages, 1)]
    return found, {each.change.path: each for each in found}


def _shown(
    app: App, draft: Draft, site: Site, path: str, data: bytes, found: Sequence[_Changed],
    here: _Changed | None, context: render.RenderContext | None,
) -> bytes:  # fmt: skip
    """In a thread."""
    html = data.decode("utf-8")
    if here is not None and context is not None:
        html = _marked(app, draft, html, here, replace(context, mode="site"))
    home = path.removesuffix("index.html") == ""
    top = _bar(draft, here) + (_list(app, draft, site, found) if home else "")
    aside = f'<aside aria-label="Draft" style="overflow-wrap:anywhere">{top}</aside>'
    return _TOP.sub(lambda begin: begin[0] + aside, html, count=1).encode()


def _marked(
    clone: Clone, draft: Draft, html: str, here: _Changed, context: render.RenderContext
) -> str:
    """The page with a bar at every block that changed; as it is where its blocks cannot be told."""
    start = html.find(_CONTENT)
    if start < 0:  # a template of the team's own
        return html
    content = blocks.split(html[start:])[0]
    path, texts = here.change.path, draft_changes.texts(clone, here.base, draft.tip, here.change)
    old, new = (render.render(path, text, context=context).html for text in texts)
    badges = _BADGES.search(content.inner)
    body = content.inner.replace(badges[0], "", 1) if badges else content.inner
    # The site gives a page its title as heading when it has none of its own.
    found, count = blocks.split(body), len(blocks.split(new))
    title = int(len(found) == count + 1 and found[0].tag == "h1")
    if len(found) != count + title:
        return html
    marks = [replace(m, place=(m.place[0] + title, *m.place[1:])) for m in bars.marks(old, new)]
    above, end, rest = bars.put(body, marks).partition("</h1>")
    known = badges[0] if badges else ""
    marked = f"{above}{end}{known}{rest}" if end else f"{known}{above}"
    shown = f"{content.opening}\n{marked}\n{content.closing}"
    return f"{html[:start]}{shown}{html[start + len(content.html) :]}"


def _address(draft: Draft, each: _Changed) -> str:
    return escape(draft_changes.address_of_page(draft.branch, each.number))


def _bar(draft: Draft, here: _Changed | None) -> str:
    """What stands above every page of a draft's site."""
    white = 'style="color:#fff"'
    words = f'<a {white} href="{escape(drafts.address_of(draft.branch))}">what it changes</a>'
    if here is not None:
        said = "new in this draft" if here.change.kind == "added" else "changed in this draft"
        words = f'this page is <a {white} href="{_address(draft, here)}">{said}</a> · {words}'
    return (
        '<div style="background:#b45309;color:#fff;padding:.5rem 1rem;font:16px/1.4 '
        f'sans-serif">Draft: <strong>{escape(draft.title)}</strong> · not published · {words}</div>'
    )


def _list(clone: Clone, draft: Draft, site: Site, found: Sequence[_Changed]) -> str:
    """The pages the draft changed, for its home page: the first of very many, and how many more."""
    items = "".join(f"<li>{_entry(clone, draft, site, each)}</li>" for each in found[:_MOST])
    if len(found) > _MOST:
        address = escape(drafts.address_of(draft.branch))
        items += f'<li>and <a {_LINK} href="{address}">{len(found) - _MOST:,} more</a></li>'
    count = f"{len(found):,} page{'s' * (len(found) != 1)}"
    opened = " open" * (0 < len(found) <= _OPEN)
    return (
        f'<details{opened} style="border-bottom:1px solid #b45309;padding:.5rem 1rem;font:16px/1.5 '
        f'sans-serif"><summary>This draft changes {count}</summary><ul>{items}</ul></details>'
    )


def _entry(clone: Clone, draft: Draft, site: Site, each: _Changed) -> str:
    kind, path = each.change.kind, each.change.path
    record = site.record(path) if kind != "deleted" else None
    if record is not None:
        to, title = sources.href("/draft-site/", f"{draft.branch}/{record.url}"), record.facts.title
    else:
        branch, at = (
            (clone.main_branch, each.base) if kind == "deleted" else (draft.branch, draft.tip)
        )
        text = readable(clone.repository.read(at, path) or b"") if at else ""
        to, title = read.address("p", branch, path), facts.of(path, text).title
    link = f'<a {_LINK} href="{escape(to)}">{escape(title or path)}</a>'
    return f'{_KINDS[kind]}: {link} · <a {_LINK} href="{_address(draft, each)}">difference</a>'
