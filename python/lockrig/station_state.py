"""What the host remembers of a station between runs: one JSON file a station, the same
that rig/io/station_state.hpp reads and writes."""

import contextlib
import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from lockrig import _core

FORMAT = 1
CALIBRATION, LAST_GOOD_SHAM = "calibration", "last_good_sham"
NEVER_SEEN = {
    "state": "unknown",
    "why": "this host has not seen the station before",
    "since": "",
}


def folder() -> Path:
    """$LOCKRIG_STATE, else $XDG_STATE_HOME/lockrig, else ~/.local/state/lockrig."""
    if chosen := os.environ.get("LOCKRIG_STATE"):
        return Path(chosen)
    states = os.environ.get("XDG_STATE_HOME")
    return Path(states or Path.home() / ".local" / "state") / "lockrig"


def key_of(bench: _core.Bench, station: str) -> str:
    """The USB serial number of the station's chip, or without one the bench file's name
    and the station's: the same station, whatever the bench file calls it."""
    serial = bench.facts(station).get("usb_serial")
    return str(serial) if serial else f"{Path(bench.path).stem}-{station}"


class StationState:
    """Every change is on the disk, whole, when the call returns. ValueError, with what to
    do, for a file that is damaged or cannot be written."""

    def __init__(self, bench: _core.Bench, station: str) -> None:
        self.file = folder() / f"{_file_name(key_of(bench, station))}.json"

    def get(self, section: str) -> dict[str, Any] | None:
        """None if it was never set."""
        found = self._load()["sections"].get(section)
        return dict(found) if isinstance(found, dict) else None

    def set(self, section: str, value: dict[str, Any]) -> None:
        """REQUIRES: nobody else changes the station's file meanwhile."""
        content = self._load()
        content["sections"][section] = value
        self._save(json.dumps(content, indent=2, sort_keys=True) + "\n")

    def _load(self) -> dict[str, Any]:
        try:
            content = json.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"format": FORMAT, "board": dict(NEVER_SEEN), "sections": {}}
        except (OSError, ValueError) as error:
            raise ValueError(f"{self.file}: {error}: {_MEND}") from None
        is_sound = (
            isinstance(content, dict)
            and content.get("format") == FORMAT
            and isinstance(content.get("sections"), dict)
        )
        if not is_sound:
            raise ValueError(f"{self.file}: not a station's state: {_MEND}")
        return dict(content)

    def _save(self, text: str) -> None:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            descriptor, draft = tempfile.mkstemp(
                prefix=f"{self.file.name}.", dir=self.file.parent
            )
        except OSError as error:
            raise ValueError(f"{self.file}: {error.strerror}; {_ELSEWHERE}") from None
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                os.fchmod(file.fileno(), 0o644)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self.file)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(draft)
            raise ValueError(f"{self.file}: {error.strerror}; {_ELSEWHERE}") from None


_MEND = "remove the file, then run ./lockrig doctor on the station"
_ELSEWHERE = "LOCKRIG_STATE names another folder"


def _file_name(key: str) -> str:
    """As file_name() of rig/io/station_lock.hpp."""

    def escaped(found: re.Match[str]) -> str:
        return "".join(f"%{byte:02x}" for byte in found[0].encode())

    return re.sub(r"[^A-Za-z0-9_.-]|^\.", escaped, key)
