"""./lockrig sweep"""

from pathlib import Path
from typing import Any

import click

from lockrig.commands.options import run_options

STIMULI = (
    *("push", "change_code", "change_programming_code", "unlock", "lock", "sync"),
    *("recover", "factory_reset", "none"),
)

WITH_IMAGE = ("push", "recover")


@click.command()
@click.argument("station", required=False)
@click.option(
    "--stimulus",
    type=click.Choice(STIMULI),
    default="push",
    show_default=True,
    help="What is done to the lock when power fails.",
)
@click.option(
    "--image",
    metavar="NAME",
    default="",
    help="What is pushed: 2.4.0, 2.4.0+crash-at-start, 7000i-A/2.4.0, or a file.",
)
@click.option("--via", type=click.Choice(["serial", "portal"]), default="serial")
@click.option(
    "--phases",
    metavar="LIST",
    default="",
    help="Cut only there: staging, trailer, swap, trial, confirm, revert, boot, run,"
    " recovery, reset; with commas. Default: everywhere.",
)
@click.option(
    "--regions",
    metavar="LIST",
    default="",
    help="Cut only operations on these: slot0, slot1, settings, log. Default: all.",
)
@click.option(
    "--tear",
    metavar="LIST",
    default=None,
    help="How much of an operation is done when power goes, from 0 to 1; with commas."
    " Default: 0,0.3,0.7; of random draws any.",
)
@click.option(
    "--along",
    type=click.Choice(["flash_ops", "bytes", "time"]),
    default="flash_ops",
    show_default=True,
    help="What the cut moves along. bytes (of the image) and time (seconds after the"
    " stimulus begins) work on any bench and need --span.",
)
@click.option(
    "--span",
    metavar="FROM,TO[,STEP]",
    default=None,
    help="Along bytes or time: from, up to and without, and in what steps. Of time"
    " without a step: as finely as the station's calibration can tell moments apart.",
)
@click.option(
    "--choose",
    type=click.Choice(["all", "linear", "random", "bisect", "adaptive"]),
    default="all",
    show_default=True,
    help="All moments; --count of them, evenly; --count independent draws; where the"
    " outcome changes, to the step; or --count, most of them where it changes.",
)
@click.option("--count", metavar="N", type=click.IntRange(min=1))
@click.option(
    "--chain",
    metavar="N",
    type=click.IntRange(1, 3),
    default=1,
    help="Of random draws: cuts in a row, the later ones at random moments of the"
    " recovery from the one before.",
)
@click.option(
    "--after-op",
    metavar="N[@FRACTION]",
    multiple=True,
    help="A cut in that flash operation comes first; what is swept is the recovery from"
    " it. May be repeated.",
)
@click.option(
    "--repeats",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    help="Judge each moment so often: on real boards an outcome is a probability.",
)
@click.option(
    "--max-rate",
    metavar="P",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Draw as many independent cuts as show, if none bricks the lock, that at most"
    " this share of such cuts does.",
)
@click.option(
    "--confidence",
    metavar="C",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="Of that bound.",
)
@click.option(
    "--seconds",
    metavar="S",
    type=click.FloatRange(min=0, min_open=True),
    help="Stop in good order after so long; --resume goes on.",
)
@click.option(
    "--defect",
    "defects",
    metavar="D",
    multiple=True,
    help="Seed a defect of fixtures/defects.csv in the virtual lock; may be repeated.",
)
@click.option(
    "--resume",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Go on with the sweep in this folder, which was stopped; nothing else is given.",
)
@run_options
@click.pass_context
def sweep(
    context: click.Context,
    station: str | None,
    stimulus: str,
    image: str,
    via: str,
    confidence: float,
    max_rate: float | None,
    defects: tuple[str, ...],
    resume: Path | None,
    bench: Path,
    seed: int | None,
    out: Path | None,
    workers: int | None,
    **plan: Any,
) -> int:
    """Cut power at many moments of an update (or of another stimulus), and judge each lock.

    Prints the verdicts by phase, where they change, the trials that did not recover, the
    smallest reproducer of the first failure, and what the sweep proves; and writes the
    same report as nightly. A bound of the brick rate is given for independent random
    draws alone.

    \b
    Examples:
      ./lockrig sweep A1 --image 2.4.0
      ./lockrig sweep A1 --image 2.4.0 --max-rate 1e-3 --confidence 0.95
      ./lockrig sweep A1 --image 2.4.0 --choose random --count 5000 --chain 3
      ./lockrig sweep B1 --image 2.4.0 --phases swap,revert --defect no-rollback
      ./lockrig sweep A1 --stimulus unlock --regions log
      ./lockrig sweep A1 --image 2.4.0 --along time --span 0,12,0.01 --choose bisect
      ./lockrig sweep --resume reports/out/2026-11-27-170000-7
    """
    from lockrig.commands.execute import prepare, resumed
    from lockrig.sweep_request import SweepRequest
    from lockrig.sweeping import sweep_station

    if resume is not None:
        given = {
            name
            for name in context.params
            if context.get_parameter_source(name)
            == click.core.ParameterSource.COMMANDLINE
        } - {"resume", "workers"}
        if given:
            raise ValueError(f"--resume goes with --workers alone, not {min(given)}")
        run = resumed(resume, workers)
        return sweep_station(run, SweepRequest.from_json(run.request))
    if station is None:
        raise ValueError("no station: expected ./lockrig sweep STATION, as in A1")
    if stimulus in WITH_IMAGE and not image:
        raise ValueError("--image NAME: what is to be pushed?")
    if stimulus not in WITH_IMAGE and image:
        raise ValueError(f"--image goes with push and recover, not {stimulus}")
    request = SweepRequest(
        station=station,
        stimulus=stimulus,
        image=image,
        via=via,
        plan=_plan(max_rate, confidence, **plan),
        defects=defects,
        confidence=confidence,
        max_rate=max_rate,
    )
    return sweep_station(prepare(bench, seed, out, workers), request)


