"""notification type → what to do about it, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TO_DO: Final[Mapping[str, str]] = {
    "git.conflict.detected": "Open it and choose: until then both are kept.",
}
"""What people are told of, and what they can do then."""
