"""The embedded Valkey."""

from __future__ import annotations

import os
import signal
import time

import pytest
import redis

from prdgen.embedded import process


@pytest.fixture
def valkey(make):
    server = make(postgres_too=False).valkey
    server.start()
    return server


def test_it_answers_and_keeps_nothing_on_disk(valkey):
    """Nothing in it that cannot be lost."""
    with redis.Redis.from_url(valkey.url) as connection:
        assert connection.config_get("save") == {"save": ""}
        assert connection.config_get("appendonly") == {"appendonly": "no"}


def test_a_full_memory_never_evicts_an_event_stream(valkey):
    """Only keys with a time to live may go."""
    with redis.Redis.from_url(valkey.url) as connection:
        connection.xadd("events", {"event": "1"})
        connection.config_set("maxmemory", "3mb")
        for number in range(2000):
            connection.set(f"cache:{number}", b"x" * 4000, ex=600)
        assert connection.xlen("events") == 1
        assert connection.info("stats")["evicted_keys"] > 0


def test_it_starts_in_a_moment_after_kill_9(valkey):
    """Its old socket and number must not be in the way."""
    os.kill(valkey.pid, signal.SIGKILL)
    process.wait_until(lambda: valkey.pid is None, 5)
    began = time.perf_counter()
    valkey.start()
    assert time.perf_counter() - began < 1.0
    assert valkey.pid


def test_a_second_user_adopts_it_and_the_last_one_ends_it(valkey, make):
    """One clone has one."""
    other = make(postgres_too=False).valkey
    other.start()
    pid = valkey.pid
    assert other.pid == pid
    valkey.stop()
    assert other.pid == pid
    other.stop()
    assert process.command_of(pid) == ""
