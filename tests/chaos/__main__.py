"""`make chaos RUNS=200 SEED=1`: so many storms; the last line is one JSON object."""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

from chaos.storm import Storm


def main() -> None:
    """Exit with 1 when anything was lost, doubled or different."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--only", type=int, help="Replay one storm of this seed, by its number.")
    asked = parser.parse_args()
    total = {"runs": 0, "words": 0, "losses": 0, "duplicates": 0, "divergences": 0}
    for number in [asked.only] if asked.only is not None else range(asked.runs):
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="prdgen-chaos-") as folder:
            storm = Storm(Path(folder), random.Random(f"{asked.seed}/{number}"))
            found = storm.run()
            if not found.good:
                sys.stderr.write(storm.house.log.read_text()[-40000:])
        total["runs"] += 1
        total["words"] += found.words
        for name in ("losses", "duplicates", "divergences"):
            total[name] += len(getattr(found, name))
        line = {"storm": number, "seconds": round(time.monotonic() - began, 1),
                "words": found.words, "faults": found.happened}  # fmt: skip
        if not found.good:
            line |= {"losses": found.losses, "duplicates": found.duplicates,
                     "divergences": found.divergences, "replay": f"--seed {asked.seed} --only {number}"}  # fmt: skip
        print(json.dumps(line), file=sys.stderr, flush=True)
    print(json.dumps({**total, "seed": asked.seed}))
    raise SystemExit(1 if total["losses"] or total["duplicates"] or total["divergences"] else 0)


if __name__ == "__main__":
    main()
