"""Whether a station is fit to be trusted: rig/trial/doctor.hpp, and what a
run makes of it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lockrig import _core
from lockrig.calibration import calibration_of, keep_own, today
from lockrig.result import CaseResult
from lockrig.station_state import StationState
from lockrig.table import table

# They belong to no row of the catalogue.
CASE = "DOCTOR"
OK, FAILED = "ok", "failed"


@dataclass(frozen=True)
class Examination:
    """What the doctor found on one station, and its calibration from now on."""

    station: str
    findings: tuple[dict[str, Any], ...]
    calibration: dict[str, Any] | None

    @property
    def refusal(self) -> str:
        """ "serial: the board says X, ...": why it must not be used; "" if it is fit."""
        return next(
            (
                told(each)
                for each in self.findings
                if each["status"] == FAILED and each["refuses"]
            ),
            "",
        )

    @property
    def is_sound(self) -> bool:
        """Nothing failed, whether it refuses the station or not."""
        return all(each["status"] != FAILED for each in self.findings)

    def result(self) -> CaseResult:
        """The doctor's row of the journal."""
        return CaseResult(
            case_id=CASE,
            station=self.station,
            scenario="doctor",
            outcome="inconclusive" if self.refusal else "passed",
            reason=f"quarantined: {self.refusal}" if self.refusal else "",
            measurements=tuple(
                {
                    "name": each["check"].replace("_", " "),
                    "value": each["measured"],
                    "unit": each["unit"],
                    "low": each["low"],
                    "high": each["high"],
                }
                for each in self.findings
                if each["measured"] is not None
            ),
        )

    def findings_json(self) -> str:
        return json.dumps(self.findings)


def examine(
    bench: _core.Bench, station: str, seed: int = 0, unplugged: Iterable[str] = ()
) -> Examination:
    """In a world of its own. What was measured becomes the station's calibration."""
    seen = _core.examine(bench, station, seed, list(unplugged))
    findings, measured = list(seen["findings"]), seen["calibration"]
    calibration = None
    try:
        state = StationState(bench, station)
        if measured is not None:
            calibration = keep_own(state, measured, today())
        else:
            calibration = calibration_of(state)
    except ValueError as error:
        findings.append(_forgotten(str(error)))
    return Examination(station, tuple(findings), calibration)


def _forgotten(why: str) -> dict[str, Any]:
    """Said, and no reason not to use the station."""
    return {
        "check": "state",
        "status": FAILED,
        "refuses": False,
        "measured": None,
        "unit": "",
        "low": None,
        "high": None,
        "detail": f"nothing is remembered of it: {why}",
        "look_at": "",
    }


def told(finding: dict[str, Any]) -> str:
    text = f"{finding['check'].replace('_', ' ')}: {finding['detail']}"
    if finding["look_at"]:
        text += f" (check {finding['look_at']})"
    return text


def examination_table(examination: Examination) -> str:
    rows = [
        (
            each["check"].replace("_", " "),
            each["status"].replace("_", " "),
            each["measured"],
            each["high"],
            each["unit"],
            each["detail"] + (f"; check {each['look_at']}" if each["look_at"] else ""),
        )
        for each in examination.findings
    ]
    return table(("check", "", "measured", "at most", "unit", "found"), rows)
