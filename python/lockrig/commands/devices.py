"""./lockrig devices"""

from pathlib import Path

import click


@click.command()
@click.option(
    "--bench",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Also say which station of this bench uses which device, and what it lacks.",
)
def devices(bench: Path | None) -> int:
    """List the FTDI devices and the serial ports that are plugged in.

    \b
    Example:
      ./lockrig devices --bench my-lab.toml
    """
    from lockrig import _core
    from lockrig.devices import ftdi_table, missing, serial_table

    wanted = _core.Bench(str(bench)).devices() if bench is not None else []
    seen = _core.devices()
    click.echo(f"FTDI devices\n{ftdi_table(seen, wanted)}\n")
    click.echo(f"serial ports\n{serial_table(seen, wanted)}")
    lacking = missing(seen, wanted)
    if lacking:
        click.echo("\nnot plugged in\n" + "\n".join(lacking))
    return 0
