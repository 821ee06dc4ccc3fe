"""What stands around one page of a standing site: neighbours, the way to it, what is new elsewhere."""

from __future__ import annotations

from dataclasses import replace

from prdgen.builder import fill, indexes, navigation
from prdgen.builder.standing import Standing


def around(standing: Standing, url: str, template: str = "") -> fill.Surroundings:
    """What the page at `url` shows besides its own facts."""
    before, after = standing.around.get(url, (None, None))
    return fill.Surroundings(
        before=before and replace(before, children=[]),
        after=after and replace(after, children=[]),
        path=path(standing, url),
        links=standing.links(),
        extra=elsewhere(standing, template, url),
    )


def path(standing: Standing, url: str) -> str:
    """The way from the home page, as HTML."""
    base = standing.target.base_for(url)
    return navigation.path_html(url, base, standing.owners, "Home")


def elsewhere(standing: Standing, template: str, url: str) -> dict[str, str]:
    """What a template with a hole for it shows of the whole site."""
    if not standing.shows_recent(template):
        return {}
    others = [page for page in standing.listed.values() if page.url != url]
    recent = indexes.recent_html(others, standing.target.base_for(url))
    return {"recent": recent, "count": str(len(standing.listed))}
