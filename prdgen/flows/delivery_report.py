"""the last publishing → what people, programs and `prdgen doctor` are told of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Final

from prdgen.delivery.state import now
from prdgen.errors import PrdgenError
from prdgen.flows import deliver, kept_facts, purge
from prdgen.flows.clone import Clone
from prdgen.git.doctor import Finding

_FILE: Final = "delivery.json"


@dataclass(frozen=True, slots=True)
class Report:
    """Times are ISO 8601 in UTC; empty: never."""

    where: str = ""
    published_at: str = ""
    build: str = ""
    commit: str = ""
    failure: str = ""
    hint: str = ""
    failing_since: str = ""
    untold: str = ""
    """Why the CDN was not told of the last changes."""
    untold_hint: str = ""
    untold_since: str = ""

    @property
    def state(self) -> str:
        """One word: `failing`, `untold` (published, but the CDN does not know), `new` or `ok`."""
        if self.failure:
            return "failing"
        if self.untold:
            return "untold"
        return "ok" if self.published_at else "new"


def of(clone: Clone) -> Report | None:
    """What is known of the last publishing; None: it is published nowhere. Asks nobody."""
    if not clone.settings.publish_to and not (
        clone.settings.public_site and purge.is_on(clone.settings)
    ):
        return None
    return _load(clone)


def _load(clone: Clone) -> Report:
    try:
        return Report(**kept_facts.load(clone, _FILE))
    except TypeError:
        return Report()


@contextmanager
def noting(clone: Clone) -> Iterator[None]:
    """A failure inside to publish is noted, and goes on its way."""
    try:
        yield
    except PrdgenError as error:
        known = _load(clone)
        _save(clone, replace(
            known, failure=error.message, hint=error.hint,
            failing_since=known.failing_since or now(),
        ))  # fmt: skip
        raise


@contextmanager
def noting_cdn(clone: Clone) -> Iterator[None]:
    """The same for telling the CDN."""
    try:
        yield
    except PrdgenError as error:
        known = _load(clone)
        _save(clone, replace(
            known, untold=error.message, untold_hint=error.hint,
            untold_since=known.untold_since or now(),
        ))  # fmt: skip
        raise
    known = _load(clone)
    if known.untold:
        _save(clone, replace(known, untold="", untold_hint="", untold_since=""))


def published(clone: Clone, where: str, build: str, commit: str) -> None:
    """Note that this build is public there."""
    known = _load(clone)
    _save(clone, replace(
        known, where=where, published_at=now(), build=build, commit=commit, failure="", hint="",
        failing_since="",
    ))  # fmt: skip


def _save(clone: Clone, report: Report) -> None:
    kept_facts.save(clone, _FILE, asdict(report))


def finding(clone: Clone) -> Finding:
    """What `prdgen doctor` says of publishing: the settings, and how it went last."""
    report = of(clone)
    if report is None:
        return Finding(
            "publish", ok=True, what="nowhere but public_dir; PRDGEN_PUBLISH_TO names a place"
        )
    try:
        deliver.target(clone.settings)
        if purge.is_on(clone.settings):
            purge.access(clone.settings)
    except PrdgenError as error:
        return Finding("publish", ok=False, what=error.message, cure=error.hint)
    if report.failure or report.untold:
        what, cure = (
            (report.failure, report.hint) if report.failure
            else (report.untold, report.untold_hint)
        )  # fmt: skip
        return Finding("publish", ok=False, what=what, cure=cure)
    if not report.published_at:
        return Finding("publish", ok=True, what=f"{clone.settings.publish_to}: not published yet")
    what = f"{report.where}: {report.commit[:8]} since {report.published_at}"
    return Finding("publish", ok=True, what=what)
