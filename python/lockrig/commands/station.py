"""./lockrig _station: one station's share of a run (lockrig/side_by_side.py)."""

import os
from pathlib import Path

import click


@click.command(name="_station", hidden=True)
@click.argument("share")
def station(share: str) -> int:
    """Run one station's share; called by lockrig itself."""
    from lockrig import _core
    from lockrig.commands.execute import own_output, run_pytest
    from lockrig.plugin import CasePlugin
    from lockrig.run import Run
    from lockrig.side_by_side import Share
    from lockrig.wire_display import WireDisplay

    asked = Share.from_json(share)
    run = Run(
        bench=_core.Bench(asked.bench),
        seed=asked.seed,
        out=Path(asked.out),
        workers=1,  # trials at a time that a real station bears
        command_line=asked.command_line,
        blind=asked.blind,
        only=(asked.station,),
    )
    with own_output() as stream:
        plugin = CasePlugin(
            run,
            WireDisplay(stream),
            tier=asked.tier,
            with_controls=asked.controls,
            with_night=asked.night,
        )
        paths = tuple(map(Path, asked.paths))
        status, said = run_pytest(plugin, paths, asked.expression)
        if status > 1 and not plugin.interrupted:
            os.write(2, said.encode())
        return 0 if plugin.interrupted else int(status)
