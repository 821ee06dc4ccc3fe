"""Fills a frame: one page's body and facts into the holes of a template."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from prdgen.builder import navigation
from prdgen.builder.frame import Frame
from prdgen.builder.manifest import PageFacts
from prdgen.builder.named import OWNER, STATUS
from prdgen.builder.site_config import SiteConfig
from prdgen.builder.sources import Target, href
from prdgen.page.outline import Heading

_STATUS_CLASSES: Final = {
    "draft": "draft",
    "proposed": "draft",
    "in review": "review",
    "review": "review",
    "approved": "approved",
    "accepted": "approved",
    "active": "approved",
    "shipped": "shipped",
    "done": "shipped",
    "implemented": "shipped",
    "superseded": "past",
    "deprecated": "past",
    "rejected": "past",
    "obsolete": "past",
}
_VERSIONS_AT: Final = {
    "github.com": "commits/{branch}/{page_path}",
    "gitlab.com": "-/commits/{branch}/{page_path}",
    "bitbucket.org": "history-node/{branch}/{page_path}",
}
_EDITED_AT: Final = {
    "github.com": "edit/{branch}/{folder}",
    "gitlab.com": "edit/{branch}/{folder}",
    "bitbucket.org": "src/{branch}/{folder}",
}
"""Where the forges MkDocs knows have a page edited, for whoever says nothing."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around a page besides its own facts."""

    before: navigation.Node | None = None
    after: navigation.Node | None = None
    path: str = ""
    links: Sequence[tuple[str, str]] = ()
    """Title and address of the site's own lists, for the sidebar."""
    extra: Mapping[str, str] | None = None
    """More holes: what the landing page shows of the whole site."""


def page(
    frame: Frame,
    target: Target,
    facts: PageFacts,
    url: str,
    *,
    body: str,
    outline: Sequence[Heading],
    around: Surroundings,
) -> str:
    """The whole HTML page of one PRD at `url`; `body` is safe HTML."""
    base = target.base_for(url)
    source = public_source(url, facts.page_path)
    edit = edit_address(frame, target, facts.page_path)
    history = history_address(frame, target, facts.page_path)
    values = {
        "body": with_badges(body, facts, base),
        "description": escape(facts.description),
        "edit": escape(edit),
        "editable": "" if edit else "hidden",
        "facts": _facts(facts, history),
        "history": escape(history),
        "versioned": "" if history else "hidden",
        "hide": escape(" ".join(facts.hide)),
        "searched": "data-pagefind-body" if facts.searched and facts.listed else "",
        "source": escape(href(base, source)),
        "toc": toc(outline),
    }
    title = facts.title or frame.config.values["site_name"]
    values["head"] = _head(target, facts, url) + _alternate(href(base, source))
    return _fill(frame, target, title, url, values, around=around, template=facts.template)


def plain(
    frame: Frame,
    target: Target,
    title: str,
    url: str,
    *,
    body: str,
    around: Surroundings,
    template: str = "main.html",
) -> str:
    """A page of the site itself (a list, the 404 page): no source, no editor, not searched."""
    values = {
        "body": f"<h1>{escape(title)}</h1>\n{body}",
        "description": escape(title),
        "editable": "hidden",
        "versioned": "hidden",
        "sourced": "hidden",
        "hide": "toc",
    }
    return _fill(frame, target, title, url, values, around=around, template=template)


def public_source(url: str, page_path: str) -> str:
    """Where the Markdown of the page at `url` is published: its address with `.md`."""
    name = page_path.rpartition("/")[2]
    return f"{url.rstrip('/')}.md" if not _stands_for_folder(name) else f"{url}{name}"


def _stands_for_folder(name: str) -> bool:
    return name.lower() in {"index.md", "readme.md", "index.markdown", "readme.markdown"}


def edit_address(frame: Frame, target: Target, page_path: str) -> str:
    """The address of the page's editor: the target's, else from mkdocs.yml's `edit_uri`."""
    if target.edit_url:
        return target.edit_url.format(branch=quote(target.branch), page_path=quote(page_path))
    return forge_edit(frame.config, target.branch, page_path)


