"""What a benchmark found: figures, the peers' figures, targets, and how they are shown."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Figures = dict[str, Any]


def percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile: the smallest value that `share` of all do not exceed."""
    if not values:
        return None
    rank = max(1, math.ceil(share * len(values)))
    return round(sorted(values)[rank - 1], 2)


def spread(name: str, values: Sequence[float], *shares: float) -> Figures:
    """`name_p50_ms` and the like, for each share; `p50_ms` when there is no name."""
    start = f"{name}_" if name else ""
    return {f"{start}p{share * 100:g}_ms": percentile(values, share) for share in shares}


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """How many times the peer's figure ours is; None when one is missing."""
    return round(ours / theirs, 4) if ours is not None and theirs else None


@dataclass(frozen=True, slots=True)
class Report:
    """One benchmark's outcome. `targets` are upper limits by figure."""

    bench: str
    figures: Figures
    targets: Mapping[str, float]
    peers: Mapping[str, Figures] = field(default_factory=dict)
    options: Figures = field(default_factory=dict)
    at_least: Mapping[str, float] = field(default_factory=dict)
    """Lower limits by figure."""
    must_hold: Sequence[str] = ()
    """Figures that are true or false, and must be true."""

    @property
    def missed(self) -> list[str]:
        """Figures over (or under) their target, not true, or not there at all."""
        found = {name: self.figures.get(name) for name in self.targets}
        over = [n for n, value in found.items() if value is None or value > self.targets[n]]
        found = {name: self.figures.get(name) for name in self.at_least}
        over += [n for n, value in found.items() if value is None or value < self.at_least[n]]
        return over + [name for name in self.must_hold if self.figures.get(name) is not True]

    def as_json(self) -> Figures:
        """Flat figures first, then what they are to be read with."""
        return {
            "bench": self.bench,
            **self.figures,
            "peers": dict(self.peers),
            "targets": {**self.targets, **self.at_least},
            "missed": self.missed,
            "options": self.options,
        }

    def as_text(self) -> str:
        """A table for people."""
        rows = [f"{self.bench}:"]
        for name, value in self.figures.items():
            target = self.targets.get(name)
            wanted = "" if target is None else f"   (at most {target:g})"
            if name in self.at_least:
                wanted = f"   (at least {self.at_least[name]:g})"
            missed = "   MISSED" if name in self.missed else ""
            rows.append(f"  {name:<34}{_shown(value)}{wanted}{missed}")
        for peer, figures in self.peers.items():
            rows += [
                f"  {peer}: {name:<{32 - len(peer)}}{_shown(v)}" for name, v in figures.items()
            ]
        return "\n".join(rows)


def _shown(value: Any) -> str:
    return f"{value:>10}" if isinstance(value, str) else f"{json.dumps(value):>10}"
