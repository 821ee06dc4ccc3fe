"""`prdgen doctor`: what is in order, what is not, and what to do about it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prdgen.cli.main import repository_option

if TYPE_CHECKING:
    from prdgen.setting import Setting


@click.command()
@repository_option
@click.option("--settings", "show_settings", is_flag=True, help="Show the settings in force too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(repository: Path, *, show_settings: bool, as_json: bool) -> None:
    """Look at this machine and repository; exits with 1 when something is not in order.

    \b
    prdgen doctor --settings     # with every setting in force
    """
    from prdgen import settings
    from prdgen.flows import doctor

    values = settings.load(repository)
    asked = settings.SETTINGS if show_settings else ()
    shown = {each.variable: _shown(each, getattr(values, each.name)) for each in asked}
    findings = doctor.look(values)
    if as_json:
        told = {"findings": [asdict(finding) for finding in findings], "settings": shown}
        click.echo(json.dumps(told, default=str))
        raise SystemExit(not all(finding.ok for finding in findings))
    for variable, value in shown.items():
        click.echo(f"{variable} = {value}")
    for finding in findings:
        mark = click.style("ok ", fg="green") if finding.ok else click.style("NOT", fg="red")
        click.echo(f"{mark} {finding.name}: {finding.what}")
        if not finding.ok and finding.cure:
            click.echo(f"    {finding.cure}")
    if not all(finding.ok for finding in findings):
        raise SystemExit(1)


def _shown(setting: Setting, value: Any) -> Any:
    """A value as everybody may see it: no secret, and no user and password of an address."""
    from prdgen.git import remote_address

    if setting.secret:
        return "(set)" if value else value
    return remote_address.shown(value) if isinstance(value, str) else value