def history_address(frame: Frame, target: Target, page_path: str) -> str:
    """Where all versions of a page are: the target's address, else the forge's."""
    place = {"branch": quote(target.branch), "page_path": quote(page_path)}
    if target.history_url:
        return target.history_url.format(**place)
    repo = str(frame.config.values.get("repo_url") or "").rstrip("/")
    form = _VERSIONS_AT.get(urlsplit(repo).hostname or "")
    return f"{repo}/{form.format(**place)}" if form else ""


def forge_edit(config: SiteConfig, branch: str, page_path: str) -> str:
    """Where `edit_uri`, `edit_uri_template` and `repo_url` of mkdocs.yml have the page's source edited,
    as MkDocs reads them; nothing when they say nothing.
    """
    repo, template = (str(config.values.get(k) or "") for k in ("repo_url", "edit_uri_template"))
    inside, uri = page_path.removeprefix(f"{config.docs_dir}/"), config.values.get("edit_uri")
    if template:
        given = {"path": quote(inside), "path_noext": quote(inside.rpartition(".")[0])}
        uri = re.sub(r"\{(path(?:_noext)?)(?:!q)?\}", lambda hole: given[hole[1]], template)
        inside = ""
    elif uri is None:
        forge = urlsplit(repo).hostname or ""
        kept = "" if config.docs_dir == "." else f"{config.docs_dir}/"
        uri = (
            _EDITED_AT[forge].format(branch=quote(branch), folder=kept)
            if forge in _EDITED_AT
            else ""
        )
    if not uri:
        return ""
    joined = repo if str(uri)[:1] in "?#" or not repo else f"{repo.rstrip('/')}/"
    whole = urljoin(joined, str(uri))
    return whole + (quote(inside) if not inside or whole[-1:] in "/=" else f"/{quote(inside)}")


def toc(outline: Sequence[Heading]) -> str:
    """The contents as Material's nested list, without the page's own title."""
    headings = [heading for heading in outline if heading.level > 1]
    return _toc(headings, 0, len(headings))


def _toc(headings: Sequence[Heading], start: int, end: int) -> str:
    parts, place = [], start
    while place < end:
        heading, below = headings[place], place + 1
        while below < end and headings[below].level > heading.level:
            below += 1
        text = escape(heading.text)
        inner = ""
        if below > place + 1 and heading.level < 6:
            items = _toc(headings, place + 1, below)
            inner = (
                f'<nav class="md-nav" aria-label="{text}">'
                f'<ul class="md-nav__list">{items}</ul></nav>'
            )
        parts.append(
            f'<li class="md-nav__item"><a href="#{escape(heading.slug)}" class="md-nav__link">'
            f'<span class="md-ellipsis">{text}</span></a>{inner}</li>'
        )
        place = below
    return "".join(parts)


def status_badge(status: str) -> str:
    """A page's status as a small labelled badge; its colour says how far the page is."""
    if not status:
        return ""
    kind = _STATUS_CLASSES.get(status.strip().lower().replace("-", " ").replace("_", " "), "other")
    return f'<span class="prd-status prd-status--{kind}">{escape(status)}</span>'


def status_link(facts: PageFacts, base: str) -> str:
    """The page's status as a badge that leads to all pages with it."""
    badge = status_badge(facts.status)
    for address in STATUS.addresses(facts).values():
        return f'<a class="prd-status-link" href="{escape(href(base, address))}">{badge}</a>'
    return badge


def owner_links(facts: PageFacts, base: str) -> str:
    """The page's owners, each with a link to all pages of theirs."""
    return ", ".join(
        f'<a href="{escape(href(base, address))}">{escape(name)}</a>'
        for name, address in OWNER.addresses(facts).items()
    )


def counted(pages: int) -> str:
    """How many pages, in words: `1 page`."""
    return f"{pages} page" + "s" * (pages != 1)


