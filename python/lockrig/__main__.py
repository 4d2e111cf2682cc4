"""The command line: python -m lockrig, which ./lockrig hands over to."""

import sys

import click

from lockrig import __version__, interrupts
from lockrig.commands.benchmark import benchmark
from lockrig.commands.calibrate import calibrate
from lockrig.commands.devices import devices
from lockrig.commands.doctor import doctor
from lockrig.commands.image import image
from lockrig.commands.nightly import nightly
from lockrig.commands.prove import prove
from lockrig.commands.prover import prover
from lockrig.commands.rehearse import rehearse
from lockrig.commands.replay import replay
from lockrig.commands.report import report
from lockrig.commands.run import run
from lockrig.commands.station import station
from lockrig.commands.sweep import sweep
from lockrig.commands.test import test
from lockrig.commands.twin import twin
from lockrig.root import ROOT

USAGE, INTERRUPTED = 2, 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lockrig")
def cli() -> None:
    """A hardware-in-the-loop test rig for keypad Wi-Fi locks.

    \b
    Examples:
      ./lockrig nightly
      ./lockrig run scenarios -k "ID-01 and A1"
      ./lockrig replay 3f9a0c1d2b4e
    """


for command in (
    nightly,
    run,
    sweep,
    prove,
    replay,
    report,
    doctor,
    devices,
    calibrate,
    rehearse,
    twin,
    image,
    benchmark,
    test,
    station,
    prover,
):
    cli.add_command(command)


def main() -> int:
    """A caller's mistake is one line on stderr and exit status 2."""
    interrupts.heed()
    # The reports stand beside this package, not in it.
    if str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))
    try:
        status = cli.main(prog_name="./lockrig", standalone_mode=False)
    except click.ClickException as error:
        return _refuse(error.format_message())
    except ValueError as error:
        return _refuse(str(error))
    except (KeyboardInterrupt, click.Abort):
        print("lockrig: interrupted", file=sys.stderr)
        return INTERRUPTED
    return status if isinstance(status, int) else 0


def _refuse(what: str) -> int:
    print(f"lockrig: {' '.join(what.split())}", file=sys.stderr)
    return USAGE


if __name__ == "__main__":
    sys.exit(main())
