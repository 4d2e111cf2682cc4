"""What a nightly does around its cases: the doctor first, the shams last."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from lockrig.doctor import examine
from lockrig.result import CaseResult
from lockrig.root import shown
from lockrig.run import Run
from lockrig.shams import SHAMS, last_good, remember_good, run_shams


class Night:
    """For one run that has started. `quarantined`: why a station is not used, by its
    name."""

    def __init__(self, run: Run, stations: Sequence[str]) -> None:
        self._run = run
        self._stations = list(stations)
        self.quarantined: dict[str, str] = {}

    @property
    def count(self) -> int:
        """How many results it comes to, once the stations have been examined."""
        return night_count(len(self._stations)) - len(self.quarantined) * len(SHAMS)

    def begin(self) -> Iterator[CaseResult]:
        """Examines the stations; a result each."""
        bench, journal = self._run.bench, self._run.journal
        assert journal is not None
        for station in self._stations:
            seen = examine(bench, station, self._run.seed)
            if seen.refusal:
                self.quarantined[station] = seen.refusal
            calibration = seen.calibration
            journal.add_station(
                {
                    "station": station,
                    "board": bench.facts(station)["board"],
                    "quarantined": seen.refusal,
                    "examination": seen.findings_json(),
                    "calibration": json.dumps(calibration) if calibration else "",
                    "last_good_shams": last_good(bench, station),
                }
            )
            file = shown(Path(bench.path))
            again = f"./lockrig doctor --bench {file} {station}"
            yield replace(seen.result(), again=again)

    def end(self) -> Iterator[CaseResult]:
        """Runs the shams of every station in use; a result each."""
        bench, journal, seed = self._run.bench, self._run.journal, self._run.seed
        assert journal is not None
        for station in self._stations:
            if station in self.quarantined:
                continue
            missed = False
            for sham in run_shams(bench, station, seed, self._run.blind):
                result = sham.result
                for attempt, record in enumerate(sham.records, start=1):
                    journal.add_trial(record, result.case_id, "sham", attempt)
                missed = missed or not result.caught
                out = shown(self._run.out)
                again = f"./lockrig replay {result.trial_id} --out {out}"
                yield replace(result, again=again if result.trial_id else "")
            if not missed:
                remember_good(bench, station, shown(self._run.out))


def night_count(stations: int) -> int:
    """How many results a night comes to around its cases, if no station fails."""
    return stations * (1 + len(SHAMS))
