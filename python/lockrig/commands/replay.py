"""./lockrig replay"""

from pathlib import Path

import click


@click.command()
@click.argument("identifier", metavar="ID")
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The folder of the run it is from. Default: the latest run in reports/out that"
    " has it.",
)
@click.option(
    "--run",
    "run_db",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The journal it is from, DIR/run.db.",
)
@click.option(
    "--trace",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the whole trace there, as JSON lines.",
)
@click.option(
    "--shrink",
    "shrinks",
    is_flag=True,
    help="Of a virtual lock that failed: look for the smallest trial that still fails so,"
    " and print it as five lines of Python.",
)
def replay(
    identifier: str,
    out: Path | None,
    run_db: Path | None,
    trace: Path | None,
    shrinks: bool,
) -> int:
    """Run a recorded trial again, and compare.

    Prints the oracle's answers with what was measured, and the cuts as they were
    requested and achieved. A trial that was forked from a sweep is run whole: its trace
    is longer than the recorded one, and the verdicts are compared.

    Exit status: 0 recovered, 1 the lock failed, 3 inconclusive or not as recorded.

    \b
    Example:
      ./lockrig replay 3f9a0c1d2b4e --out /tmp/nightly --trace trace.jsonl --shrink
    """
    from lockrig.replaying import find_journal, replay_trial

    if out is not None and run_db is not None:
        raise ValueError("--out and --run name the same thing: give one")
    if out is not None:
        run_db = out / "run.db"
    return replay_trial(identifier, find_journal(identifier, run_db), trace, shrinks)
