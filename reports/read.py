"""The journal of a run as plain values."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

# Those of rig/journal/schema.sql.
APPLICATION_ID = 0x6C6B7267
SCHEMA_VERSION = 3
# The case_id of the doctor's rows.
DOCTOR = "DOCTOR"

VERDICTS = (
    "recovered",
    "recovered_late",
    "degraded",
    "bricked",
    "unsafe",
    "inconclusive",
)
# The worse verdict stands, and a definite failure outranks inconclusive.
RISING_HARM = (
    "recovered",
    "inconclusive",
    "recovered_late",
    "degraded",
    "bricked",
    "unsafe",
)


@dataclass(frozen=True, slots=True)
class Trial:
    """One attempt of a trial. `spec` is JSON; `answers` too, empty if it recovered."""

    case_id: str
    id: str
    attempt: int
    purpose: str
    station: str
    board: str
    defects: str
    verdict: str
    lost: str
    phase: str
    operation: str
    op_index: int | None
    fraction: float | None
    forked: int
    checked: int
    trace_hash: str
    simulated_s: float
    note: str
    spec: str
    answers: str


@dataclass(frozen=True, slots=True)
class Measurement:
    name: str
    value: float | None  # None if it was no finite number
    unit: str
    low: float | None
    high: float | None

    @property
    def within(self) -> bool:
        return (
            self.value is not None
            and (self.low is None or self.value >= self.low)
            and (self.high is None or self.value <= self.high)
        )


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario of a case on one station; a control has the defect it must catch, a
    sham its name. The doctor's row of a station is no scenario."""

    case_id: str
    station: str
    scenario: str
    outcome: str
    purpose: str
    defect: str
    caught: bool | None
    reason: str
    measurements: tuple[Measurement, ...]
    wall_s: float
    simulated_s: float


