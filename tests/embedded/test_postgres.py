"""The embedded PostgreSQL: starts, survives, is adopted, ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psycopg
import pytest

from prdgen.embedded import errors, process


@pytest.fixture
def postgres(make, prepared):
    server = make(prepared, valkey_too=False).postgres
    server.start()
    yield server
    server.stop()


def ask(server, query):
    with psycopg.connect(server.url, autocommit=True) as connection:
        cursor = connection.execute(query)
        return cursor.fetchall() if cursor.description else None


def test_start_gives_a_database_in_utf8_that_sorts_by_code_point(postgres):
    """Sorting must not depend on the machine's locale."""
    found = ask(postgres, "SELECT datname, pg_encoding_to_char(encoding), datlocale "
                          "FROM pg_database WHERE datname = current_database()")  # fmt: skip
    assert found == [("prdgen", "UTF8", "C.UTF-8")]


def test_nothing_listens_on_the_network(postgres):
    """Trust is safe only while the socket is the one way in."""
    assert ask(postgres, "SHOW listen_addresses") == [("",)]


def test_the_socket_is_in_a_private_folder(postgres):
    """Other users of the machine must not get in."""
    assert postgres._socket_dir.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name, value", [("fsync", "on"), ("full_page_writes", "on"),
                                         ("synchronous_commit", "on"), ("jit", "off")])  # fmt: skip
def test_settings_keep_what_was_committed(postgres, name, value):
    """What is acknowledged is on the disk."""
    assert ask(postgres, f"SHOW {name}") == [(value,)]


def test_a_warm_start_takes_less_than_a_second(postgres):
    """People restart the server while they work."""
    postgres.stop()
    began = time.perf_counter()
    postgres.start()
    assert time.perf_counter() - began < 1.0


def test_start_again_is_nothing_new(postgres):
    """The supervisor may call it at any time."""
    before = postgres.pid
    postgres.start()
    assert postgres.pid == before


def test_rows_survive_kill_9_of_the_postmaster(postgres):
    """Trap: starting fails until the orphans have left, so it is tried for a while."""
    ask(postgres, "CREATE TABLE kept AS SELECT * FROM generate_series(1, 20000)")
    os.kill(postgres.pid, signal.SIGKILL)
    postgres.start()
    assert ask(postgres, "SELECT count(*) FROM kept") == [(20_000,)]
    ask(postgres, "DROP TABLE kept")


def test_starts_when_the_dead_servers_number_belongs_to_another_process(postgres, prepared):
    """After a restart of the machine the number in postmaster.pid may be anybody's."""
    os.kill(postgres.pid, signal.SIGKILL)
    assert process.wait_until(lambda: postgres.pid is None, 5)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        pid_file = prepared / "postgres" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        postgres.start()
        assert postgres.pid != stranger.pid
        assert stranger.poll() is None
        stranger.kill()


def test_a_second_user_adopts_the_running_server(postgres, make, prepared):
    """One clone has one server, whoever comes second."""
    other = make(prepared, valkey_too=False).postgres
    other.start()
    assert (other.pid, other.url) == (postgres.pid, postgres.url)


def test_the_server_runs_until_its_last_user_leaves(postgres, make, prepared):
    """A command beside the server must not take its database away."""
    other = make(prepared, valkey_too=False).postgres
    other.start()
    postgres.stop()
    assert ask(other, "SELECT 1") == [(1,)]
    other.stop()
    assert other.pid is None


def test_a_server_left_by_a_killed_process_is_adopted_and_then_ended(make, prepared):
    """kill -9 of prdgen leaves a server behind; the next start owns it."""
    script = f"""if True:
        import os, pathlib, signal
        from prdgen.embedded.postgres import Postgres
        server = Postgres(pathlib.Path({str(prepared)!r}))
        server.start()
        print(server.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)"""
    died = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    left = int(died.stdout)
    server = make(prepared, valkey_too=False).postgres
    server.start()
    assert server.pid == left
    server.stop()
    assert process.command_of(left) == ""


def test_a_dropped_database_is_made_again_at_the_next_start(postgres):
    """Promise 2: DROP DATABASE loses nothing that Git has."""
    with psycopg.connect(postgres.url.replace("/prdgen?", "/postgres?"), autocommit=True) as admin:
        admin.execute("DROP DATABASE prdgen WITH (FORCE)")
    postgres.start()
    assert ask(postgres, "SELECT 1") == [(1,)]


def test_a_data_directory_is_whole_or_not_there(make, tmp_path):
    """A kill during initdb leaves a folder aside that the next start clears."""
    left = tmp_path / "state" / "postgres-new-1"
    left.mkdir(parents=True)
    server = make(valkey_too=False).postgres
    server.start()
    assert not left.exists()
    assert ask(server, "SELECT 1") == [(1,)]


def test_a_deep_state_folder_still_has_a_short_socket_path(make, tmp_path):
    """A socket's path may have about 100 characters."""
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    server = make(deep, valkey_too=False).postgres
    server.start()
    assert len(str(server._socket_dir)) <= 80
    assert ask(server, "SELECT 1") == [(1,)]


def test_a_broken_data_directory_is_reported_with_the_servers_own_words(
    make, tmp_path, monkeypatch
):
    """The person needs the cause and the place of the log, not a time-out."""
    monkeypatch.setattr("prdgen.embedded.postgres._START_SECONDS", 0.1)
    data = tmp_path / "state" / "postgres"
    data.mkdir(parents=True, mode=0o700)
    with pytest.raises(errors.EmbeddedFailed, match=r"postgresql\.conf") as caught:
        make(valkey_too=False).postgres.start()
    assert "postgres.log" in caught.value.hint


def test_it_starts_when_a_dead_servers_number_is_somebody_elses(make):
    """After a crash, numbers of processes come round again, in the socket's lock too."""
    server = make(valkey_too=False).postgres
    server.start()
    pid = server.pid
    os.kill(pid, signal.SIGKILL)
    process.wait_until(lambda: server.pid is None, 10)
    (lock,) = server._socket_dir.glob(".s.PGSQL.*.lock")
    lines = lock.read_text().splitlines()
    lock.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
    server.start()
    assert server.pid not in {None, pid}
    server.stop()
