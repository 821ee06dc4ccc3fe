"""A transaction and a stored document for tests of the store."""

from __future__ import annotations

import pytest

from prdgen.store import documents

from .factories import document as new_document


@pytest.fixture
async def tx(store):
    async with store.transaction() as transaction:
        yield transaction


@pytest.fixture
async def document(store):
    """One live document, committed."""
    async with store.transaction() as transaction:
        return await documents.create(transaction, new_document(), b"seed")