@dataclass(frozen=True, slots=True)
class Sweep:
    """An exhaustive sweep, which owes operations times fractions trials."""

    case_id: str
    station: str
    sweep: str
    operations: int
    fractions: tuple[float, ...]
    trials: int

    @property
    def owed(self) -> int:
        return self.operations * len(self.fractions)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One cell of a map that a scenario judged itself."""

    case_id: str
    station: str
    scenario: str
    map: str
    row: str
    column: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Station:
    """`quarantined` is "" for a station in use; `last_good_shams` is a UTC date before
    this run, "" for never."""

    station: str
    board: str
    quarantined: str
    examination: tuple[dict[str, Any], ...]
    calibration: dict[str, Any] | None
    last_good_shams: str


@dataclass(frozen=True)
class Result:
    """A trial with all its attempts, in their order."""

    attempts: tuple[Trial, ...]

    @property
    def trial(self) -> Trial:
        """The attempt that decides: the first with the verdict that stands."""
        return next(each for each in self.attempts if each.verdict == self.verdict)

    @cached_property
    def verdict(self) -> str:
        """A failure stays a failure; a trial that was run again until the rig could
        tell is what the rig then told."""
        verdicts = {each.verdict for each in self.attempts}
        definite = verdicts - {"inconclusive"}
        return max(definite or verdicts, key=RISING_HARM.index)

    @property
    def intermittent(self) -> bool:
        definite = {each.verdict for each in self.attempts} - {"inconclusive"}
        return len(definite) > 1


@dataclass(frozen=True)
class Run:
    """All lists are sorted by what identifies their rows; outcomes by case, station and
    scenario, and of one scenario as they were judged."""

    info: dict[str, str]
    trials: list[Trial]
    cases: list[Case]
    sweeps: list[Sweep]
    stations: list[Station]
    outcomes: list[Outcome]

    @property
    def finished(self) -> bool:
        return "wall_s" in self.info

    @property
    def wall_s(self) -> float:
        """Of the whole run; of its cases together if it did not end."""
        if self.finished:
            return float(self.info["wall_s"])
        return sum(each.wall_s for each in self.cases)

    @property
    def simulated_s(self) -> float:
        return sum(each.simulated_s for each in self.trials) + sum(
            each.simulated_s for each in self.cases
        )

    @cached_property
    def results(self) -> list[Result]:
        """The trials, one each however often it was attempted, by identifier."""
        attempts: defaultdict[tuple[str, str], list[Trial]] = defaultdict(list)
        for trial in self.trials:
            attempts[(trial.id, trial.case_id)].append(trial)
        return [Result(tuple(attempts[key])) for key in sorted(attempts)]

    @cached_property
    def boards(self) -> dict[str, str]:
        """The board of each station, as far as trials name it; by station."""
        boards = {each.station: "" for each in self.cases}
        boards.update({each.station: each.board for each in self.stations})
        boards.update({each.station: each.board for each in self.trials})
        return dict(sorted(boards.items()))

    def claims(self) -> list[Case]:
        return [
            each
            for each in self.cases
            if each.purpose == "case" and each.case_id != DOCTOR
        ]

    def controls(self) -> list[Case]:
        return [each for each in self.cases if each.purpose == "control"]

    def shams(self) -> list[Case]:
        return [each for each in self.cases if each.purpose == "sham"]

    def journalled(self) -> dict[tuple[str, str], int]:
        """How many trials of each swept case and station the journal really holds."""
        counts: defaultdict[tuple[str, str], int] = defaultdict(int)
        for result in self.results:
            if result.attempts[0].purpose == "case":
                counts[(result.attempts[0].case_id, result.attempts[0].station)] += 1
        return {
            (each.case_id, each.station): counts[(each.case_id, each.station)]
            for each in self.sweeps
        }


def read(file: Path) -> Run:
    """Raises ValueError, naming the file, if it is missing or no journal."""
    if not file.is_file():
        raise ValueError(f"{file}: there is no such journal")
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
    # A console's bytes in a reason or a note need not be text.
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    try:
        return _read(connection, file)
    except sqlite3.Error as error:
        raise ValueError(f"{file}: {error}") from error
    finally:
        connection.close()


def _read(connection: sqlite3.Connection, file: Path) -> Run:
    def ask(sql: str) -> Iterable[Any]:
        return connection.execute(sql)

    if next(iter(ask("PRAGMA application_id")))[0] != APPLICATION_ID:
        raise ValueError(f"{file}: not the journal of a run")
    version = next(iter(ask("PRAGMA user_version")))[0]
    if version != SCHEMA_VERSION:
        raise ValueError(
            f"{file}: its schema has version {version}, not {SCHEMA_VERSION}"
        )
    connection.execute("BEGIN")  # one moment of a run that may still be going on
    trials = ask(
        "SELECT case_id, id, attempt, purpose, station, board, defects, verdict, lost,"
        " phase, operation, op_index, fraction, forked, checked, trace_hash,"
        " simulated_s, note, spec,"
        " CASE verdict WHEN 'recovered' THEN '' ELSE answers END"
        " FROM trials ORDER BY id, case_id, attempt"
    )
    cases = ask(
        "SELECT case_id, station, scenario, outcome, purpose, defect, caught, reason,"
        " measurements, wall_s, simulated_s"
        " FROM cases ORDER BY case_id, station, scenario, defect"
    )
    sweeps = ask(
        "SELECT case_id, station, sweep, operations, fractions, trials"
        " FROM operations ORDER BY case_id, station, sweep"
    )
    stations = ask(
        "SELECT station, board, quarantined, examination, calibration, last_good_shams"
        " FROM stations ORDER BY station"
    )
    outcomes = ask(
        'SELECT case_id, station, scenario, map, "row", "column", value, note'
        " FROM outcomes ORDER BY case_id, station, scenario, rowid"
    )
    return Run(
        info=dict(ask("SELECT key, value FROM run ORDER BY key")),
        trials=[Trial(*row) for row in trials],
        cases=[_case(row) for row in cases],
        sweeps=[_sweep(row) for row in sweeps],
        stations=[_station(row) for row in stations],
        outcomes=[Outcome(*row) for row in outcomes],
    )


def _case(row: Sequence[Any]) -> Case:
    columns = dict(zip(_names(Case), row, strict=True))
    if columns["caught"] is not None:
        columns["caught"] = bool(columns["caught"])
    columns["measurements"] = tuple(
        Measurement(
            each["name"],
            each["value"],
            each["unit"],
            each.get("low"),
            each.get("high"),
        )
        for each in json.loads(columns["measurements"])
    )
    return Case(**columns)


def _sweep(row: Sequence[Any]) -> Sweep:
    columns = dict(zip(_names(Sweep), row, strict=True))
    columns["fractions"] = tuple(json.loads(columns["fractions"]))
    return Sweep(**columns)


def _station(row: Sequence[Any]) -> Station:
    columns = dict(zip(_names(Station), row, strict=True))
    columns["examination"] = tuple(json.loads(columns["examination"] or "[]"))
    columns["calibration"] = json.loads(columns["calibration"] or "null")
    return Station(**columns)


def _names(of: type[Case] | type[Sweep] | type[Station]) -> list[str]:
    """The fields, which stand in the order of the columns asked for."""
    return [each.name for each in fields(of)]
