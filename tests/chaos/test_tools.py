"""What makes a storm does what it says: else the loss test would pass for nothing."""

from __future__ import annotations

import os
import random
import resource
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from e2e.house import until

from chaos import clock
from chaos.bus import BusLine
from chaos.cable import Cable
from chaos.disk import Disk
from chaos.storm import Verdict
from chaos.terminal import both_sides

WRITER = """
import pathlib, sys
path = pathlib.Path(sys.argv[1])
for number, _ in enumerate(sys.stdin):
    try:
        path.with_name(str(number)).write_text("x" * 5000)
        print("written", flush=True)
    except OSError as error:
        print("refused", flush=True)
"""


def ask(process: subprocess.Popen[str]) -> str:
    """Let the writer try once."""
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


@pytest.mark.parametrize("mount", [True, False])
def test_a_full_disk_refuses_writes_until_there_is_room(tmp_path, monkeypatch, mount):
    """Both ways: a small filesystem, and a limit where nothing may be mounted."""
    if not mount:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
    disk = Disk(tmp_path / "disk")
    if mount and not disk.mounted:
        pytest.skip("nothing may be mounted here")
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(disk.folder / "file")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        with writer:
            assert ask(writer) == "written"
            disk.fill([writer.pid])
            assert ask(writer) == "refused"
            disk.clear([writer.pid])
            assert ask(writer) == "written"
            writer.stdin.close()
    finally:
        disk.close()
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_the_clock_jumps_for_a_running_process_and_the_steady_one_does_not(tmp_path):
    """An hour forward, then back."""
    library = clock.build(tmp_path)
    if library is None:
        pytest.skip("no compiler here")
    set_ = clock.Clock(tmp_path, library)
    say = "import sys, time\nwhile sys.stdin.readline(): print(time.time(), time.monotonic(), flush=True)"
    process = subprocess.Popen(
        [sys.executable, "-c", say], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, **set_.environment},
    )  # fmt: skip
    with process:
        for offset in (0.0, 3600.0, -5.0):
            set_.set(offset)
            wall, steady = map(float, ask(process).split())
            assert abs(wall - time.time() - offset) < 1
            assert abs(steady - time.monotonic()) < 1
        process.stdin.close()


def test_messages_between_servers_are_lost_and_late_and_nothing_else_is(servers):
    """Half is lost, half of the rest is late; what is asked is answered."""
    line = BusLine(Path(urlsplit(servers.valkey.url).path), random.Random(1))
    with redis.Redis(port=line.port) as valkey, valkey.pubsub() as heard:
        heard.subscribe("storm")
        assert heard.get_message(timeout=5)["type"] == "subscribe"
        line.worsen(0.5, 0.5)
        for number in range(200):
            valkey.publish("storm", number)
        came = []
        until(lambda: came.append(heard.get_message(timeout=0.2)) or (came[-1] is None and
              line.lost + len(list(filter(None, came))) == 200), 15)  # fmt: skip
        numbers = [int(one["data"]) for one in came if one]
        assert 60 < line.lost < 140
        assert line.held > 20
        assert numbers != sorted(numbers)
        assert max(Counter(numbers).values()) == 1
    line.close()


def test_a_cut_cable_ends_in_the_middle_and_leads_to_the_next_server(tmp_path):
    """A few more bytes come, then the end; who connects again gets the server that is left."""
    with (
        socket.create_server(("127.0.0.1", 0)) as gone,
        socket.create_server(("127.0.0.1", 0)) as left,
    ):
        ports = [one.getsockname()[1] for one in (gone, left)]
        cable = Cable(ports, random.Random(1))
        with socket.create_connection(("127.0.0.1", cable.port)) as client:
            there, _ = gone.accept()
            there.sendall(b"whole")
            assert client.recv(5) == b"whole"
            cable.cut()
            time.sleep(0.05)
            threading.Thread(target=lambda: there.sendall(b"x" * 1000)).start()
            rest = b""
            while data := client.recv(4096):
                rest += data
            assert len(rest) <= 40
            there.close()
        gone.close()
        with socket.create_connection(("127.0.0.1", cable.port)):
            left.settimeout(5)
            left.accept()[0].close()
        cable.close()


def test_a_verdict_is_good_only_without_any_fault():
    """Each of the three makes a storm a bad one."""
    assert Verdict().good
    for name in ("losses", "duplicates", "divergences"):
        assert not Verdict(**{name: ["t0x1"]}).good


def test_a_person_who_keeps_both_sides_keeps_no_line_twice():
    """The same line may stand on both sides of a conflict, and beside it."""
    text = "far2\n<<<<<<< HEAD\nt1\nfar2\nfar3\n=======\nfar3\nfar4\n>>>>>>> 1234 (Say far4)\nt1x\nt2\nt2\n"
    assert both_sides(text) == "far2\nt1\nfar3\nfar4\nt1x\nt2\nt2\n"
