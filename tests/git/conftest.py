"""A repository with two pages for each test that asks for one."""

import pytest

from . import repos


@pytest.fixture
def repo(tmp_path) -> repos.Repo:
    return repos.make(tmp_path / "repo", one="one\ntwo\nthree\n", other="other\n")
