"""Puts anchors that headings had once beside the ones they have, so that old links lead on."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

_ID: Final = re.compile(r"\b(?:id|name)=(?:\"([^\"<>]*)\"|'([^'<>]*)')")
_HEADING: Final = re.compile(r'<h[1-6](?: [^<>]*)? id="([^"<>]*)"[^<>]*>')
_OURS: Final = frozenset({"main", "q"})
"""Ids of what stands around a page on the server."""


def put(html: str, anchors: Mapping[str, str]) -> str:
    """A page's whole safe `html` with an empty element for each old anchor, in the heading that has the
    new one. What has an id or a name keeps it; an anchor without a heading is left out.
    """
    if not anchors:
        return html
    taken = {match[1] or match[2] for match in _ID.finditer(html)} | _OURS
    olds: defaultdict[str, list[str]] = defaultdict(list)
    for old, new in sorted(anchors.items()):
        if old not in taken and not old.startswith("__"):
            olds[new].append(old)

    def with_olds(match: re.Match[str]) -> str:
        return match[0] + "".join(f'<span id="{old}"></span>' for old in olds.pop(match[1], ()))

    return _HEADING.sub(with_olds, html)
