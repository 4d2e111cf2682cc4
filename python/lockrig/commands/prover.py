"""./lockrig _prover: a worker of a proof (lockrig/prove/crew.py)."""

import os
import sys
from pathlib import Path

import click


@click.command(name="_prover", hidden=True)
@click.argument("share")
def prover(share: str) -> int:
    """Run items as asked on standard input; called by lockrig itself."""
    from lockrig import _core
    from lockrig.commands.execute import INTERNAL_ERROR, own_output, run_pytest
    from lockrig.prove.prover import Prover
    from lockrig.prove.wire import Share
    from lockrig.run import Run

    asked = Share.from_json(share)
    run = Run(
        bench=_core.Bench(asked.bench),
        seed=asked.seed,
        out=Path(os.devnull),  # nothing is written
        workers=1,
        command_line="",
        only=asked.stations,
    )
    # pytest has its own standard input while a scenario runs.
    with own_output() as stream, os.fdopen(os.dup(0)) as tasks:
        plugin = Prover(run, asked.tier, tasks, stream)
        status, said = run_pytest(
            plugin, tuple(map(Path, asked.paths)), asked.expression
        )
    if status == INTERNAL_ERROR:
        print(said, file=sys.stderr)
        return INTERNAL_ERROR
    if said and not plugin.interrupted:
        raise ValueError(said.removeprefix("ERROR: "))
    return 0
