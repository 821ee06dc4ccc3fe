"""Percentiles, ratios and the shape of what a benchmark prints."""

import json

from bench.figures import Report, percentile, ratio, spread


def test_percentiles_are_values_that_were_seen():
    """Nearest rank: no percentile lies between two values."""
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.99, 1)] == [50, 99, 100]
    assert percentile([7.0], 0.5) == percentile([7.0], 0.99) == 7


def test_without_values_there_is_no_percentile():
    """Nothing arrived: the figure is missing rather than zero."""
    assert percentile([], 0.5) is None
    assert spread("file", [], 0.99) == {"file_p99_ms": None}


def test_a_ratio_needs_both_figures():
    """A peer that was left out gives no ratio."""
    assert ratio(3, 24) == 0.125
    assert ratio(3, None) is ratio(None, 3) is ratio(3, 0) is None


def test_a_report_says_what_was_missed():
    """Over the target, and not measured at all, are both misses; at the target is not."""
    report = Report(
        "start", {"first_s": 9.0, "warm_s": 3}, {"first_s": 8, "warm_s": 3, "rss_mb": 1}
    )
    assert report.missed == ["first_s", "rss_mb"]
    assert "MISSED" in report.as_text().splitlines()[1]


def test_figures_are_flat_and_peers_apart():
    """A program finds `p50_ms` at the top, the peer's under its name, in one line of JSON."""
    report = Report("sync", {"p50_ms": 1.5}, {"p50_ms": 15}, {"other": {"p50_ms": 2.0}})
    line = json.dumps(report.as_json())
    assert "\n" not in line
    found = json.loads(line)
    assert (found["p50_ms"], found["peers"]["other"]["p50_ms"]) == (1.5, 2.0)
    assert found["missed"] == []
