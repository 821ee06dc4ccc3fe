"""`make chaos RUNS=200 SEED=1`: so many storms; the last line is one JSON object."""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from chaos.git_storm import GitStorm
from chaos.ground import Ground
from chaos.storm import Storm, Verdict

_KEPT = Path(tempfile.gettempdir()) / "prdgen-chaos-failed"


def main() -> None:
    """Exit with 1 when anything was lost, doubled or different."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--only", type=int, help="Replay one storm of this seed, by its number.")
    parser.add_argument("--git", action="store_true", help="With people who use Git only.")
    asked = parser.parse_args()
    kind = GitStorm if asked.git else Storm
    # Ended from outside, it still stops what it started and gives its disks back.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    total = {
        "runs": 0,
        "words": 0,
        "losses": 0,
        "duplicates": 0,
        "divergences": 0,
        "fsck_errors": 0,
    }
    began, slowest = time.monotonic(), 0.0
    with tempfile.TemporaryDirectory(prefix="prdgen-chaos-") as place:
        # Servers start all the time: compiled once, and not into the project's folders.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = f"{place}/compiled"
        ground = Ground(Path(place))
        try:
            for number in [asked.only] if asked.only is not None else range(asked.runs):
                now = time.monotonic()
                found = _storm(ground, Path(place) / str(number), asked.seed, number, kind)
                slowest = max(slowest, time.monotonic() - now)
                total["runs"] += 1
                total["words"] += found.words
                for name in ("losses", "duplicates", "divergences"):
                    total[name] += len(getattr(found, name))
                total["fsck_errors"] += sum(d.startswith("git fsck") for d in found.divergences)
        finally:
            ground.stop()
    seconds = {"seconds": round(time.monotonic() - began), "slowest_s": round(slowest, 1)}
    without = [] if ground.clock else ["jump_clock"]
    print(json.dumps({**total, "seed": asked.seed, "without": without, **seconds}))
    raise SystemExit(1 if total["losses"] or total["duplicates"] or total["divergences"] else 0)


def _storm(ground: Ground, folder: Path, seed: str, number: int, kind: type[Storm]) -> Verdict:
    """One storm, told in one line; of a bad one everything is kept."""
    began = time.monotonic()
    folder.mkdir()
    storm = kind(ground, folder, random.Random(f"{seed}/{number}"))
    try:
        found = storm.run()
        _tell(storm, found, folder, seed, number, began)
    finally:
        storm.close()
        shutil.rmtree(folder)
    return found


def _tell(storm: Storm, found: Verdict, folder: Path, seed: str, number: int, began: float) -> None:
    line = {"storm": number, "seconds": round(time.monotonic() - began, 1), **found.seconds,
            "servers": found.servers, "disk": storm.disk.kind, "words": found.words,
            "faults": found.happened}  # fmt: skip
    if not found.good:
        kept = _KEPT / f"{seed}-{number}"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(folder, kept, symlinks=True, ignore=shutil.ignore_patterns("postgres"))
        (kept / "verdict.txt").write_text("\n".join(found.divergences))
        line |= {"losses": found.losses, "duplicates": found.duplicates, "kept": str(kept),
                 "divergences": found.divergences, "replay": f"SEED={seed} ONLY={number}"}  # fmt: skip
    print(json.dumps(line), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
