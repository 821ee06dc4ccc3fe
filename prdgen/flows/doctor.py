"""machine and repository → findings: what `prdgen doctor` says."""

from __future__ import annotations

import platform
import shutil
import sys
from importlib import metadata

from prdgen.builder import exports, pdf
from prdgen.errors import PrdgenError
from prdgen.flows import clone as clones
from prdgen.flows import delivery_report, forge_report, publish, remote_report, site_file
from prdgen.git import doctor as git_doctor
from prdgen.git.doctor import Finding
from prdgen.settings import Settings

_LOW_DISK = 500_000_000


def look(settings: Settings) -> list[Finding]:
    """Everything worth knowing, in the order in which to put it right. Blocks for seconds."""
    findings = [_python(), *git_doctor.check(settings.repository), _disk(settings), _pdf()]
    if all(f.ok for f in findings if f.name in {"git", "repository"}):
        findings += [_remote(settings), _forge(settings), _site(settings), _delivery(settings)]
    return findings


def _python() -> Finding:
    ok = (3, 11) <= sys.version_info[:2] < (3, 13)
    what = f"Python {platform.python_version()} on {platform.platform()}, prdgen " + (
        metadata.version("prdgen")
    )
    return Finding("python", ok=ok, what=what, cure="" if ok else "Use Python 3.11 or 3.12.")


def _disk(settings: Settings) -> Finding:
    where = settings.repository if settings.repository.exists() else settings.repository.parent
    free = shutil.disk_usage(where if where.exists() else "/").free
    ok = free > _LOW_DISK
    return Finding(
        "disk", ok=ok, what=f"{free // 1_000_000} MB free", cure="" if ok else "Free some space."
    )


def _pdf() -> Finding:
    try:
        pdf.make([exports.Part("Test", "<p>Test</p>")], exports.Meta(title="Test"))
    except PrdgenError as error:
        return Finding("pdf", ok=False, what=error.message, cure=error.hint)
    return Finding("pdf", ok=True, what="Typst makes PDF files")


def _remote(settings: Settings) -> Finding:
    try:
        return remote_report.finding(clones.open_clone(settings))
    except PrdgenError as error:
        return Finding("remote", ok=False, what=error.message, cure=error.hint)


def _forge(settings: Settings) -> Finding:
    try:
        return forge_report.finding(clones.open_clone(settings))
    except PrdgenError as error:
        return Finding("forge", ok=False, what=error.message, cure=error.hint)


def _delivery(settings: Settings) -> Finding:
    try:
        return delivery_report.finding(clones.open_clone(settings))
    except PrdgenError as error:
        return Finding("publish", ok=False, what=error.message, cure=error.hint)


def _site(settings: Settings) -> Finding:
    """Drawn once, so that whatever would stop publishing is known."""
    try:
        clone = clones.open_clone(settings)
        tip = clone.repository.tip(clone.main_branch)
        if tip is not None:
            publish.draw(clone, tip)
        found = site_file.findings(clone, tip) if tip else []
    except PrdgenError as error:
        return Finding("site", ok=False, what=error.message, cure=error.hint)
    seen = [each for each in found if each.seen]
    if seen:
        what = "; ".join(f"mkdocs.yml, line {each.line}: {each.message}" for each in seen)
        cures = dict.fromkeys(each.hint for each in seen)
        return Finding("site", ok=False, what=what, cure=" ".join(cures))
    left_out = "".join(f"; line {each.line}: {each.message}" for each in found)
    return Finding("site", ok=True, what=f"mkdocs.yml and the theme can be used{left_out}")
