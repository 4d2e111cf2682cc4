"""Runs the trials that one case (or one person) asks for, and keeps what came of them.

It also holds the rules about attempts: an inconclusive trial is run again at most twice,
a failed one is confirmed once more, and every attempt is journalled.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from lockrig import _core
from lockrig.sweep import Boundary, Sweep
from lockrig.sweep_plan import SweepPlan
from lockrig.trial import INCONCLUSIVE, RECOVERED, Trial, standing

MOST_ATTEMPTS = 3
# One forked trial in so many also runs whole and must agree (design: "One clock").
CHECK_EVERY = 100
# Boards that are programs wait for the clock most of the time.
PROGRAMS_A_CORE = 6


class Enough(BaseException):
    """The case has made the most trials it may, and none has failed it. Not an Exception:
    no scenario that expects a failure may take it for one."""


@dataclass
class Notebook:
    """What holds for all trials of one case on one station, and what they showed.

    `known` holds the trials of the run by case and identifier: the same trial is not run
    twice for one case. `progress` is told how many trials have just been finished and,
    in a sweep, how many of it are done and how many there are. `most_trials`: a case
    that asks for more trials and sessions than these ends with Enough, a sweep is
    spread evenly over what is left (0: no limit). `stop_at_first`: a sweep ends with the
    first trial that did not recover.
    """

    bench: _core.Bench
    seed: int
    workers: int
    blind: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    journal: _core.Journal | None = None
    case_id: str = ""
    scenario: str = ""
    purpose: str = "case"
    known: dict[tuple[str, str], Trial] | None = None
    resumed: bool = False
    progress: Callable[[int, int, int], None] | None = None
    most_trials: int = 0
    stop_at_first: bool = False

    trials: list[Trial] = field(default_factory=list)
    measurements: list[dict[str, Any]] = field(default_factory=list)
    sessions: list[_core.Session] = field(default_factory=list)
    made: int = field(default=0, init=False)  # trials and sessions
    _open: dict[str, _core.Session] = field(default_factory=dict, init=False)
    _asked: int = field(default=0, init=False)
    _closed_s: float = field(default=0.0, init=False)
    _consulted: set[str] = field(default_factory=set, init=False)
    _traces: list[tuple[str, str]] = field(default_factory=list, init=False)
    _outcomes: set[tuple[str, ...]] = field(default_factory=set, init=False)

    def complete(self, spec: dict[str, Any]) -> str:
        """The whole spec, as JSON."""
        return json.dumps(
            {
                **spec,
                "defects": list(self.defects),
                "blind": list(self.blind),
                "seed": self.seed,
            }
        )

    def trial(self, spec: dict[str, Any], *, expected: bool) -> Trial:
        """`expected`: the case wants a verdict other than recovered."""
        text = self.complete(spec)
        key = (self.case_id, _core.identifier(text))
        trial = self.known.get(key) if self.known is not None else None
        if trial is None:
            purpose = "expected" if expected else self.purpose
            first = self._run(text, purpose, 1)
            trial = first if expected else self._repeat(first, text)
            if self.known is not None:
                self.known[key] = trial
        self._consulted.update(trial.record["consulted"])
        self.trials.append(trial)
        return trial

    def sweep(
        self,
        spec: dict[str, Any],
        plan: SweepPlan,
        *,
        name: str,
        title: str,
        allow: tuple[str, ...] | None,
    ) -> Sweep:
        """Runs and journals a sweep; `name` tells it from others of the case.

        `allow`: the verdicts it may have; None for any. If the uncut stimulus is not
        among them, nothing is cut: that trial has shown it all.
        """
        text = self.complete(spec)
        if allow is not None:
            uncut = json.loads(self.bench.run_trial(text)[0])
            if uncut["verdict"] not in allow:
                self.trial(spec, expected=False).expect(*allow)
        asked = plan
        plan = self._restrict(plan, allow)
        done_before = 0
        began = time.monotonic()

        def on_progress(done: int, total: int) -> bool:
            nonlocal done_before
            self._tell(done - done_before, done, total)
            done_before = done
            return plan.seconds is None or time.monotonic() - began < plan.seconds

        made = self.bench.sweep(
            text,
            {"check_every": CHECK_EVERY, **plan.to_core()},
            self._sweepers,
            self.journal,
            self.case_id,
            self.purpose,
            on_progress,
            self.resumed,
        )
        self.made += made["trials"]
        self._consulted.update(made["consulted"])
        self._traces.append((str(made["counts"]), made["reference"]["trace_hash"]))
        counts = dict(made["counts"])
        bad = []
        for record in made["bad"]:
            trial = self._repeat(Trial(record), json.dumps(record["spec"]))
            if trial.verdict != record["verdict"]:
                counts[record["verdict"]] -= 1
                counts[trial.verdict] = counts.get(trial.verdict, 0) + 1
            if trial.verdict != RECOVERED:
                bad.append(trial)
            if self.known is not None:
                self.known[self.case_id, trial.id] = trial
        bad.sort(key=_moment)
        self.trials += bad
        if self.most_trials:
            owed = made["operations"] * len(made["fractions"])
            if asked.choose != "all":
                owed = min(owed, asked.count)
            if made["trials"] < owed and (
                allow is None or not {*made["counts"]} - {*allow}
            ):
                raise Enough  # what else the case asks is of the whole sweep
        is_whole = plan.is_exhaustive and made["complete"]
        if self.journal is not None and self.purpose == "case" and is_whole:
            self.journal.add_sweep(
                {
                    "case_id": self.case_id,
                    "station": spec["station"],
                    "sweep": name,
                    "operations": made["operations"],
                    "fractions": made["fractions"],
                    "trials": made["trials"],
                }
            )
        return Sweep(
            title=title,
            plan=plan,
            operations=made["operations"],
            fractions=tuple(made["fractions"]),
            points=made["points"],
            trials=made["trials"],
            recalled=made["recalled"],
            unproven=made["unproven"],
            is_complete=made["complete"],
            counts=counts,
            phases=dict(made["phases"]),
            bad=tuple(bad),
            boundaries=tuple(map(Boundary.of, made["boundaries"])),
            reference=Trial(made["reference"]),
            checked=made["checked"],
        )

    def session(self, station: str, *, fresh: bool) -> _core.Session:
        """A world of its own, whose seed depends on nothing but who asks for it."""
        self._free(station)
        self._count_one()
        asked_by = (self.seed, self.case_id, self.scenario, station, self._asked)
        self._asked += 1
        digest = hashlib.sha256(json.dumps(asked_by).encode()).digest()
        session = self.bench.session(
            station,
            seed=int.from_bytes(digest[:8], "little"),
            defects=list(self.defects),
            fresh=fresh,
        )
        self.sessions.append(session)
        self._open[station] = session
        return session

    def outcome(
        self, station: str, map: str, row: str, column: str, value: str, note: str
    ) -> None:
        """Journals one cell of a map that the scenario judges itself. ValueError if it
        has been judged already."""
        cell = (station, map, row, column)
        if cell in self._outcomes:
            raise ValueError(f"{map}: {row}, {column} has been judged already")
        self._outcomes.add(cell)
        # What a known-bad lock did is no result.
        if self.journal is not None and self.purpose == "case":
            self.journal.add_outcome(
                {
                    "case_id": self.case_id,
                    "station": station,
                    "scenario": self.scenario,
                    "map": map,
                    "row": row,
                    "column": column,
                    "value": value,
                    "note": note,
                }
            )

    def close(self) -> None:
        """Ends all sessions: their stations are left safe."""
        for station in list(self._open):
            self._free(station)

    def _free(self, station: str) -> None:
        """A real station serves one world at a time."""
        session = self._open.pop(station, None)
        if session is not None and self.is_real:
            self._closed_s += session.now
            self.sessions.remove(session)
            self.bench.close_session(session)

    @property
    def consulted(self) -> set[str]:
        """The defects that could have made a difference to anything that was run here."""
        return self._consulted.union(*(each.consulted for each in self.sessions))

    @property
    def trace(self) -> str:
        """A hash over the verdicts and traces of all that was run here so far."""
        sessions = [("session", each.trace_hash()) for each in self.sessions]
        return hashlib.sha256(json.dumps([self._traces, sessions]).encode()).hexdigest()

    @property
    def _sweepers(self) -> int:
        """Trials at a time: a real station bears one; programs have a board each, and
        mostly wait."""
        if self.bench.kind == "programs":
            return PROGRAMS_A_CORE * self.workers
        return 1 if self.is_real else self.workers

    @property
    def is_real(self) -> bool:
        """Its time is the wall's, and its traces cannot be made again."""
        return self.bench.kind != "virtual"

    @property
    def simulated_s(self) -> float:
        """Of the sessions; the trials have their own."""
        return self._closed_s + sum(each.now for each in self.sessions)

    def _repeat(self, first: Trial, text: str) -> Trial:
        """The attempts that follow the first. Their whole trace is kept: on a twin it is
        that of the first attempt too."""
        attempts = [first.record]
        while attempts[-1]["verdict"] == INCONCLUSIVE and len(attempts) < MOST_ATTEMPTS:
            attempts.append(self._again(text, len(attempts) + 1))
        is_claim = self.purpose == "case"  # a control is meant to fail
        if is_claim and attempts[-1]["verdict"] not in (RECOVERED, INCONCLUSIVE):
            attempts.append(self._again(text, len(attempts) + 1))
        return standing(attempts)

    def _again(self, text: str, attempt: int) -> dict[str, Any]:
        return self._run(text, self.purpose, attempt).record

    def _run(self, text: str, purpose: str, attempt: int) -> Trial:
        self._free(json.loads(text)["station"])
        self._count_one()
        keep_trace = self.is_real or (attempt > 1 and purpose == "case")
        record, trace = self.bench.run_trial(text, keep_trace)
        trial_id = json.loads(record)["id"]
        if self.journal is not None and not (
            self.resumed and self.journal.has(self.case_id, trial_id, attempt)
        ):
            self.journal.add_trial(
                record, self.case_id, purpose, attempt, trace if keep_trace else ""
            )
        self._tell(1, 0, 0)
        trial = Trial(json.loads(record), (json.loads(record)["verdict"],))
        self._traces.append((trial.verdict, trial.trace_hash))
        return trial

    def _count_one(self) -> None:
        if self.most_trials and self.made >= self.most_trials:
            raise Enough
        self.made += 1

    def _restrict(self, plan: SweepPlan, allow: tuple[str, ...] | None) -> SweepPlan:
        """What is left of a sweep's plan by the notebook's own limits."""
        # A case that allows more than recovered wants to see how often it comes.
        if self.stop_at_first and allow == (RECOVERED,):
            plan = replace(plan, stop_at_first=True)
        if self.most_trials:
            left = max(1, self.most_trials - self.made)
            if plan.choose == "all":
                plan = replace(plan, choose="linear", count=left)
            else:
                plan = replace(plan, count=min(left, plan.count))
        return plan

    def _tell(self, finished: int, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(finished, done, total)


def _moment(trial: Trial) -> tuple[int, float]:
    """Where it was cut."""
    cut = trial.spec["cuts"][0]
    return cut["at"] or cut["delay_ns"], cut["fraction"]
