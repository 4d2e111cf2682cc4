"""./lockrig calibrate"""

from pathlib import Path

import click

from lockrig.commands.options import bench_option


@click.command()
@click.argument("station")
@click.argument("capture", metavar="CAPTURE.sr", type=click.Path(path_type=Path))
@click.option(
    "--switch", metavar="CH", required=True, help="The channel on the power switch."
)
@click.option(
    "--rail",
    metavar="CH",
    required=True,
    help="The channel on the rail's comparator: high above power-on reset.",
)
@click.option(
    "--discharge",
    metavar="CH",
    default="",
    help="The channel on the discharge line, which tells hard cuts from pulled ones.",
)
@click.option(
    "--style",
    type=click.Choice(["hard", "pull"]),
    default="hard",
    show_default=True,
    help="What all cuts in the capture were, if there is no such channel.",
)
@bench_option
def calibrate(
    station: str,
    capture: Path,
    switch: str,
    rail: str,
    discharge: str,
    style: str,
    bench: Path,
) -> int:
    """Take a station's calibration from an independent capture of switch and rail.

    The capture is a sigrok session of logic channels, all active high, with one power-on
    and one power-off at least. It stands for 30 days, and the doctor does not
    measure over it.

    Exit status: 0 kept, 2 usage, or a capture that shows no such thing.

    \b
    Example:
      ./lockrig calibrate A1 cuts.sr --switch D0 --rail D1 --bench my-lab.toml
    """
    from lockrig import _core
    from lockrig.calibration import keep_capture
    from lockrig.sigrok import measure_capture
    from lockrig.table import table

    opened = _core.Bench(str(bench))
    if station not in opened.stations():
        known = ", ".join(opened.stations())
        raise ValueError(f"{bench}: no station {station}; there are {known}")
    switching = measure_capture(
        capture, switch=switch, rail=rail, discharge=discharge, style=style
    )
    kept = keep_capture(opened, station, switching.values(), capture)
    names = (("rise", "rise"), ("fall_hard", "fall, hard"), ("fall_pull", "fall, pull"))
    click.echo(
        table(
            ("", "edges", "median ms", "least ms", "most ms"),
            (
                (
                    name,
                    kept[f"{key}_count"],
                    kept[f"{key}_ms"],
                    kept[f"{key}_min_ms"],
                    kept[f"{key}_max_ms"],
                )
                for key, name in names
                if f"{key}_ms" in kept
            ),
        )
    )
    click.echo(f"uncertainty  {kept['uncertainty_us']:g} us")
    click.echo(f"station {station}: good until {kept['expires']}")
    return 0
