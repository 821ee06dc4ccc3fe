"""As many requests as a server answers: wrk, with a mix of pages in which few are read by most."""

from __future__ import annotations

import re
import subprocess
import tempfile
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Final

from bench import debian

CONNECTIONS: Final = 50
_DRAWN: Final = 5_000
_RATE: Final = re.compile(r"^Requests/sec:\s+([\d.]+)", re.MULTILINE)
_COUNT: Final = re.compile(r"^\s*(\d+) requests in", re.MULTILINE)
_LATENCY: Final = re.compile(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s)$", re.MULTILINE)
_WRONG: Final = re.compile(r"^\s*(?:Non-2xx or 3xx responses|Socket errors): (.*)$", re.MULTILINE)
_MILLISECONDS: Final = {"us": 0.001, "ms": 1.0, "s": 1000.0}
_SCRIPT: Final = """\
local requests, at = {}, 0
function init(_)
  for line in io.lines("%s") do requests[#requests + 1] = wrk.format("GET", line) end
end
function request()
  at = at %% #requests + 1
  return requests[at]
end
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run saw."""

    rps: float
    requests: int
    p50_ms: float
    p99_ms: float
    wrong: str
    """What went wrong, in wrk's words; empty: nothing."""


class Zipf:
    """Draws places in a list so that the n-th is drawn 1/n times as often as the first."""

    def __init__(self, count: int, seed: int) -> None:
        self._sums = list(accumulate(1 / (place + 1) for place in range(count)))
        self._random = Random(seed)

    def draw(self) -> int:
        """One place, from 0."""
        return bisect(self._sums, self._random.random() * self._sums[-1])

    def chance(self, share: float) -> bool:
        """True so often, from 0 to 1."""
        return self._random.random() < share


def find() -> debian.Program | None:
    """wrk, if it can be had."""
    return debian.find("wrk", "wrk", "libluajit-5.1-2", "libluajit-5.1-common")


def hammer(
    wrk: debian.Program, site: str, paths: Sequence[str], seconds: float, *headers: str
) -> Outcome:
    """50 connections that each ask for the next page as soon as they have one."""
    with tempfile.TemporaryDirectory(prefix="prdgen-wrk-") as name:
        drawn, zipf = Path(name, "paths"), Zipf(len(paths), 1)
        drawn.write_text("\n".join(paths[zipf.draw()] for _ in range(_DRAWN)), "utf-8")
        script = Path(name, "mix.lua")
        script.write_text(_SCRIPT % drawn, "utf-8")
        done = subprocess.run(
            [wrk.path, "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "--latency", "-s", str(script),
             *(word for header in headers for word in ("-H", header)), site],
            env=wrk.environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
    said = done.stdout
    rate, count = _RATE.search(said), _COUNT.search(said)
    assert rate, said
    assert count, said
    latency = {share: float(n) * _MILLISECONDS[unit] for share, n, unit in _LATENCY.findall(said)}
    wrong = "; ".join(_WRONG.findall(said))
    return Outcome(float(rate[1]), int(count[1]), latency["50"], latency["99"], wrong)
