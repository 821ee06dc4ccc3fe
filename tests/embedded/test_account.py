"""Which account PostgreSQL runs under."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from prdgen.embedded import account, errors, postgres


def _others_reach_us() -> bool:
    """Whether another user could run the programs of this environment."""
    return all(folder.stat().st_mode & 0o001 for folder in Path(sys.prefix).resolve().parents)


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")


@pytest.fixture
def no_namespaces(monkeypatch):
    """A machine where user namespaces are refused (here: `unshare` is not found)."""
    monkeypatch.setenv("PATH", "/nonexistent")
    account._namespace.cache_clear()
    yield
    account._namespace.cache_clear()


@pytest.fixture
def open_dir():
    """A folder every user of the machine can reach."""
    path = Path(tempfile.mkdtemp(dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="for an ordinary user")
def test_an_ordinary_user_stays_who_they_are(tmp_path):
    """No namespaces, no tricks."""
    assert account.choose(tmp_path / "postgres") == account.AS_WE_ARE


@as_root
@pytest.mark.skipif(not _others_reach_us(), reason="only root may enter the folder of the programs")
def test_without_namespaces_root_becomes_nobody(no_namespaces, open_dir):
    """And PostgreSQL really starts like that."""
    server = postgres.Postgres(open_dir / "state")
    server.start()
    try:
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert (open_dir / "state" / "postgres").stat().st_uid not in {0, None}
    finally:
        server.stop()


@as_root
def test_a_folder_the_other_user_cannot_reach_is_named_with_its_cure(no_namespaces, open_dir):
    """Not a time-out, not a trace."""
    open_dir.chmod(0o700)
    with pytest.raises(errors.StateUnreachable) as caught:
        postgres.Postgres(open_dir / "state").start()
    assert "PRDGEN_STATE_DIR" in caught.value.hint


@as_root
def test_root_becomes_the_owner_of_existing_data(open_dir):
    """Data made by an ordinary user stays theirs when root starts once."""
    data = open_dir / "postgres"
    data.mkdir()
    os.chown(data, 65534, 65534)
    assert account.choose(data).uid == 65534
