"""Runs scenarios and says what came of them: what `run` and `nightly` have in common."""

import contextlib
import io
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from lockrig import _core, rehearsal
from lockrig.root import found
from lockrig.run import Run, default_out, random_seed, refuse_unfit

if TYPE_CHECKING:
    from lockrig.plugin import CasePlugin

INTERRUPTED = 130
# pytest.ExitCode, without importing pytest for --help.
INTERNAL_ERROR, USAGE_ERROR = 3, 4


def prepare(
    bench: Path,
    seed: int | None,
    out: Path | None,
    workers: int | None,
    blind: tuple[str, ...] = (),
) -> Run:
    """A run with its defaults filled in. ValueError for a wrong bench file or folder."""
    rehearsal.enter(bench)
    if seed is None:
        seed = random_seed()
    run = Run(
        bench=_core.Bench(str(bench)),
        seed=seed,
        out=out if out is not None else default_out(seed),
        workers=workers or os.cpu_count() or 1,
        command_line=shlex.join(["./lockrig", *sys.argv[1:]]),
        blind=blind,
    )
    refuse_unfit(run.out)
    return run


def resumed(out: Path, workers: int | None) -> Run:
    """A run that was stopped, to be gone on with. ValueError if there is none, or it has
    ended."""
    file = out / "run.db"
    if not file.is_file():
        raise ValueError(f"--resume {out}: there is no run.db")
    journal = _core.Journal.resume(str(file))
    request = journal.info("request")
    if request is None:
        raise ValueError(f"--resume {out}: not a sweep")
    if journal.info("wall_s") is not None:
        raise ValueError(
            f"--resume {out}: it has ended; there is nothing to go on with"
        )
    bench = found(journal.info("bench") or "")
    rehearsal.enter(bench)
    return Run(
        bench=_core.Bench(str(bench)),
        seed=int(journal.info("seed") or 0),
        out=out,
        workers=workers or os.cpu_count() or 1,
        command_line=journal.info("command_line") or "",
        request=request,
        resumed=True,
    )


def execute(
    run: Run,
    paths: tuple[Path, ...],
    expression: str,
    *,
    tier: str,
    controls: bool,
    night: bool = False,
) -> int:
    """Runs what is selected, renders the report, and returns the exit status. `night`:
    the doctor first, the shams last."""
    from lockrig.closing import print_closing
    from lockrig.display import make_display
    from lockrig.plugin import CasePlugin
    from lockrig.side_by_side import run_side_by_side

    for path in paths:
        if not Path(str(path).partition("::")[0]).exists():
            raise ValueError(f"{path}: there is no such file or folder")
    # Worlds in simulated time share the processors by themselves.
    side_by_side = run.bench.kind != "virtual"
    with own_output() as stream:
        display = make_display(stream)
        plugin = CasePlugin(
            run,
            display,
            tier=tier,
            with_controls=controls,
            only_collect=side_by_side,
            with_night=night,
        )
        status, said = run_pytest(plugin, paths, expression)
        results, interrupted = plugin.results, plugin.interrupted
        if side_by_side and status == 0:
            run.start()
            try:
                results = run_side_by_side(
                    run,
                    display,
                    paths,
                    expression,
                    tier=tier,
                    controls=controls,
                    night=night,
                    works=plugin.works,
                )
                run.finish()
            except KeyboardInterrupt:
                interrupted = True
        display.close()
        if not run.started:
            if interrupted:
                return INTERRUPTED
            if status == USAGE_ERROR:
                raise ValueError(said.removeprefix("ERROR: "))
        if status == INTERNAL_ERROR:
            print(said, file=sys.stderr)
        from reports import exit_status, render

        record = render(run.out)
        print_closing(record, results, run, stream)
    if interrupted:
        click.echo("lockrig: interrupted; the report holds what was done", err=True)
        return INTERRUPTED
    return exit_status(record)


def run_pytest(
    plugin: "CasePlugin", paths: tuple[Path, ...], expression: str
) -> tuple[int, str]:
    """pytest's exit status, and what it said on standard error."""
    # No plugin that happens to be installed may change what a case does.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    import pytest

    from lockrig.root import ROOT

    arguments = [*map(str, paths), "--rootdir", str(ROOT), "-c", os.devnull]
    arguments += ["-p", "no:cacheprovider"]
    if expression:
        arguments += ["-k", expression]
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        status = pytest.main(arguments, [plugin])
    return int(status), said.getvalue().strip()


@contextlib.contextmanager
def own_output() -> Iterator[TextIO]:
    """Standard output, whatever pytest does to it while it captures a scenario's."""
    sys.stdout.flush()
    with os.fdopen(os.dup(1), "w", encoding=sys.stdout.encoding) as stream:
        yield stream
