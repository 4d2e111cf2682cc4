"""./lockrig doctor"""

from pathlib import Path

import click

from lockrig.commands.options import bench_option


@click.command()
@click.argument("stations", metavar="[STATION]...", nargs=-1)
@bench_option
@click.option(
    "--unplug",
    "wires",
    metavar="WIRE",
    multiple=True,
    help="Pull this wire first, to show that the doctor notices (where somebody or"
    " something can pull it); may be repeated.",
)
def doctor(stations: tuple[str, ...], bench: Path, wires: tuple[str, ...]) -> int:
    """Examine stations before anyone trusts them: all, or those that are named.

    Devices, idle levels, power on and off, bolt sensors, keypad, console, whether the
    lock is the one that the bench file names, and how late this host is. What was
    measured is kept as the station's calibration, for 30 days.

    Exit status: 0 all good, 2 usage or configuration, 3 something failed.

    \b
    Example:
      ./lockrig doctor --bench my-lab.toml A1
    """
    from lockrig import _core, rehearsal
    from lockrig.doctor import FAILED, examination_table, examine, told

    rehearsal.enter(bench)
    opened = _core.Bench(str(bench))
    known = opened.stations()
    for name in stations:
        if name not in known:
            raise ValueError(
                f"{bench}: no station {name}; there are {', '.join(known)}"
            )
    chosen = [each for each in known if not stations or each in stations]
    seen = []
    for name in chosen:
        found = examine(opened, name, unplugged=wires)
        seen.append(found)
        facts = opened.facts(name)
        click.echo(f"station {name} ({facts['board']}, {facts['serial']})")
        click.echo(examination_table(found))
        kept = found.calibration
        if kept is not None:
            click.echo(
                f"calibration of {kept['date']} by {kept['instrument']},"
                f" good until {kept['expires']}"
            )
        click.echo(f"verdict  {found.refusal or 'fit'}\n")
    failed = [each for each in seen if not each.is_sound]
    click.echo(f"{len(seen) - len(failed)} of {len(seen)} stations: nothing wrong")
    for each in failed:
        for finding in each.findings:
            if finding["status"] == FAILED:
                click.echo(f"{each.station}  {told(finding)}")
    return 3 if failed else 0
