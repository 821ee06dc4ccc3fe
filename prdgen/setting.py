"""One row of the table of settings: how it is named, read, checked and explained."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

PREFIX: Final = "PRDGEN_"
LEVELS = ("debug", "info", "warning", "error")
ADDRESS = (r"(https?://[^/\s]+(/\S*)?)?", "an address that begins with http:// or https://")
OWN_ADDRESS = (
    r"(https?://[^/\s]+/?)?",
    "an address without a path that begins with http:// or https://",
)
"""Pages link to each other from the top: the server cannot stand below a path of another one."""
POSTGRES = (r"(postgres(ql)?://.+)?", "an address that begins with postgresql://")
REDIS = (r"((rediss?|unix)://.+)?", "an address that begins with redis://, rediss:// or unix://")
FOLDER = (
    r"(?!(\./)*(\.\.?|\.git)?/*$)(?!(\./)*(\.\.|\.git)/).+",
    "a folder inside the repository, or an absolute path",
)
INSIDE = (r"(?!/)(?!(.*/)?\.\.(/|$)).+", "globs of files inside the repository")
PATH = (r"((?!/)(?!(.*/)?\.\.(/|$)).+)?", "a file inside the repository")
HOST = (r".*\S.*", "an address of this machine")
WORD = (r"[^\s:]+", "a name without blanks and colons")
REMOTE = (r"(?!-)[^\x00-\x1f\x7f]*", "a remote's name, an https:// or SSH address, or a folder")
FORGE = (r"(?i)(github|gitlab|gitea|forgejo|none)?", "github, gitlab, gitea, forgejo or none")
CDN = (r"(?i)(fastly|cloudfront|cloudflare|none)?", "fastly, cloudfront, cloudflare or none")
CDN_BY = (r"(keys|addresses)?", "keys or addresses")
OPTIONAL_WORD = (r"[\w.-]*", "one word")


def row(
    default: Any,
    help_text: str,
    *,
    secret: bool = False,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    form: tuple[str, str] | None = None,
    outside: bool = False,
) -> Any:
    """One setting with its default, help and limits, as a field of `settings.Settings`."""
    facts = {"help": help_text, "secret": secret, "low": low, "high": high, "choices": choices}
    return field(default=default, metadata=facts | {"form": form, "outside": outside})


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: how a setting is named, read, checked and explained."""

    name: str
    default: Any
    help: str
    secret: bool
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    form: tuple[str, str] | None
    """What each text must look like: a pattern for the whole of it, and its words."""
    outside: bool
    """Not read from the repository: who may push there must not choose where a secret is sent."""

    @property
    def variable(self) -> str:
        """The environment variable that sets it; with `_FILE`, one naming a file that holds it."""
        return f"{PREFIX}{self.name.upper()}"

    def parse(self, given: Any) -> Any:
        """The value of this setting that `given` says, as text or in TOML's own kinds.

        Raises ValueError with what was expected and what was got.
        """
        try:
            value = _KINDS[type(self.default)](given)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(self._refusal(given)) from None
        if self.choices:
            value = value.lower()
        if (
            (self.low is not None and not value >= self.low)
            or (self.high is not None and value > self.high)
            or (self.choices and value not in self.choices)
            or not self._is_formed(value)
        ):
            raise ValueError(self._refusal(given))
        return value

    def _is_formed(self, value: Any) -> bool:
        texts = value if isinstance(value, tuple) else (value,)
        return self.form is None or all(re.fullmatch(self.form[0], text) for text in texts)

    def _refusal(self, given: Any) -> str:
        got = "something else" if self.secret else repr(given)
        return f"{self.name}: expected {self.expected}, got {got}"

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        if self.choices:
            return " or ".join((", ".join(self.choices[:-1]), self.choices[-1]))
        if self.form:
            return self.form[1]
        words = _WORDS[type(self.default)]
        if self.high is not None:
            return f"{words} from {self.low:,} to {self.high:,}".replace(",", "")
        return words if self.low is None else f"{words} of at least {self.low}"


def _bool(given: Any) -> bool:
    if isinstance(given, bool):
        return given
    if not isinstance(given, str):
        raise TypeError
    known = {"1": True, "true": True, "yes": True, "on": True}
    known |= {"0": False, "false": False, "no": False, "off": False, "": False}
    if (word := given.strip().lower()) not in known:
        raise ValueError
    return known[word]


def _list(given: Any) -> tuple[str, ...]:
    items = given.split(",") if isinstance(given, str) else given
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, str) for item in items):
        raise TypeError
    return tuple(item.strip() for item in items if item.strip())


def _int(given: Any) -> int:
    if isinstance(given, (bool, float)):
        raise TypeError
    return int(given)


def _float(given: Any) -> float:
    if isinstance(given, bool) or not math.isfinite(number := float(given)):
        raise ValueError
    return number


def _text(given: Any) -> str:
    if not isinstance(given, str):
        raise TypeError
    return given


_KINDS: Final[dict[type, Callable[[Any], Any]]] = {
    bool: _bool, int: _int, float: _float, tuple: _list, str: _text, type(Path()): Path,
}  # fmt: skip
_WORDS: Final[dict[type, str]] = {
    bool: "true or false", int: "a whole number", float: "a number", str: "text",
    tuple: "a list of texts (in the environment with commas between)", type(Path()): "a folder",
}  # fmt: skip
