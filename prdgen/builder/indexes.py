"""The site's own pages and lists, made from facts alone, never by rendering pages again."""

from __future__ import annotations

import heapq
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from prdgen.builder import fill, named
from prdgen.builder.manifest import PageFacts
from prdgen.builder.named import Field
from prdgen.builder.sources import Target, href

_FEED_LENGTH = 30
_RECENT = 6


@dataclass(frozen=True, slots=True)
class Listed:
    """A page that may be listed, with its address."""

    facts: PageFacts
    url: str


def newest(pages: Iterable[Listed], count: int) -> list[Listed]:
    """The pages changed last, newest first."""
    dated = [(page.facts.updated_at, page.url, page) for page in pages if page.facts.updated_at]
    return [page for _, _, page in heapq.nlargest(count, dated)]


def pages_html(pages: Collection[Listed], base: str) -> str:
    """A table of all pages with status, owner and date; the site's script filters it."""
    rows = "".join(
        f'<tr><td><a href="{escape(href(base, page.url))}">{escape(page.facts.title)}</a></td>'
        f"<td>{fill.status_badge(page.facts.status)}</td><td>{escape(page.facts.owner)}</td>"
        f"<td>{fill.time_html(page.facts.updated_at)}</td></tr>\n"
        for page in pages
    )
    return (
        f'<div class="prd-list prd-list--pages" data-prd-filter><p class="prd-list__count">{fill.counted(len(pages))}</p>'
        '<div class="md-typeset__scrollwrap"><div class="md-typeset__table"><table><thead><tr><th>Page</th>'
        f"<th>Status</th><th>Owner</th><th>Updated</th></tr></thead><tbody>\n{rows}"
        "</tbody></table></div></div></div>"
    )


def sections_html(sections: Mapping[str, tuple[str, int]], base: str) -> str:
    """What a list that is too long for one page is divided into: address → title and entries."""
    rows = "".join(
        f'<tr><td><a href="{escape(href(base, url))}">{escape(title)}</a></td><td>{count}</td></tr>\n'
        for url, (title, count) in sections.items()
    )
    return (
        '<div class="prd-list prd-list--counts" data-prd-filter><div class="md-typeset__scrollwrap">'
        '<div class="md-typeset__table"><table><thead><tr><th>Part</th><th>Entries</th></tr></thead>'
        f"<tbody>\n{rows}</tbody></table></div></div></div>"
    )


def requirements_html(pages: Collection[Listed], base: str) -> str:
    """Every requirement with its page."""
    rows = "".join(
        f'<tr><td><a class="requirement-id" href="{escape(href(base, page.url, each.id))}">'
        f"{escape(each.id)}</a></td><td>{escape(each.text)}</td>"
        f"<td>{fill.status_badge(each.status)}</td>"
        f'<td><a href="{escape(href(base, page.url))}">{escape(page.facts.title)}</a></td></tr>\n'
        for page in pages
        for each in page.facts.requirements
    )
    return (
        '<div class="prd-list" data-prd-filter><div class="md-typeset__scrollwrap">'
        '<div class="md-typeset__table"><table><thead><tr><th>Requirement</th><th>Text</th><th>Status</th>'
        f"<th>Page</th></tr></thead><tbody>\n{rows}</tbody></table></div></div></div>"
    )


def tags_html(pages: Collection[Listed], base: str) -> str:
    """Every tag with its pages."""
    tagged: dict[str, list[Listed]] = defaultdict(list)
    for page in pages:
        for tag in page.facts.tags:
            tagged[tag].append(page)
    return "\n".join(
        f'<h2 id="{escape(tag)}">{escape(tag)}</h2>\n<ul>'
        + "".join(
            f'<li><a href="{escape(href(base, page.url))}">{escape(page.facts.title)}</a> '
            f"{fill.status_badge(page.facts.status)}</li>"
            for page in tagged[tag]
        )
        + "</ul>"
        for tag in sorted(tagged, key=str.lower)
    )


