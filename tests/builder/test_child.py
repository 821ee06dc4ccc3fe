"""Child processes have no secrets, no network, no time without end."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from prdgen.builder import child, errors, fill, making
from prdgen.builder.manifest import PageFacts
from prdgen.builder.sources import PageSource

PYTHON = [sys.executable, "-I", "-S", "-c"]


def run(code: str, seconds: float = 20, **options) -> str:
    return child.run([*PYTHON, code], what="a test", seconds=seconds, **options).decode()


def test_no_environment_of_ours(monkeypatch):
    """What stands in this process' environment is not in the child's (trap 17)."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    assert "sk-secret" not in run("import os; print(dict(os.environ))")


def test_no_network():
    """A child of Linux reaches no address, not even this machine's own (trap 17)."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux can take the network away")
    code = (
        "import socket; s = socket.socket(); s.settimeout(2); print(s.connect_ex(('127.0.0.1', 9)))"
    )
    assert int(run(code)) != 0
    code = "import socket\ntry: socket.create_connection(('192.0.2.1', 80), 1)\nexcept OSError as e: print(e.errno)"
    assert int(run(code)) in {101, 1, 13}


def test_failure_says_why():
    """The end of the child's error output is in the error."""
    with pytest.raises(errors.ChildFailed, match="no such luck"):
        run("import sys; sys.exit('no such luck')")


async def test_time_limit_kills_the_whole_group(tmp_path, eventually):
    """A child that takes too long dies with the children it started."""
    note = tmp_path / "pid"
    code = (
        "import os, subprocess, sys, time\n"
        f"p = subprocess.Popen([{sys.executable!r}, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(note)!r}, 'w').write(str(p.pid)); time.sleep(60)"
    )
    with pytest.raises(errors.ChildTookTooLong):
        run(code, seconds=3)
    await eventually(lambda: not _alive(int(note.read_text())))


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_memory_limit():
    """A child that wants more memory than it may fails, and only it."""
    limits = child.Limits(memory_bytes=512 * 1024**2)
    with pytest.raises(errors.ChildFailed, match="MemoryError"):
        run("x = bytearray(2 * 1024**3)", limits=limits)


def test_file_size_limit():
    """A child cannot fill the disk with one file."""
    with pytest.raises(errors.ChildFailed):
        run("open('big', 'wb').write(bytes(5_000_000))", limits=child.Limits(file_bytes=1_000_000))


def test_worker_answers_several_questions():
    """A worker keeps what it was told between questions."""
    with child.Workers("prdgen.builder.crew_child", 1, what="a test", seconds=30) as workers:
        (facts,) = workers.ask(0, {"facts": [PageSource("a.md", "1", partial(str, "# Hello\n"))]})
        assert facts["title"] == "Hello"
        assert workers.ask(0, {"facts": []}) == []


def test_worker_that_fails_says_why():
    """A question the child cannot answer ends in an error with its reason."""
    with child.Workers("prdgen.builder.crew_child", 1, what="a test", seconds=30) as workers:
        with pytest.raises(errors.ChildFailed, match="before the setting"):
            order = making.Order(PageFacts("a.md", "1", "A"), "# A\n", fill.Surroundings())
            workers.ask(0, {"orders": [order]})


def test_a_child_steps_back_behind_others():
    """`nice` is how far below the usual priority it runs."""
    code = "import os; print(os.nice(0))"
    usual = int(run(code))
    assert int(run(code, limits=child.Limits(nice=7))) == min(19, usual + 7)


def test_workers_are_forks_that_answer_for_themselves():
    """Each has what it was told, and the end of one is told as its own."""
    with child.Workers("prdgen.builder.crew_child", 3, what="a test", seconds=30) as workers:
        pages = [PageSource(f"{n}.md", "1", partial(str, f"# Page {n}\n")) for n in range(3)]
        with ThreadPoolExecutor() as threads:
            asked = [
                threads.submit(workers.ask, n, {"facts": [page]}) for n, page in enumerate(pages)
            ]
        assert [each.result()[0]["title"] for each in asked] == ["Page 0", "Page 1", "Page 2"]
        with pytest.raises(errors.ChildFailed, match="before the setting"):
            order = making.Order(PageFacts("a.md", "1", "A"), "# A\n", fill.Surroundings())
            workers.ask(1, {"orders": [order]})
        assert workers.ask(2, {"facts": []}) == []
        assert workers.ask(0, {"facts": []}) == []


async def test_workers_end_with_their_context(eventually):
    """No fork stays behind, whatever it was doing."""
    with child.Workers("prdgen.builder.crew_child", 3, what="a test", seconds=30) as workers:
        assert workers.ask(2, {"facts": []}) == []
        group = workers._process.pid
        assert len(_group(group)) == 3
    await eventually(lambda: not _group(group))


def _group(leader: int) -> list[int]:
    """Processes of a group that have not ended."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _alive(int(entry.name)):
            try:
                found += [entry.name] if os.getpgid(int(entry.name)) == leader else []
            except ProcessLookupError:
                continue
    return found


def test_who_watches_may_stop_it(monkeypatch):
    """A watcher is asked again and again; what it raises ends the child, and what is said is whole."""
    monkeypatch.setattr(child, "_LOOK", 0.05)
    asked = []
    code = "import sys, time; time.sleep(0.3); print(len(sys.stdin.read()))"
    argv, given = [*PYTHON, code], b"x" * 1_000_000
    said = child.run(argv, given, what="a test", seconds=20, watch=lambda: asked.append(1))
    assert (said, len(asked) > 1) == (b"1000000\n", True)

    def stop():
        raise errors.ExportCancelled(what="a test")

    with pytest.raises(errors.ExportCancelled):
        run("import time; time.sleep(60)", watch=stop)
    with pytest.raises(errors.ChildTookTooLong):
        run("import time; time.sleep(60)", seconds=0.3, watch=lambda: None)
