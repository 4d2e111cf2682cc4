"""What a run comes to: its exit status, why, and the numbers for machines."""

from collections import Counter
from typing import Any

from reports.read import Run, Sweep

PASSED, FAILED, INCONCLUSIVE, CONTROL_MISSED = 0, 1, 3, 4


def exit_status(run: Run) -> int:
    """4 a control was missed, before 1 a lock failed, before 3 inconclusive, else 0.

    A run is inconclusive too if a scenario was in error, if it did not end, if it asked
    nothing, or if an exhaustive sweep holds fewer trials than it owes: none of these
    may read as a pass.
    """
    return min(
        (status for status, _ in findings(run)), default=PASSED, key=_RANK.__getitem__
    )


_RANK = {CONTROL_MISSED: 0, FAILED: 1, INCONCLUSIVE: 2}


def findings(run: Run) -> list[tuple[int, str]]:
    """What keeps the run from passing: the exit status each calls for, and a line."""
    claims = Counter(each.outcome for each in run.claims())
    controls = control_counts(run)
    found = []
    if controls["missed"]:
        count = _count(controls["missed"], "control")
        found.append((CONTROL_MISSED, f"{count} missed: the run proves nothing"))
    if claims["failed"]:
        found.append((FAILED, f"{_count(claims['failed'], 'scenario')} failed"))
    if claims["inconclusive"]:
        count = _count(claims["inconclusive"], "scenario")
        found.append((INCONCLUSIVE, f"{count} inconclusive: the rig could not tell"))
    if claims["error"]:
        count = _count(claims["error"], "scenario")
        found.append((INCONCLUSIVE, f"{count} in error: a mistake in the scenario"))
    for sweep in short_sweeps(run):
        found.append(
            (
                INCONCLUSIVE,
                f"{sweep.case_id} on {sweep.station} is not exhaustive:"
                f" trials are missing",
            )
        )
    if not run.finished:
        found.append((INCONCLUSIVE, "the run did not end"))
    if not found and not claims["passed"] and not controls["total"]:
        found.append((INCONCLUSIVE, "nothing was asked"))
    return found


def control_counts(run: Run) -> dict[str, int]:
    """A control that was skipped is not counted; one that could not tell is missed."""
    ran = [each for each in run.controls() if each.outcome != "skipped"]
    caught = sum(each.caught is True for each in ran)
    return {"caught": caught, "missed": len(ran) - caught, "total": len(ran)}


def short_sweeps(run: Run) -> list[Sweep]:
    """Sweeps with fewer trials than operations times fractions, by their own count or
    by the journal's."""
    journalled = run.journalled()
    owed: Counter[tuple[str, str]] = Counter()
    for each in run.sweeps:
        owed[(each.case_id, each.station)] += each.owed
    return [
        each
        for each in run.sweeps
        if each.trials < each.owed
        or journalled[(each.case_id, each.station)] < owed[(each.case_id, each.station)]
    ]


def summary(run: Run) -> dict[str, Any]:
    """The content of summary.json.

    `passed failed skipped inconclusive` count scenarios of cases by station, without
    controls; one in error counts as inconclusive. `controls` is an object {"caught",
    "missed", "total"}. `trials` counts each trial once, however often it was attempted.
    `trace_sha256` is null if the run did not end. Times are in seconds.
    """
    claims = Counter(each.outcome for each in run.claims())
    return {
        "passed": claims["passed"],
        "failed": claims["failed"],
        "skipped": claims["skipped"],
        "inconclusive": claims["inconclusive"] + claims["error"],
        "controls": control_counts(run),
        "trials": len(run.results),
        "wall_s": round(run.wall_s, 3),
        "simulated_s": round(run.simulated_s, 3),
        "seed": int(run.info["seed"]),
        "trace_sha256": run.info.get("trace_sha256"),
        "version": run.info["version"],
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
