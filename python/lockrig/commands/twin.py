"""./lockrig twin"""

import os
import sys
import tomllib
from pathlib import Path

import click

# What rig/rehearsal/single_twin.cpp gives the lock.
SLIP = "user code 2580, programming code 70418263"
# The slowest and the fastest that it takes.
BAUD = click.IntRange(300, 12_000_000)


@click.command()
@click.option("--model", metavar="MODEL", required=True, help="6000i or 7000i.")
@click.option("--revision", metavar="REV", default="A", show_default=True)
@click.option(
    "--pty",
    metavar="PATH",
    required=True,
    type=click.Path(path_type=Path),
    help="The service port appears there: a link to a PTY. Nothing may be there yet.",
)
@click.option(
    "--baud",
    metavar="N",
    type=BAUD,
    help="The speed that bytes take on it. Default: the board's own.",
)
def twin(model: str, revision: str, pty: Path, baud: int | None) -> int:
    """Serve one virtual board's service port on a PTY, in real time.

    The lock is powered and fresh from the factory. Any SMP client over serial can talk
    to it, until Ctrl-C ends it and removes PATH. Nobody answers its check-ins.

    \b
    Example:
      ./lockrig twin --model 6000i --pty /tmp/lock
    """
    from lockrig.rehearsal import programs
    from lockrig.root import FIXTURES

    boards = FIXTURES / "boards"
    models = sorted(each.parent.name for each in boards.glob("*/board.toml"))
    if model not in models:
        raise ValueError(f"--model {model}: there are: {', '.join(models)}")
    board = tomllib.loads((boards / model / "board.toml").read_text())
    revisions = board["identity"]["revisions"]
    if revision not in revisions:
        raise ValueError(
            f"--revision {revision}: of a {model} there are: {', '.join(revisions)}"
        )
    if os.path.lexists(pty):
        raise ValueError(f"--pty {pty}: is there already")
    if not pty.absolute().parent.is_dir():
        raise ValueError(f"--pty {pty}: there is no such folder")
    program = programs() / "lockrig_rehearsal"
    if not program.is_file():
        raise ValueError(f"{program} is not built; ./lockrig twin builds it")
    click.echo(
        "Any SMP client talks to it, for example\n"
        f"  mcumgr --conntype serial --connstring dev={pty} echo hello\n"
        f"On its slip: {SLIP}. Ctrl-C ends it."
    )
    sys.stdout.flush()
    command = [str(program), "twin", "--model", model, "--revision", revision]
    command += ["--pty", str(pty), "--boards", str(boards)]
    if baud is not None:
        command += ["--speed", str(baud)]
    # In this process's place: signals and the exit status are the program's own.
    os.execv(program, command)