def with_badges(body: str, facts: PageFacts, base: str) -> str:
    """The body with a title, and status, owner and tags below it."""
    owners = owner_links(facts, base)
    items = [status_link(facts, base), f'<span class="prd-owner">{owners}</span>' * bool(owners)]
    items += [
        f'<a class="prd-tag" href="{escape(href(base, "tags/", tag))}">{escape(tag)}</a>'
        for tag in facts.tags
    ]
    shown = " ".join(item for item in items if item)
    badges = f'<p class="prd-badges" data-pagefind-ignore>{shown}</p>' if shown else ""
    before, end, rest = with_title(body, facts).partition("</h1>")
    return f"{before}{end}\n{badges}{rest}" if end else badges + body


def with_title(body: str, facts: PageFacts) -> str:
    """The body with the page's title as heading, when it has none of its own."""
    if "<h1" in body or "title" in facts.hide or not facts.title:
        return body
    return f"<h1>{escape(facts.title)}</h1>\n{body}"


def time_html(moment: str) -> str:
    """A `<time>` that reads `24 Nov 2026`; what is no ISO date stays as it is."""
    try:
        day = datetime.fromisoformat(moment)
    except ValueError:
        return escape(moment)
    return f'<time datetime="{escape(moment)}">{day.day} {day:%b %Y}</time>'


def _facts(facts: PageFacts, history: str) -> str:
    if not facts.updated_at:
        return ""
    by = f" by {escape(facts.updated_by)}" if facts.updated_by else ""
    link = f' · <a href="{escape(history)}">All versions</a>' if history else ""
    shown = f"Updated {time_html(facts.updated_at)}{by}{link}"
    return f'<div class="prd-updated">{shown}</div>'


def _head(target: Target, facts: PageFacts, url: str) -> str:
    tags = [f'<meta property="og:title" content="{escape(facts.title)}">']
    if facts.description:
        tags.append(f'<meta property="og:description" content="{escape(facts.description)}">')
    if target.absolute:
        address = escape(href(target.absolute, url))
        tags.append(f'<link rel="canonical" href="{address}">')
    if not facts.listed:
        tags.append('<meta name="robots" content="noindex">')
    return "".join(tags)


def _mark(values: Mapping[str, str]) -> str:
    """What tells an open page that the one which is published now says something else."""
    said = "\0".join(values[name] for name in sorted(values.keys() & {"title", "body", "facts"}))
    return f'<meta name="prdgen-shown" content="{hashlib.blake2b(said.encode()).hexdigest()[:16]}">'


def _alternate(source: str) -> str:
    return f'<link rel="alternate source" type="text/markdown" href="{escape(source)}">'


def _fill(
    frame: Frame,
    target: Target,
    title: str,
    url: str,
    values: Mapping[str, str],
    *,
    around: Surroundings,
    template: str,
) -> str:
    base, site_name = target.base_for(url), str(frame.config.values["site_name"])
    links = "".join(
        f'<li class="md-nav__item"><a class="md-nav__link" href="{escape(href(base, address))}">'
        f"{escape(text)}</a></li>"
        for text, address in around.links
    )
    filled = {
        "base": escape(base),
        "doctitle": escape(title if title == site_name else f"{title} – {site_name}"),
        "links": links,
        "neighbours": _neighbours(around, base),
        "path": around.path,
        "title": escape(title),
        "url": escape(url),
    }
    filled |= values
    filled |= around.extra or {}
    if template != "404.html":
        filled["head"] = filled.get("head", "") + _mark(filled)
    return frame.template(template).fill(filled)


def _neighbours(around: Surroundings, base: str) -> str:
    links = []
    for node, kind, word in ((around.before, "prev", "Previous"), (around.after, "next", "Next")):
        if node is not None and node.url is not None:
            links.append(
                f'<a href="{escape(href(base, node.url))}" rel="{kind}" '
                f'class="md-footer__link md-footer__link--{kind}"><div class="md-footer__title">'
                f'<span class="md-footer__direction">{word}</span>'
                f'<div class="md-ellipsis">{escape(node.title)}</div></div></a>'
            )
    if not links:
        return ""
    shown = "".join(links)
    return f'<nav class="md-footer__inner md-grid" aria-label="Neighbours">{shown}</nav>'
