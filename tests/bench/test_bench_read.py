"""The benchmark of reading: what its readers call stale and torn, and which pages they read most."""

import json
import subprocess
import sys

import pytest

from bench import node, reader, repositories
from bench.figures import Report
from bench.hammer import Zipf


def test_a_page_of_two_editions_is_torn():
    """Beginning and end must say the same; a page without any is whole."""
    assert reader.edition(b"Edition 7. words Edition 7.") == (7, True)
    assert reader.edition(b"Edition 7. words Edition 8.") == (8, False)
    assert reader.edition(b"words") == (0, True)


def test_an_answer_is_stale_by_the_time_since_a_newer_one_was_public():
    """Counted until the request was made, not until its answer came."""
    public = reader.Public(reading=None, pages={}, since={"/a/": [(10.0, 1), (20.0, 2), (30.0, 3)]})
    assert public.behind("/a/", 1, 19.9) == 0
    assert public.behind("/a/", 1, 25.0) == 5.0
    assert public.behind("/a/", 2, 25.0) == 0
    assert public.behind("/b/", 1, 25.0) == 0


def test_the_first_page_is_read_most():
    """The n-th a n-th part as often."""
    zipf = Zipf(100, 1)
    drawn = [zipf.draw() for _ in range(20_000)]
    assert 1.7 < drawn.count(0) / drawn.count(1) < 2.3
    assert set(drawn) <= set(range(100))


def test_a_lower_limit_is_missed_from_below():
    """And shown as one."""
    report = Report("read", {"read_ratio": 0.2}, {}, at_least={"read_ratio": 0.3})
    assert report.missed == ["read_ratio"]
    assert "at least 0.3" in report.as_text()
    assert report.as_json()["targets"] == {"read_ratio": 0.3}


@pytest.mark.slow
def test_read_on_three_pages(tmp_path):
    """Nothing stale, nothing torn, and every level is in the answer; speeds when the programs are there."""
    (tmp_path / "rfcs").mkdir()
    for name in ("0001-first", "0002-second", "0009-last-words"):
        text = repositories.page_text(1, editors=1, characters=4000)
        (tmp_path / "rfcs" / f"{name}.md").write_text(text, "utf-8")
    command = ["-m", "bench", "read", "--json", "--seconds", "1", "--corpus", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, *command], cwd=node.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["stale_reads"], found["torn_reads"], found["read_errors"]) == (0, 0, 0)
    assert found["reads"] > 0
    assert set(found["level_hit_share"]) == {"browser", "memory", "valkey", "store"}
