"""`prdgen doctor`: what is in order, what is not, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import click

from prdgen.cli.main import repository_option


@click.command()
@repository_option
@click.option("--settings", "show_settings", is_flag=True, help="Show the settings in force too.")
def command(repository: Path, *, show_settings: bool) -> None:
    """Look at this machine and repository; exits with 1 when something is not in order."""
    from prdgen import settings
    from prdgen.flows import doctor

    values = settings.load(repository)
    if show_settings:
        for setting in settings.SETTINGS:
            value = getattr(values, setting.name)
            shown = "(set)" if setting.secret and value else value
            click.echo(f"{setting.variable} = {shown}")
    findings = doctor.look(values)
    for finding in findings:
        mark = click.style("ok ", fg="green") if finding.ok else click.style("NOT", fg="red")
        click.echo(f"{mark} {finding.name}: {finding.what}")
        if not finding.ok and finding.cure:
            click.echo(f"    {finding.cure}")
    if not all(finding.ok for finding in findings):
        raise SystemExit(1)
