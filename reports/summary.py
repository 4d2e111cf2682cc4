"""What a run comes to: its exit status, why, and the numbers for machines."""

from collections import Counter
from typing import Any

from reports.read import Case, Run, Sweep

PASSED, FAILED, INCONCLUSIVE, CONTROL_MISSED = 0, 1, 3, 4


def exit_status(run: Run) -> int:
    """4 a control or a sham was missed, before 1 a lock failed, before 3 inconclusive, else 0.

    A run is inconclusive too if a scenario was in error, if a station was quarantined,
    if it did not end, if it asked nothing, or if an exhaustive sweep holds fewer trials than it owes: none of these
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
    for each in invalid(run):
        found.append((CONTROL_MISSED, invalid_line(each)))
    if claims["failed"]:
        found.append((FAILED, f"{_count(claims['failed'], 'scenario')} failed"))
    if claims["inconclusive"]:
        count = _count(claims["inconclusive"], "scenario")
        found.append((INCONCLUSIVE, f"{count} inconclusive: the rig could not tell"))
    if claims["error"]:
        count = _count(claims["error"], "scenario")
        found.append((INCONCLUSIVE, f"{count} in error: a mistake in the scenario"))
    for station, reason in quarantined(run).items():
        found.append((INCONCLUSIVE, f"station {station} is quarantined: {reason}"))
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
    asked = claims["passed"] or controls["total"] or run.shams()
    if not found and not asked:
        found.append((INCONCLUSIVE, "nothing was asked"))
    return found


def control_counts(run: Run) -> dict[str, int]:
    """A control that was skipped is not counted; one that could not tell is missed."""
    return _counts(run.controls())


def sham_counts(run: Run) -> dict[str, int]:
    """Caught are those whose verdict was the one that was known in advance."""
    return _counts(run.shams())


def invalid(run: Run) -> list[dict[str, Any]]:
    """The stations that missed a sham: all that they showed since their last good shams
    says nothing. `since` is the UTC date of these, before this run; None if there were
    none. `shams` are those that were missed, with what was made of them."""
    last_good = {each.station: each.last_good_shams for each in run.stations}
    missed: dict[str, dict[str, str]] = {}
    for each in run.shams():
        if each.outcome != "skipped" and not each.caught:
            missed.setdefault(each.station, {})[each.defect] = each.reason
    return [
        {"station": station, "since": last_good.get(station) or None, "shams": shams}
        for station, shams in missed.items()
    ]


def invalid_line(found: dict[str, Any]) -> str:
    """ "station A1: results since 2026-11-20 are invalid: sham 'cut' was judged
    recovered"."""
    since = (
        f"results since {found['since']}" if found["since"] else "all results so far"
    )
    shams = ", ".join(f"sham '{sham}' {what}" for sham, what in found["shams"].items())
    return f"station {found['station']}: {since} are invalid: {shams}"


def quarantined(run: Run) -> dict[str, str]:
    """Why a station was not used, by its name."""
    return {each.station: each.quarantined for each in run.stations if each.quarantined}


def warnings(run: Run) -> list[str]:
    """What does not keep a run from passing, and should be seen to."""
    today = run.info.get("started", "")[:10]
    found = []
    for each in run.stations:
        if each.calibration and has_expired(each.calibration, today):
            found.append(
                f"station {each.station}: its calibration of {each.calibration['date']}"
                f" ({each.calibration['instrument']}) expired on"
                f" {each.calibration['expires']}"
            )
        found += [
            f"station {each.station}: {finding['check']}: {finding['detail']}"
            for finding in each.examination
            if finding["status"] == "failed" and not finding["refuses"]
        ]
    return found


def has_expired(calibration: dict[str, Any], today: str) -> bool:
    """Both are ISO dates, which sort as they follow."""
    return str(calibration["expires"]) < today


def _counts(cases: list[Case]) -> dict[str, int]:
    ran = [each for each in cases if each.outcome != "skipped"]
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
    "missed", "total"}, and so is `shams`: those that were judged as they must be, and
    else. `invalid` lists the stations that missed one ({"station", "since", "shams"}),
    `quarantined` says by station why it was not used, `calibration` is that of each
    station's state. `trials` counts each trial once, however often it was attempted.
    `trace_sha256` is null if the run did not end. Times are in seconds.
    """
    claims = Counter(each.outcome for each in run.claims())
    return {
        "passed": claims["passed"],
        "failed": claims["failed"],
        "skipped": claims["skipped"],
        "inconclusive": claims["inconclusive"] + claims["error"],
        "controls": control_counts(run),
        "shams": sham_counts(run),
        "invalid": invalid(run),
        "quarantined": quarantined(run),
        "calibration": {each.station: each.calibration for each in run.stations},
        "trials": len(run.results),
        "wall_s": round(run.wall_s, 3),
        "simulated_s": round(run.simulated_s, 3),
        "seed": int(run.info["seed"]),
        "trace_sha256": run.info.get("trace_sha256"),
        "version": run.info["version"],
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
