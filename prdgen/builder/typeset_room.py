"""How large a diagram is on a printed page, and whether the page is turned for it."""

from __future__ import annotations

from typing import Final

from prdgen.builder.diagrams import Size

_ACROSS, _ALONG = 170.0, 224.0
"""Millimetres of an upright page that content may take."""
_TURNED_ACROSS, _TURNED_ALONG = 257.0, 138.0
_MM_A_PIXEL: Final = 25.4 / 96
_POINTS_A_PIXEL: Final = 0.75
_LEGIBLE_POINTS: Final = 6.0
_WORTH_TURNING: Final = 1.15


def placed(size: Size) -> tuple[float, float, bool]:
    """(width, height in mm, whether on a turned page): turned only where that makes words that
    would be too small larger.
    """
    width, height = size.width * _MM_A_PIXEL, size.height * _MM_A_PIXEL
    upright = min(1.0, _ACROSS / width, _ALONG / height)
    turned = min(1.0, _TURNED_ACROSS / width, _TURNED_ALONG / height)
    small = size.smallest * _POINTS_A_PIXEL * upright < _LEGIBLE_POINTS
    turns = small and turned >= _WORTH_TURNING * upright
    scale = turned if turns else upright
    return width * scale, height * scale, turns
