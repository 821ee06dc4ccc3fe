"""Draws SVGs as PNGs; runs in a child process, reads and writes JSON."""

from __future__ import annotations

import base64
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import resvg_py


def main() -> None:
    """Read `[[svg, zoom], …]` from the input, write the PNGs in base64 to the output; null for one that
    cannot be drawn.
    """
    with ThreadPoolExecutor(2) as threads:
        drawn = threads.map(lambda asked: _png(*asked), json.load(sys.stdin))
        json.dump(list(drawn), sys.stdout)


def _png(svg: str, zoom: float) -> str | None:
    try:
        drawn: bytes = resvg_py.svg_to_bytes(svg_string=svg, zoom=zoom, background="#ffffff")
    except ValueError:  # the SVG says something that the library does not understand
        return None
    return base64.b64encode(drawn).decode()


if __name__ == "__main__":
    main()
