"""./lockrig nightly"""

from pathlib import Path

import click

from lockrig.commands.options import scenario_options


@click.command()
@scenario_options
def nightly(
    bench: Path,
    seed: int | None,
    out: Path | None,
    workers: int | None,
    expression: str,
    blind: tuple[str, ...],
) -> int:
    """Run the nightly tier of the catalogue, with its negative controls.

    The doctor examines every station first: one that fails is quarantined. Every case
    runs on every station it applies to; known-bad locks are run to see that the suite
    still catches them, and sham trials to see that each station would. Writes run.db, trials.csv, junit.xml, summary.json and
    report.html.

    Exit status: 0 all passed, 1 a lock failed, 2 usage or configuration, 3 inconclusive,
    4 a control or a sham was missed, 130 interrupted.

    \b
    Example:
      ./lockrig nightly --seed 7 --out /tmp/nightly
    """
    from lockrig.commands.execute import execute, prepare
    from lockrig.root import SCENARIOS

    run = prepare(bench, seed, out, workers, blind)
    return execute(
        run, (SCENARIOS,), expression, tier="nightly", controls=True, night=True
    )
