"""Small things to store."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from uuid import uuid4

from prdgen.store import changes, documents, pages

HEADS = (b"\x01" * 32,)


def document(page_path="docs/checkout.md", **given) -> documents.Document:
    """A new document with agreed points at its seed."""
    facts = {
        "id": uuid4(), "branch": "main", "base_commit": "c0", "n": 0, "heads": HEADS,
        "file_heads": HEADS, "file_hash": "h0", "tip_heads": HEADS, "tip_hash": "h0",
        "tip_commit": "c0",
    }  # fmt: skip
    return documents.Document(page_path=page_path, **(facts | given))


def change(text: str, person_id=None) -> changes.NewChange:
    """A change whose hash follows from `text`."""
    data = text.encode()
    return changes.NewChange(hashlib.sha256(data).digest(), b"actor", person_id, "editor", data)


def page(page_path="docs/checkout.md", *, requirements=(), links=(), **given) -> pages.IndexedPage:
    """An indexed page; everything not given is plain."""
    facts = {
        "branch": "main", "blob": "b0", "commit": "c0", "title": "Checkout", "description": None,
        "status": "draft", "owner": "Ann", "tags": (), "front_matter": {}, "problems": [],
        "outline": [], "word_count": 3, "text": "", "updated_by": "Ann", "draft": False,
        "updated_at": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    row = pages.PageRow(page_path=page_path, **(facts | given))
    return pages.IndexedPage(row, requirements, links)


def requirement(req_id: str, text="Pay.") -> pages.RequirementRow:
    """A requirement in list notation."""
    return pages.RequirementRow(req_id, text, 3, 3, "list")


def link(kind: str, target: str) -> pages.LinkRow:
    """A link of one kind."""
    return pages.LinkRow(kind, target, None, 5, target)
