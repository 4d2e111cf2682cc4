"""One sweep as a run of its own: journal, report, and tables for the terminal."""

import sys
import time
from dataclasses import replace

from lockrig.calibration import calibration_of
from lockrig.defects import read_defects
from lockrig.display import make_display
from lockrig.errors import Inconclusive, LockFault
from lockrig.lock import Lock
from lockrig.notebook import Notebook
from lockrig.result import CaseResult
from lockrig.root import shown
from lockrig.run import Run
from lockrig.shrinking import Reproducer, shrink
from lockrig.station_state import StationState
from lockrig.sweep import Sweep, bad_table, boundary_table
from lockrig.sweep_plan import PHASES
from lockrig.sweep_request import SweepRequest
from lockrig.table import table
from lockrig.trial import INCONCLUSIVE, RECOVERED, RISING_HARM, Trial
from reports import exit_status, render
from reports.html import duration
from reports.phases import count_by_phase

# It belongs to no row of the catalogue.
CASE = "SWEEP"
# A report lists every trial; beyond so many nobody reads it, and it takes its memory.
MOST_IN_REPORT = 100_000
PASSED, FAILED, UNTOLD = 0, 1, 3


def sweep_station(run: Run, request: SweepRequest, *, shrinks: bool = True) -> int:
    """Returns the exit status. ValueError for a caller's mistake, before `run.out` is
    made or gone on with."""
    _check(request)
    request = _with_step(run, request)
    display = make_display(sys.stdout)
    notebook = Notebook(
        bench=run.bench,
        seed=run.seed,
        workers=run.workers,
        defects=request.defects,
        case_id=CASE,
        progress=display.progress,
        resumed=run.resumed,
    )
    lock = Lock(request.station, notebook)
    if request.image:
        run.bench.image(lock.image(request.image))
    needed = "flash_ops" if request.plan.axis == "flash_ops" else "power"
    if needed not in run.bench.capabilities(request.station):
        raise ValueError(
            f"station {request.station} cannot count flash operations:"
            " sweep along bytes or time"
            if needed == "flash_ops"
            else f"station {request.station} has no {needed}"
        )
    lock.require_baseline()
    run.request = request.to_json()
    run.start()
    notebook.journal = run.journal
    display.start(1)
    display.begin(CASE, request.station, "")
    began = time.monotonic()
    what = request.image or request.stimulus
    if request.stimulus == "push":
        what += f" by {request.via}"
    try:
        uncut = lock.trial(
            request.stimulus,
            image=request.image,
            via=request.via,
            cuts=request.plan.after,
        )
        made, found = None, None
        if uncut.verdict == RECOVERED:
            made = lock.sweep(
                request.stimulus,
                image=request.image,
                via=request.via,
                plan=request.plan,
                name=what,
                allow=None,
            )
            found = _shrink(notebook, made) if shrinks else None
    except KeyboardInterrupt:
        display.close()
        print(f"stopped; go on   ./lockrig sweep --resume {shown(run.out)}")
        raise
    display.close()
    outcome, reason, trial_id = _judge(uncut, made, request)
    assert run.journal is not None
    result = CaseResult(
        case_id=CASE,
        station=request.station,
        scenario=f"sweep::{what}",
        outcome=outcome,
        reason=reason,
        wall_s=time.monotonic() - began,
        trial_id=trial_id,
    )
    run.journal.add_case(result.record())
    if made is None or made.is_complete:
        run.finish()
    if made is None:
        print(f"uncut, it does not recover, so nothing was cut: {reason}\n")
    else:
        _print(made, request, run, result, found)
    if made is not None and made.trials > MOST_IN_REPORT:
        print(f"journal {shown(run.out)}/run.db; no report of so many trials")
        return {"passed": PASSED, "failed": FAILED}.get(outcome, UNTOLD)
    record = render(run.out)
    print(f"report  {shown(run.out)}/report.html")
    return exit_status(record)


