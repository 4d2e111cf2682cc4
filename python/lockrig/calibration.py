"""How fast and how surely a station's power switches: dated, and kept."""

from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from lockrig import _core
from lockrig.station_state import CALIBRATION, StationState

OWN = "the station's own rail sense"
LASTS = timedelta(days=30)


def today() -> date:
    return datetime.now(timezone.utc).date()


def dated(instrument: str, values: dict[str, Any], on: date) -> dict[str, Any]:
    """The section "calibration" of a station's state."""
    return {
        "date": on.isoformat(),
        "expires": (on + LASTS).isoformat(),
        "instrument": instrument,
        **values,
    }


def calibration_of(state: StationState) -> dict[str, Any] | None:
    """None if there is none, or one that nobody can use."""
    found = state.get(CALIBRATION)
    is_sound = found is not None and {"date", "expires", "instrument"} <= found.keys()
    return found if is_sound else None


def keep_own(state: StationState, measured: dict[str, Any], on: date) -> dict[str, Any]:
    """What the doctor measured becomes the station's calibration; one by an instrument of
    its own stands, expired or not, and only the host's jitter in it is news. Returns what
    is kept."""
    before = calibration_of(state)
    if before is None or before.get("instrument") == OWN:
        kept = dated(OWN, measured, on)
    else:
        kept = {**before, "jitter_us": measured["jitter_us"]}
    state.set(CALIBRATION, kept)
    return kept


def keep_capture(
    bench: _core.Bench, station: str, values: dict[str, Any], capture: Path
) -> dict[str, Any]:
    """What a capture showed becomes the station's calibration; the host's jitter, which it
    does not show, stays as the doctor measured it. Returns what is kept."""
    state = StationState(bench, station)
    kept = dated(f"sigrok {capture.name}", values, today())
    before = calibration_of(state) or {}
    if "jitter_us" in before:
        kept["jitter_us"] = before["jitter_us"]
    state.set(CALIBRATION, kept)
    return kept