def _plan(
    max_rate: float | None,
    confidence: float,
    *,
    phases: str,
    regions: str,
    tear: str | None,
    along: str,
    span: str | None,
    choose: str,
    count: int | None,
    chain: int,
    after_op: tuple[str, ...],
    repeats: int,
    seconds: float | None,
) -> Any:
    from lockrig.cuts import TEAR
    from lockrig.sweep_plan import SweepPlan

    if max_rate is not None and (choose not in ("all", "random") or count):
        raise ValueError("--max-rate says how many are drawn: no --choose and --count")
    draws = choose == "random" or max_rate is not None
    if choose == "all" and count is not None:
        raise ValueError("--count is for --choose linear, random, bisect or adaptive")
    if choose in ("linear", "random", "adaptive") and count is None:
        raise ValueError(f"--choose {choose} needs --count")
    if (along == "flash_ops") != (span is None):
        raise ValueError(
            "--span is for --along bytes or time"
            if span is not None
            else f"--along {along} needs --span FROM,TO,STEP"
        )
    if chain > 1 and not draws:
        raise ValueError("--chain goes with --choose random or --max-rate")
    fractions = _numbers("--tear", tear) if tear is not None else None
    if fractions is not None and not all(0 <= each <= 1 for each in fractions):
        raise ValueError(f"--tear {tear}: expected fractions from 0 to 1")
    if fractions is None and not draws:
        fractions = TEAR
    plan = SweepPlan(
        axis=along,
        phases=_words(phases),
        regions=_words(regions),
        tear=fractions,
        span=_span(span) if span is not None else None,
        choose=choose,
        count=count or 0,
        after=tuple(map(_cut, after_op)),
        chain=chain,
        repeats=repeats,
        seconds=seconds,
    )
    return plan if max_rate is None else plan.for_rate(max_rate, confidence)


def _words(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def _numbers(option: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(each) for each in text.split(","))
    except ValueError:
        raise ValueError(
            f"{option} {text}: expected numbers, as in 0,0.3,0.7"
        ) from None


def _span(text: str) -> tuple[float, float, float]:
    numbers = _numbers("--span", text)
    if len(numbers) not in (2, 3) or not 0 <= numbers[0] < numbers[1]:
        raise ValueError(f"--span {text}: expected FROM,TO[,STEP], as in 0,12,0.01")
    step = numbers[2] if len(numbers) == 3 else 0.0
    if len(numbers) == 3 and not step > 0:
        raise ValueError(f"--span {text}: a step is more than 0")
    return numbers[0], numbers[1], step


def _cut(text: str) -> Any:
    from lockrig.cuts import cut_in_op

    number, _, fraction = text.partition("@")
    try:
        return cut_in_op(int(number), float(fraction or 0))
    except ValueError:
        raise ValueError(f"--after-op {text}: expected N or N@FRACTION") from None