def _check(request: SweepRequest) -> None:
    known = [each.name for each in read_defects()]
    for each in request.defects:
        if each not in known:
            raise ValueError(f"no defect {each}; there are: {', '.join(known)}")
    for each in request.plan.phases:
        if each not in PHASES:
            raise ValueError(f"no phase {each}; there are: {', '.join(PHASES)}")


def _with_step(run: Run, request: SweepRequest) -> SweepRequest:
    """Where no step was given, what the station's calibration can tell apart: the moment
    of a cut is not known any better."""
    span = request.plan.span
    if span is None or span[2] > 0:
        return request
    calibration = calibration_of(StationState(run.bench, request.station)) or {}
    known = [calibration.get(key, 0.0) for key in ("jitter_us", "uncertainty_us")]
    if request.plan.axis != "time" or not max(known) > 0:
        raise ValueError(
            "--span needs a STEP: there is no calibration of station"
            f" {request.station} (./lockrig doctor makes one)"
            if request.plan.axis == "time"
            else "--span along bytes needs a STEP"
        )
    plan = replace(request.plan, span=(span[0], span[1], max(known) / 1e6))
    return replace(request, plan=plan)


def _judge(
    uncut: Trial, made: Sweep | None, request: SweepRequest
) -> tuple[str, str, str]:
    """Outcome, reason, and the trial that tells."""
    try:
        if made is None:
            uncut.expect()
            return "passed", "", ""
        if not made.trials:
            return "inconclusive", "nothing was cut: no such operation", ""
        made.expect()
    except LockFault as error:
        return "failed", str(error), error.trial_id
    except Inconclusive as error:
        return "inconclusive", str(error), error.trial_id
    if made is not None and request.max_rate is not None:
        bound = made.rate_bound(confidence=request.confidence)
        if bound > request.max_rate:
            text = f"only a rate of {bound:.3g} is shown, not {request.max_rate:g}"
            return "inconclusive", text, ""
    return "passed", "", ""


def _shrink(notebook: Notebook, made: Sweep) -> Reproducer | None:
    """Of the first trial that definitely failed."""
    for trial in made.bad:
        if trial.verdict != INCONCLUSIVE and not trial.intermittent:
            return shrink(notebook, trial)
    return None


def _print(
    made: Sweep,
    request: SweepRequest,
    run: Run,
    result: CaseResult,
    found: Reproducer | None,
) -> None:
    print(made.title)
    print(f"{made.extent()}; {made.checked} of them also run whole\n")
    print(_by_phase(run))
    if made.boundaries:
        print(f"\n{boundary_table(made.boundaries)}")
    if result.reason:
        print(f"\n{result.reason}")
    if made.bad:
        print(f"\n{bad_table(made.bad)}")
        hidden = sum(made.counts.values()) - made.counts.get("recovered", 0)
        if hidden > len(made.bad):
            print(f"... {len(made.bad)} of {hidden}: all are in trials.csv")
        if result.trial_id:
            print(
                f"\nagain   ./lockrig replay {result.trial_id} --out {shown(run.out)}"
            )
    if found is not None:
        file = run.out / "reproducer.py"
        file.write_text(found.script, encoding="utf-8")
        print(f"\nsmallest that was found, {shown(file)}:\n")
        print(found.script)
    claim = made.claim(request.confidence)
    if claim:
        print(f"\nproves  {claim}")
    new = made.trials - made.recalled
    print(f"\nseed    {run.seed}")
    print(f"time    {duration(result.wall_s)}, {new / result.wall_s:,.0f}/s")
    if not made.is_complete:
        print(f"go on   ./lockrig sweep --resume {shown(run.out)}")


def _by_phase(run: Run) -> str:
    """Trials by phase and verdict."""
    counts = count_by_phase(run.out / "run.db")
    phases = dict.fromkeys(phase for phase, _ in counts)
    verdicts = [
        each for each in RISING_HARM if any(counts[phase, each] for phase in phases)
    ]
    rows = [
        (phase or "uncut", *(counts[phase, verdict] for verdict in verdicts))
        for phase in phases
    ]
    total = [sum(counts[phase, verdict] for phase in phases) for verdict in verdicts]
    return table(("phase", *verdicts), [*rows, ("all", *total)])
