"""What a target says about itself: which build is public, which are kept, and what is under way."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Self

from prdgen.delivery.build import Build
from prdgen.delivery.errors import TargetGarbled

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """One build that can be gone back to."""

    id: str
    commit: str
    at: str
    pages: int
    files: int


@dataclass(slots=True)
class State:
    """Kept at the target in one small file. Times are ISO 8601 in UTC or seconds since 1970."""

    turn: int = 0
    """One more at each change, so that no two states are equal."""
    current: str = ""
    """Id of the build that is public; empty: none yet."""
    published_at: str = ""
    builds: list[Kept] = field(default_factory=list)
    """Newest first; the public one is among them."""
    underway: list[str] = field(default_factory=list)
    """Builds that somebody began to put in place since the public one was whole."""
    holder: str = ""
    """Who publishes now, with a mark that nobody else has; empty: nobody."""
    retired: dict[str, float] = field(default_factory=dict)
    """Address of a fixed file that no public page asks for any more → since when."""
    purge: dict[str, int] = field(default_factory=dict)
    """Address that changed and of which the CDN was not told yet → the turn in which it last did."""
    rolled_from: str = ""
    """The commit somebody went back from: it is not published again by itself."""
    checked_at: float = 0.0
    """When all objects were last compared with what was published."""

    def find(self, build: str) -> Kept | None:
        """The kept build with this id, or whose id or commit begins so and no other's does."""
        exact = [each for each in self.builds if each.id == build]
        like = exact or [
            e
            for e in self.builds
            if build and (e.id.startswith(build) or e.commit.startswith(build))
        ]
        return like[0] if len({each.id for each in like}) == 1 else None

    @property
    def before(self) -> Kept | None:
        """The newest kept build older than the public one."""
        ids = [each.id for each in self.builds]
        after = self.builds[ids.index(self.current) + 1 :] if self.current in ids else []
        return after[0] if after else None

    def switched(self, build: Build, keep: int, *, back: bool = False) -> None:
        """This build is public now. Of each commit the newest build is kept, of at most `keep`."""
        if back:
            was = self.find(self.current)
            self.rolled_from = was.commit if was else ""
        else:
            self.rolled_from = ""
            entry = Kept(build.id, build.commit, build.at, build.pages, len(build.files))
            others = [e for e in self.builds if e.id != build.id and e.commit != build.commit]
            self.builds = [entry, *others][: max(1, keep)]
        self.current, self.published_at, self.underway = build.id, now(), []

    def note(self, changed: Iterable[str]) -> None:
        """These addresses changed: the CDN is to be told."""
        self.purge.update(dict.fromkeys(sorted(changed), self.turn))

    def forget(self, told: Mapping[str, int]) -> None:
        """The CDN was told of these. What changed again meanwhile is told again."""
        self.purge = {path: turn for path, turn in self.purge.items() if told.get(path) != turn}

    def packed(self) -> bytes:
        """The state as JSON; `unpacked` reads it."""
        return json.dumps({"version": _VERSION, **asdict(self)}, indent=1).encode()

    @classmethod
    def unpacked(cls, data: bytes, where: str) -> Self:
        """The state that `packed` wrote. Raises TargetGarbled."""
        try:
            facts: dict[str, Any] = json.loads(data)
            if (version := facts.pop("version")) != _VERSION:
                raise TargetGarbled(
                    where=where, expected=f"version {_VERSION}", got=f"version {version}"
                )
            facts["builds"] = [Kept(**each) for each in facts["builds"]]
            # Targets of earlier days have a list, and no turns in it.
            if isinstance(facts["purge"], list):
                facts["purge"] = dict.fromkeys(facts["purge"], 0)
            return cls(**facts)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            got = f"{type(error).__name__}: {error}"
            raise TargetGarbled(where=where, expected="the state of a target", got=got) from error


def now() -> str:
    """This moment."""
    return datetime.now(UTC).isoformat(timespec="seconds")
