"""One page of a site, from its text to its artifacts: the body, the frame around it, the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from prdgen.builder import artifacts, bodies, fill, render, words
from prdgen.builder.frame import Frame
from prdgen.builder.manifest import PageFacts
from prdgen.builder.named import OWNER, STATUS


@dataclass(frozen=True, slots=True)
class Setting:
    """What the pages of one build have in common."""

    frame: Frame
    world: bodies.World
    store: artifacts.Artifacts


@dataclass(frozen=True, slots=True)
class Order:
    """One page that is to be made."""

    facts: PageFacts
    text: str
    around: fill.Surroundings
    old_anchors: Mapping[str, str] = field(default_factory=dict)
    """Anchor that a heading had once → the one it has now."""
    uses: bodies.Uses = field(default_factory=dict)
    """Where the requirements of the page are used."""


@dataclass(frozen=True, slots=True)
class Made:
    """What became of an order; nothing of it is public yet."""

    html: str
    """Artifact of the whole page."""
    source: str
    """Artifact of its Markdown."""
    words: str
    """Artifact of what the search reads of it; empty when it is not searched."""
    needs: tuple[str, ...]
    """What else the body asked for, as `bodies.World.digest` takes it."""
    problems: tuple[dict[str, Any], ...]


def page(order: Order, setting: Setting, parsed: render.Parsed | None = None) -> Made:
    """Make one page; `parsed` is what `render.parse` made of its text and is used up."""
    path, world, store = order.facts.page_path, setting.world, setting.store
    body = bodies.body(path, order.text, world, parsed, order.old_anchors, order.uses)
    html = fill.page(
        setting.frame, world.target, order.facts, world.urls[path],
        body=body.html, outline=body.outline, around=order.around,
    )  # fmt: skip
    return Made(
        html=store.put(html.encode()),
        source=store.put(order.text.encode()),
        words=_words(order.facts, body.bare, setting),
        needs=body.needs,
        problems=body.problems,
    )


def _words(facts: PageFacts, bare: str, setting: Setting) -> str:
    if not (facts.searched and facts.listed):
        return ""
    said = fill.with_title(bare, facts)
    language = setting.frame.template(facts.template).language
    filters = {"status": STATUS.written(facts), "owner": OWNER.written(facts)}
    return setting.store.put(words.page(said, facts.title, language, filters).encode())
