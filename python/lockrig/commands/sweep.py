"""./lockrig sweep"""

from pathlib import Path

import click

from lockrig.commands.options import run_options


@click.command()
@click.argument("station")
@click.option(
    "--image",
    metavar="NAME",
    required=True,
    help="What is pushed: 2.4.0, 2.4.0+crash-at-start, 7000i-A/2.4.0, or a file.",
)
@click.option("--via", type=click.Choice(["serial", "portal"]), default="serial")
@click.option(
    "--phases",
    metavar="LIST",
    default="",
    help="Cut only there: staging, trailer, swap, trial, confirm, revert, boot, run;"
    " with commas. Default: everywhere.",
)
@click.option(
    "--tear",
    metavar="LIST",
    default="0,0.3,0.7",
    show_default=True,
    help="How much of an operation is done when power goes, from 0 to 1; with commas.",
)
@click.option(
    "--choose",
    type=click.Choice(["all", "linear", "random"]),
    default="all",
    show_default=True,
    help="All trials, or --count of them: evenly spread or drawn by the seed.",
)
@click.option("--count", metavar="N", type=click.IntRange(min=1))
@click.option(
    "--defect",
    "defects",
    metavar="D",
    multiple=True,
    help="Seed a defect of fixtures/defects.csv in the virtual lock; may be repeated.",
)
@run_options
def sweep(
    station: str,
    image: str,
    via: str,
    phases: str,
    tear: str,
    choose: str,
    count: int | None,
    defects: tuple[str, ...],
    bench: Path,
    seed: int | None,
    out: Path | None,
    workers: int | None,
) -> int:
    """Cut power inside every flash operation of an update, and judge each lock.

    Prints the verdicts by phase and the trials that did not recover, and writes the same
    report as nightly.

    \b
    Examples:
      ./lockrig sweep A1 --image 2.4.0
      ./lockrig sweep A1 --image 2.4.0 --choose random --count 200 --seed 7
      ./lockrig sweep B1 --image 2.4.0 --phases swap,revert --defect no-rollback
    """
    from lockrig.commands.execute import prepare
    from lockrig.sweeping import sweep_station

    fractions = _fractions(tear)
    if (choose == "all") != (count is None):
        raise ValueError(
            "--count is for --choose linear or random, which need it"
            if choose == "all"
            else f"--choose {choose} needs --count"
        )
    run = prepare(bench, seed, out, workers)
    return sweep_station(
        run,
        station,
        image=image,
        via=via,
        phases=tuple(each.strip() for each in phases.split(",") if each.strip()),
        tear=fractions,
        choose=choose,
        count=count or 0,
        defects=defects,
    )


def _fractions(text: str) -> tuple[float, ...]:
    try:
        fractions = tuple(float(each) for each in text.split(","))
    except ValueError:
        raise ValueError(f"--tear {text}: expected numbers, as in 0,0.3,0.7") from None
    if not all(0 <= each <= 1 for each in fractions):
        raise ValueError(f"--tear {text}: expected fractions from 0 to 1")
    return fractions
