"""./lockrig prove"""

import os
import sys
from functools import partial
from pathlib import Path

import click

from lockrig.catalogue import Catalogue
from lockrig.commands.options import LARGEST_SEED, bench_option
from lockrig.root import PROVE_BENCH


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@partial(bench_option, default=PROVE_BENCH)
@click.option(
    "--seed",
    metavar="N",
    type=click.IntRange(0, LARGEST_SEED),
    help="Repeats a proof exactly. Default: a new one, which is printed.",
)
@click.option(
    "--workers",
    metavar="N",
    type=click.IntRange(min=1),
    help="Processes that share the work. Default: one a processor. What is found does"
    " not depend on it.",
)
@click.option(
    "-k",
    "expression",
    metavar="EXPR",
    default="",
    help="Only scenarios that match, as of run; and unless --defect names some, only"
    " the defects that one of them claims.",
)
@click.option(
    "--defect",
    "names",
    metavar="D",
    multiple=True,
    help="Only this defect of fixtures/defects.csv; may be repeated.",
)
@click.option(
    "--tier",
    metavar="TIER",
    default="all",
    show_default=True,
    help="The cases of this tier of the catalogue: nightly, certification, or all.",
)
@click.option(
    "--json",
    "report",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Also write defects, caught, false_alarms (numbers), wall_s, seed, missed,"
    " alarms, and matrix[defect][case] to FILE.",
)
def prove(
    paths: tuple[Path, ...],
    bench: Path,
    seed: int | None,
    workers: int | None,
    expression: str,
    names: tuple[str, ...],
    tier: str,
    report: Path | None,
) -> int:
    """Run the suite against every known-bad lock: does it catch what it claims to?

    First every scenario runs on golden locks, one station of each kind of board; all
    must pass. What a scenario never consulted there (the branch point of a defect, its
    trials' or its baseline's) makes no difference to it. So each defect of
    fixtures/defects.csv is then met, on the boards that can have it, only by the
    scenarios that consulted it.

    A defect is caught if every scenario that claims it (caught_by: cases, or one
    scenario of a case) fails on every such station. Claims run in whole, but a sweep
    stops at the first trial that did not recover. Other scenarios run on
    one station each, drawn by the seed, and end after 12 trials, sweeps spread over
    them; they may catch the defect as well, which the matrix shows in lower case.

    A false alarm is a golden lock that does not pass, or a defect that changes what
    never consulted it: for each defect one quick scenario, drawn by the seed, that did
    not consult it is run with it, and must give the verdicts and traces it gave without.

    Exit status: 0 all caught and no false alarm, 4 a defect was missed, 1 a false alarm,
    2 usage or configuration, 3 inconclusive, 130 interrupted.

    \b
    Examples:
      ./lockrig prove --seed 7 --json proof.json
      ./lockrig prove --defect no-rollback -k "BOOT and A1"
    """
    from lockrig import _core
    from lockrig.commands.execute import INTERRUPTED, own_output
    from lockrig.defects import read_defects
    from lockrig.prove.run import INCONCLUSIVE, run_proof
    from lockrig.root import SCENARIOS
    from lockrig.run import random_seed

    opened = _core.Bench(str(bench))
    if opened.kind != "virtual":
        raise ValueError(f"--bench {bench}: only a virtual lock can be given a defect")
    tiers = Catalogue().tiers()
    if tier not in (*tiers, "all"):
        raise ValueError(f"--tier {tier}: there are {', '.join(tiers)} and all")
    defects = read_defects()
    known = [each.name for each in defects]
    for name in names:
        if name not in known:
            raise ValueError(f"--defect {name}: there are {', '.join(known)}")
    for path in paths:
        if not Path(str(path).partition("::")[0]).exists():
            raise ValueError(f"{path}: there is no such file or folder")
    if report is not None and (
        report.is_dir() or not os.access(report.absolute().parent, os.W_OK)
    ):
        raise ValueError(f"--json {report}: cannot be written")
    with own_output() as stream:
        try:
            return run_proof(
                opened,
                paths or (SCENARIOS,),
                expression,
                tier="" if tier == "all" else tier,
                defects=[each for each in defects if not names or each.name in names],
                only_claimed=bool(expression) and not names,
                seed=random_seed() if seed is None else seed,
                workers=workers or os.cpu_count() or 1,
                report=report,
                stream=stream,
            )
        except KeyboardInterrupt:
            print("lockrig: interrupted; nothing was written", file=sys.stderr)
            return INTERRUPTED
        except _core.RigError as error:
            print(f"lockrig: {error}", file=sys.stderr)
            return INCONCLUSIVE
