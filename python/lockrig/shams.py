"""Sham trials: something is withheld from a good lock, and the verdict is known in
advance. A station whose shams are judged otherwise has shown nothing."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lockrig import _core
from lockrig.calibration import today
from lockrig.cuts import cut_after
from lockrig.notebook import MOST_ATTEMPTS
from lockrig.result import CaseResult
from lockrig.station_state import LAST_GOOD_SHAM, StationState
from lockrig.trial import INCONCLUSIVE, Trial

CASE = "SHAM"
# Each in turn, and what it must be judged.
SHAMS = {
    "power": "bricked",
    "portal": "degraded",
    "code": "bricked",
    "bolt_sensor": INCONCLUSIVE,
    "cut": INCONCLUSIVE,
}
# What no sham turns on and what costs minutes on a wall clock. An update needs the portal
# to be confirmed: it would stand in for the question of the portal's sham.
NOT_ASKED = ("refuses_defaults", "updates")
OUTCOMES = {"recovered": "passed", INCONCLUSIVE: INCONCLUSIVE}


@dataclass(frozen=True)
class Sham:
    """One that was run, with all its attempts."""

    result: CaseResult
    records: tuple[str, ...]


def spec_of(
    bench: _core.Bench, station: str, sham: str, seed: int, blind: tuple[str, ...]
) -> str:
    """The simplest trial with a cut, which every station can do: nothing is done to the
    lock but that its power goes."""
    return json.dumps(
        {
            "station": station,
            "board": bench.facts(station)["board"],
            "stimulus": "none",
            "cuts": [cut_after("stimulus", delay=0.3).to_spec()],
            "blind": sorted({*NOT_ASKED, *blind}),
            "seed": seed,
            "sham": sham,
        }
    )


def run_shams(
    bench: _core.Bench, station: str, seed: int, blind: tuple[str, ...] = ()
) -> Iterator[Sham]:
    """Runs them all on one station. One that the rig could not judge is run again, twice
    at most, unless that is what it must come to."""
    for sham, wanted in SHAMS.items():
        spec = spec_of(bench, station, sham, seed, blind)
        records = [bench.run_trial(spec)[0]]
        while (
            wanted != INCONCLUSIVE
            and _verdict(records[-1]) == INCONCLUSIVE
            and len(records) < MOST_ATTEMPTS
        ):
            records.append(bench.run_trial(spec)[0])
        yield Sham(
            _result(station, sham, Trial(json.loads(records[-1]))), tuple(records)
        )


def _verdict(record: str) -> str:
    return str(json.loads(record)["verdict"])


def _result(station: str, sham: str, trial: Trial) -> CaseResult:
    is_caught = trial.verdict == SHAMS[sham]
    why = f": {trial.note}" if trial.verdict == INCONCLUSIVE and trial.note else ""
    return CaseResult(
        case_id=CASE,
        station=station,
        scenario=f"sham::{sham}",
        outcome=OUTCOMES.get(trial.verdict, "failed"),
        purpose="sham",
        defect=sham,
        caught=is_caught,
        reason="" if is_caught else f"was judged {trial.verdict}{why}",
        simulated_s=0.0,
        trial_id="" if is_caught else trial.id,
    )


def last_good(bench: _core.Bench, station: str) -> str:
    """The UTC date on which the station last judged all its shams rightly; "" if it is
    not known."""
    try:
        found: dict[str, Any] = StationState(bench, station).get(LAST_GOOD_SHAM) or {}
    except ValueError:
        return ""
    return str(found.get("at", ""))[:10]


def remember_good(bench: _core.Bench, station: str, run: str) -> None:
    """All were judged rightly today. Where nothing can be remembered, the doctor has said
    so."""
    with contextlib.suppress(ValueError):
        StationState(bench, station).set(
            LAST_GOOD_SHAM, {"at": today().isoformat(), "run": run}
        )
