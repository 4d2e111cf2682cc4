"""One sweep as a run of its own: journal, report, and tables for the terminal."""

import sys
import time
from collections import Counter

from lockrig.defects import read_defects
from lockrig.display import make_display
from lockrig.errors import Inconclusive, LockFault
from lockrig.lock import Lock
from lockrig.notebook import Notebook
from lockrig.result import CaseResult
from lockrig.root import shown
from lockrig.run import Run
from lockrig.sweep import bad_table
from lockrig.table import table
from lockrig.trial import RISING_HARM
from reports import Run as Record
from reports import exit_status, render
from reports.html import duration

PHASES = (
    *("staging", "trailer", "swap", "trial", "confirm", "revert", "boot", "run"),
    *("recovery", "reset"),
)
# It belongs to no row of the catalogue.
CASE = "SWEEP"


def sweep_station(
    run: Run,
    station: str,
    *,
    image: str,
    via: str,
    phases: tuple[str, ...],
    tear: tuple[float, ...],
    choose: str,
    count: int,
    defects: tuple[str, ...],
) -> int:
    """Returns the exit status. ValueError for a caller's mistake, before `run.out` is
    made."""
    known = [each.name for each in read_defects()]
    for each in defects:
        if each not in known:
            raise ValueError(f"no defect {each}; there are: {', '.join(known)}")
    for each in phases:
        if each not in PHASES:
            raise ValueError(f"no phase {each}; there are: {', '.join(PHASES)}")
    display = make_display(sys.stdout)
    notebook = Notebook(
        bench=run.bench,
        seed=run.seed,
        workers=run.workers,
        defects=defects,
        case_id=CASE,
        progress=display.progress,
    )
    lock = Lock(station, notebook)
    run.bench.image(lock.image(image))
    if "flash_ops" not in run.bench.capabilities(station):
        raise ValueError(f"station {station} cannot count flash operations")
    run.start()
    notebook.journal = run.journal
    display.start(1)
    display.begin(CASE, station, "")
    began = time.monotonic()
    outcome, reason, trial_id = "passed", "", ""
    try:
        made = lock.sweep(
            image=image,
            via=via,
            phases=phases,
            tear=tear,
            choose=choose,
            count=count,
            name=f"{image} by {via}",
            allow=None,
        )
        if not made.trials:
            outcome, reason = "inconclusive", "nothing was cut: no such operation"
        try:
            made.expect()
        except (LockFault, Inconclusive) as error:
            outcome = "failed" if isinstance(error, LockFault) else "inconclusive"
            reason, trial_id = str(error), error.trial_id
    except KeyboardInterrupt:
        display.close()
        render(run.out)
        raise
    display.close()
    assert run.journal is not None
    result = CaseResult(
        case_id=CASE,
        station=station,
        scenario=f"sweep::{lock.image(image)} by {via}",
        outcome=outcome,
        reason=reason,
        wall_s=time.monotonic() - began,
        trial_id=trial_id,
    )
    run.journal.add_case(result.record())
    run.finish()
    record = render(run.out)
    factor = f"{made.operations} operations x {len(made.fractions)} fractions"
    print(made.title)
    print(f"{made.trials} trials of {factor}, {made.checked} of them also run whole\n")
    print(_by_phase(record))
    if reason:
        print(f"\n{reason}")
    if made.bad:
        print(f"\n{bad_table(made.bad)}")
        hidden = sum(made.counts.values()) - made.counts.get("recovered", 0)
        if hidden > len(made.bad):
            print(f"... {len(made.bad)} of {hidden}: all are in trials.csv")
        print(f"\nagain   ./lockrig replay {trial_id} --out {shown(run.out)}")
    print(f"\nseed    {run.seed}")
    print(f"time    {duration(record.wall_s)}")
    print(f"report  {shown(run.out)}/report.html")
    return exit_status(record)


def _by_phase(record: Record) -> str:
    """Trials by phase and verdict."""
    results = sorted(record.results, key=lambda each: each.trial.op_index or 0)
    counts = Counter((each.trial.phase, each.verdict) for each in results)
    phases = dict.fromkeys(each.trial.phase for each in results)
    verdicts = [
        each for each in RISING_HARM if any(counts[phase, each] for phase in phases)
    ]
    rows = [
        (phase, *(counts[phase, verdict] for verdict in verdicts)) for phase in phases
    ]
    total = [sum(counts[phase, verdict] for phase in phases) for verdict in verdicts]
    return table(("phase", *verdicts), [*rows, ("all", *total)])
