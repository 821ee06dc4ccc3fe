"""`prdgen publish`: the site to where others serve it, the builds there, and the way back."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prdgen.cli.main import repository_option

if TYPE_CHECKING:
    from prdgen.delivery.state import State
    from prdgen.delivery.target import Outcome


@click.command()
@repository_option
@click.option("--to", default="", help="Folder or s3://bucket/folder.  [default: publish_to]")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--no-build", is_flag=True, help="Publish what was built last, as it is.")
@click.option("--list", "list_builds", is_flag=True, help="List the builds that are kept there.")
@click.option(
    "--roll-back", is_flag=False, flag_value="", default=None, metavar="[BUILD]",
    help="Make a kept build public again: the one before, or this one (or its commit).",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def command(
    repository: Path, to: str, roll_back: str | None, *, dry_run: bool, no_build: bool,
    list_builds: bool, as_json: bool,
) -> None:  # fmt: skip
    """Build the main branch's site and publish it to a folder or a bucket.

    Only what changed is sent; readers see whole pages at every moment, also when this is killed.
    Keys and tokens are settings (PRDGEN_PUBLISH_KEY, PRDGEN_PUBLISH_SECRET, PRDGEN_CDN_TOKEN, each
    also as a file with _FILE), never part of an address.

    \b
    prdgen publish --to file:///srv/www/prds
    prdgen publish --to s3://prds.example.org --dry-run
    prdgen publish --roll-back
    """
    import anyio

    from prdgen import settings
    from prdgen.flows import clone as clones
    from prdgen.flows import deliver, delivery_report, publish, purge

    clone = clones.open_clone(settings.load(repository))
    place = deliver.target(clone.settings, to)
    if list_builds:
        _show_builds(place.state(), place.where, as_json=as_json)
        return
    if roll_back is not None:
        done = place.roll_back(roll_back, _progress)
    else:
        if not no_build:
            tip = clones.tip_of(clone, clone.main_branch)
            publish.finish(clone, tip, twins=deliver.has_twins(clone.settings, place))
        done = deliver.plan(clone, place) if dry_run else deliver.send(clone, place, _progress)
    _show(done, place.where, as_json=as_json, dry_run=dry_run)
    if not dry_run and not to:
        delivery_report.published(clone, place.where, done.build, done.commit)
    if not dry_run:
        with nullcontext() if to else delivery_report.noting_cdn(clone):
            anyio.run(purge.run, clone.settings, place)


def _progress(step: str, done: int, everything: int) -> None:
    """One line that is written over, for people."""
    if sys.stderr.isatty():
        of = f" of {everything}" if everything else ""
        click.echo(f"\r{done}{of} {step}\033[K", err=True, nl=done == everything)


def _show(done: Outcome, where: str, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        click.echo(json.dumps({"where": where, "dry_run": dry_run, **asdict(done)}))
        return
    for path in done.mended:
        click.echo(f"{path}: was not what prdgen published; put right", err=True)
    if dry_run:
        for sign, paths in (("+", done.changed), ("-", done.gone)):
            for path in paths:
                click.echo(f"{sign} {path}")
    would = "would have " if dry_run else ""
    size = "" if dry_run else f" ({done.sent_bytes / 1e6:.1f} MB)"
    click.echo(
        f"{where} {would if dry_run else 'has '}build {done.build} of {done.commit[:8]}: "
        f"{done.sent} files sent{size}, {len(done.changed)} addresses changed, {len(done.gone)} gone"
    )


def _show_builds(state: State | None, where: str, *, as_json: bool) -> None:
    builds, current = (state.builds, state.current) if state else ([], "")
    if as_json:
        shown = [asdict(e) | {"public": e.id == current} for e in builds]
        click.echo(json.dumps({"where": where, "builds": shown}))
        return
    if not builds:
        click.echo(f"Nothing was published to {where} yet.")
    for each in builds:
        public = "public" if each.id == current else ""
        click.echo(
            f"{each.id}  {each.commit[:8]}  {each.at}  {each.pages} pages, {each.files} files  {public}"
            .rstrip()
        )  # fmt: skip