def names_html(field: Field, names: Mapping[str, tuple[str, int]], base: str) -> str:
    """The statuses, or the owners: address → name and how many pages it has."""
    rows = "".join(
        f'<tr><td><a href="{escape(href(base, url))}">{escape(name)}</a></td><td>{count}</td></tr>\n'
        for url, (name, count) in names.items()
    )
    if not rows:
        return f"<p>No page names its {field.one.lower()}.</p>"
    return (
        '<div class="prd-list prd-list--counts" data-prd-filter><div class="md-typeset__scrollwrap">'
        f'<div class="md-typeset__table"><table><thead><tr><th>{field.one}</th><th>Pages</th></tr></thead>'
        f"<tbody>\n{rows}</tbody></table></div></div></div>"
    )


def named_html(field: Field, pages: Collection[Listed], base: str) -> str:
    """The pages of one status with their owners, or those of one owner with their statuses."""
    if field is named.STATUS:
        other, shown = "Owner", fill.owner_links
    else:
        other, shown = "Status", fill.status_link
    rows = "".join(
        f'<tr><td><a href="{escape(href(base, page.url))}">{escape(page.facts.title)}</a></td>'
        f"<td>{shown(page.facts, base)}</td></tr>\n"
        for page in pages
    )
    return (
        '<div class="prd-list" data-prd-filter>'
        f'<p class="prd-list__count">{fill.counted(len(pages))}</p><div class="md-typeset__scrollwrap">'
        f'<div class="md-typeset__table"><table><thead><tr><th>Page</th><th>{other}</th></tr></thead>'
        f"<tbody>\n{rows}</tbody></table></div></div></div>"
    )


def recent_html(pages: Collection[Listed], base: str) -> str:
    """Cards of the pages changed last."""
    return "".join(
        f'<li><a class="prd-card" href="{escape(href(base, page.url))}">'
        f'<span class="prd-card__title">{escape(page.facts.title)}</span>'
        f'<span class="prd-card__facts">{fill.status_badge(page.facts.status)} '
        f"{fill.time_html(page.facts.updated_at)}</span></a></li>"
        for page in newest(pages, _RECENT) or list(pages)[:_RECENT]
    )


def sitemap_entry(page: Listed, target: Target) -> str:
    """A page's part of sitemap.xml."""
    changed = page.facts.updated_at[:10]
    return (
        f"<url><loc>{escape(href(target.absolute, page.url))}</loc>"
        + (f"<lastmod>{escape(changed)}</lastmod>" * bool(changed))
        + "</url>\n"
    )


def sitemap_place(url: str, target: Target) -> str:
    """A list's part of sitemap.xml: when it changed is not worth another one."""
    return f"<url><loc>{escape(href(target.absolute, url))}</loc></url>\n"


def sitemap(entries: str) -> str:
    """sitemap.xml of these entries."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}</urlset>\n'
    )


def feed(pages: Collection[Listed], target: Target, site_name: str) -> str:
    """An Atom feed of what changed last."""
    last = newest(pages, _FEED_LENGTH)
    entries = "".join(
        f"<entry><title>{escape(page.facts.title)}</title>"
        f'<link href="{escape(href(target.absolute, page.url))}"/>'
        f"<id>{escape(href(target.absolute, page.url))}</id>"
        f"<updated>{escape(page.facts.updated_at)}</updated>"
        f"<author><name>{escape(page.facts.updated_by or site_name)}</name></author>"
        f"<summary>{escape(page.facts.description)}</summary></entry>\n"
        for page in last
    )
    updated = last[0].facts.updated_at if last else "1970-01-01T00:00:00+00:00"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>{escape(site_name)}</title><id>{escape(target.absolute)}</id>"
        f"<updated>{escape(updated)}</updated>\n{entries}</feed>\n"
    )


def llms_line(page: Listed, target: Target) -> str:
    """A page's line of llms.txt."""
    source = href(
        target.absolute or target.base or "/", fill.public_source(page.url, page.facts.page_path)
    )
    about = f": {page.facts.description}" if page.facts.description else ""
    status = f" ({page.facts.status})" if page.facts.status else ""
    return f"- [{page.facts.title}]({source}){status}{about}\n"


def llms(lines: str, config: Mapping[str, Any]) -> str:
    """llms.txt: what this site is, and the Markdown source of each page."""
    about = config.get("site_description")
    return f"# {config['site_name']}\n\n" + (f"> {about}\n\n" if about else "") + lines


def build_json(branch: str, commit: str, count: int) -> str:
    """What was built, for people and monitors."""
    return json.dumps({"branch": branch, "commit": commit, "pages": count}) + "\n"
