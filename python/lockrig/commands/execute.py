"""Runs scenarios and says what came of them: what `run` and `nightly` have in common."""

import contextlib
import io
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click

from lockrig import _core
from lockrig.run import Run, default_out, random_seed, refuse_unfit

INTERRUPTED = 130


def prepare(
    bench: Path,
    seed: int | None,
    out: Path | None,
    workers: int | None,
    blind: tuple[str, ...] = (),
) -> Run:
    """A run with its defaults filled in. ValueError for a wrong bench file or folder."""
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


def execute(
    run: Run, paths: tuple[Path, ...], expression: str, *, tier: str, controls: bool
) -> int:
    """Runs what is selected, renders the report, and returns the exit status."""
    # No plugin that happens to be installed may change what a case does.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    import pytest

    from lockrig.closing import print_closing
    from lockrig.display import make_display
    from lockrig.plugin import CasePlugin
    from lockrig.root import ROOT

    for path in paths:
        if not Path(str(path).partition("::")[0]).exists():
            raise ValueError(f"{path}: there is no such file or folder")
    arguments = [*map(str, paths), "--rootdir", str(ROOT), "-c", os.devnull]
    arguments += ["-p", "no:cacheprovider"]
    if expression:
        arguments += ["-k", expression]
    with _own_output() as stream:
        display = make_display(stream)
        plugin = CasePlugin(run, display, tier=tier, with_controls=controls)
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            status = pytest.main(arguments, [plugin])
        display.close()
        if not run.started:
            if plugin.interrupted:
                return INTERRUPTED
            if status == pytest.ExitCode.USAGE_ERROR:
                raise ValueError(said.getvalue().strip().removeprefix("ERROR: "))
        if status == pytest.ExitCode.INTERNAL_ERROR:
            print(said.getvalue(), file=sys.stderr)
        from reports import exit_status, render

        record = render(run.out)
        print_closing(record, plugin.results, run, stream)
    if plugin.interrupted:
        click.echo("lockrig: interrupted; the report holds what was done", err=True)
        return INTERRUPTED
    return exit_status(record)


@contextlib.contextmanager
def _own_output() -> Iterator[TextIO]:
    """Standard output, whatever pytest does to it while it captures a scenario's."""
    sys.stdout.flush()
    with os.fdopen(os.dup(1), "w", encoding=sys.stdout.encoding) as stream:
        yield stream
