"""Renders page bodies for the site, noting what of the world each body depended on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from prdgen.builder import render
from prdgen.builder.sources import (
    Target,
    href,
    image_key,
    is_publishable,
    picture_path,
    public_path,
)
from prdgen.page.outline import Heading

_ANYTHING: Final = "*"
Value = TypeVar("Value")
Uses = Mapping[str, Sequence[tuple[str, str]]]
"""id of a requirement → title and address on the site of the other pages in which it is used."""


@dataclass(frozen=True, slots=True)
class World:
    """What bodies may depend on besides their own text."""

    target: Target
    root: str
    titles: Mapping[str, str]
    """page_path → title of every published page."""
    urls: Mapping[str, str]
    definitions: Mapping[str, str]
    """Requirement id → page_path of the page that defines it."""
    assets: Mapping[str, str]
    """Path of each file → its blob; empty: nobody knows, so pages show it at its own address."""
    named: Mapping[str, Sequence[str]]
    """Published pages by file name, as `links.by_name` has them."""
    sizes: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """Each image that has one, as `image_key` names it → width and height in CSS pixels."""

    def digest(self, needs: Iterable[str]) -> str:
        """A hash of what this world says about `needs`, as `Body.needs` names them."""
        state = hashlib.sha256()
        for need in needs:
            kind, _, name = need.partition(":")
            state.update(f"{need}\0{self._answer(kind, name)}\n".encode())
        return state.hexdigest()

    def _answer(self, kind: str, name: str) -> str:
        if kind == "asset":
            return str(name in self.assets)
        if kind == "picture":
            return str(self.assets.get(name))
        if kind == "name":
            return repr(self.named.get(name))
        known = self.titles if kind == "page" else self.definitions
        if name == _ANYTHING:
            return repr(sorted(known.items()))
        return repr((known.get(name), self.urls.get(name)))


@dataclass(frozen=True, slots=True)
class Body:
    """A rendered body, and what it asked of the world."""

    html: str
    bare: str
    """As `render.Rendered` has it."""
    outline: tuple[Heading, ...]
    problems: tuple[dict[str, Any], ...]
    needs: tuple[str, ...]


class _Noting(Mapping[str, Value]):
    """A mapping that notes which keys it was asked for."""

    def __init__(self, kind: str, known: Mapping[str, Value], needs: set[str]) -> None:
        self._kind, self._known, self._needs = kind, known, needs

    def __getitem__(self, key: str) -> Value:
        self._needs.add(f"{self._kind}:{key}")
        return self._known[key]

    def __iter__(self) -> Iterator[str]:
        self._needs.add(f"{self._kind}:{_ANYTHING}")
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def body(
    page_path: str, text: str, world: World, parsed: render.Parsed | None = None,
    old_anchors: Mapping[str, str] | None = None, uses: Uses | None = None,
) -> Body:  # fmt: skip
    """The body of one page in this world; `parsed` is used up. `old_anchors` as in RenderContext."""
    needs: set[str] = set()
    target, base = world.target, world.target.base_for(world.urls[page_path])

    def link(other: str, fragment: str) -> str:
        needs.add(f"page:{other}")
        return href(base, world.urls.get(other, public_path(other, world.root)), fragment)

    def asset(path: str) -> str | None:
        # `/img/a.png` may have been written for the site's top, which is the docs folder.
        for place in (path, f"{world.root}/{path}"):
            needs.add(f"asset:{place}")
            if place in world.assets and is_publishable(place):
                return href(base, public_path(place, world.root))
        return None

    def picture(path: str) -> str | None:
        """Files that are shown have a name of their content: page and picture are of one build."""
        address, blob = asset(path), world.assets.get(path)
        if address is None or not blob:
            return address
        needs.add(f"picture:{path}")
        return href(base, picture_path(public_path(path, world.root), blob))

    context = render.RenderContext(
        branch=target.branch,
        commit=target.commit or None,
        known_pages=_Noting("page", world.titles, needs),
        named_pages=_Noting("name", world.named, needs),
        link=link,
        asset=asset,
        picture=picture,
        size=lambda path: world.sizes.get(image_key(path, world.assets.get(path, ""))),
        requirement_uses=_Noting("requirement", world.definitions, needs),
        used_in={
            id_: [(title, href(base, url)) for title, url in found]
            for id_, found in (uses or {}).items()
        },
        old_anchors=old_anchors or {},
        mode="site",
    )
    rendered = render.render(page_path, text, context=context, parsed=parsed)
    problems = tuple(
        {"page_path": page_path, "line": each.line, "code": each.code,
         "message": each.message, "hint": each.hint}
        for each in rendered.problems
    )  # fmt: skip
    return Body(
        rendered.html, rendered.bare, tuple(rendered.outline), problems, tuple(sorted(needs))
    )
