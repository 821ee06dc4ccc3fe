"""Servers of a test's own, to be killed at will."""

from __future__ import annotations

import pytest

from prdgen.embedded.services import Services


@pytest.fixture
def make(tmp_path):
    """`make()` gives Services over the test's folder; all are stopped after it."""
    made = []

    def services(state_dir=None, **kwargs) -> Services:
        made.append(Services(state_dir or tmp_path / "state", **kwargs))
        return made[-1]

    yield services
    for one in made:
        one.stop()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A state folder with its data directory made, stopped: the slow part of a first start."""
    state_dir = tmp_path_factory.mktemp("prepared") / "state"
    services = Services(state_dir, valkey_too=False)
    services.start()
    services.stop()
    return state_dir
