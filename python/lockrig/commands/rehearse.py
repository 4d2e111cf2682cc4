"""./lockrig rehearse"""

from pathlib import Path

import click


@click.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--bench",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A bench of kind rehearsal. Default: fixtures/benches/rehearsal.toml.",
)
@click.argument("command", metavar="-- COMMAND...", nargs=-1, required=True)
def rehearse(bench: Path | None, command: tuple[str, ...]) -> int:
    """Run a command where a rehearsal's emulated devices are plugged in.

    The paced twins of the bench live as long as the command does. python3 is the one
    that lockrig is built for. The exit status is the command's.

    \b
    Examples:
      ./lockrig rehearse -- python3 my_script.py
      ./lockrig rehearse -- ./lockrig devices
    """
    from lockrig.rehearsal import rehearse_command
    from lockrig.root import REHEARSAL_BENCH

    return rehearse_command(bench or REHEARSAL_BENCH, command)
