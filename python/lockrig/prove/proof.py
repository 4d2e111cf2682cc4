"""What is run for a proof, and what it comes to. Knows nothing of processes."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lockrig.defects import Defect
from lockrig.items import WHOLE_BENCH
from lockrig.outcome import FAILED, PASSED, SKIPPED, UNTOLD
from lockrig.prove.wire import Answer, Item, Task

# A case that does not claim a defect may catch it all the same: this many trials of each
# of its scenarios, on one station, are enough to see whether it does.
MOST_TRIALS = 12
# An unrelated item that is run to see that it stays the same is a quick one.
SAMPLE_TRIALS = 20

CAUGHT, MISSED, ALSO_CAUGHT = "caught", "missed", "also caught"
NOT_CONSULTED = "not consulted"


@dataclass(frozen=True)
class Finding:
    """Something that should not be; `again` is the command that shows it."""

    what: str
    again: str


@dataclass
class Verdicts:
    """Of one defect. `items`: what each item that was run came to, by its number."""

    defect: Defect
    items: dict[int, Answer] = field(default_factory=dict)
    sampled: dict[int, Answer] = field(default_factory=dict)


class Proof:
    """`facts`: those of each station. First every task of golden() is to be answered,
    then every one of against(), in any order."""

    def __init__(
        self,
        items: Sequence[Item],
        defects: Sequence[Defect],
        facts: dict[str, dict[str, Any]],
        seed: int,
    ) -> None:
        self.items = items
        self.seed = seed
        self.verdicts = [Verdicts(each) for each in defects]
        self._by_name = {each.defect.name: each for each in self.verdicts}
        self._facts = facts
        self._golden: dict[int, Answer] = {}
        self._sample: set[tuple[str, int]] = set()

    # What to run.

    def golden(self) -> list[Task]:
        return [Task(number) for number in range(len(self.items))]

    def add_golden(self, task: Task, answer: Answer) -> None:
        self._golden[task.item] = answer

    def against(self, defect: Defect) -> list[Task]:
        """What meets a defect: claims first, in whole, on every station; then other
        scenarios on one station each, thinned; at last one quick item that the defect
        can make no difference to."""
        consulted = self._consulted_by(defect)
        claims = [each for each in consulted if self._claims(defect, each)]
        others = self._one_station_each(defect, {*consulted} - {*claims})
        tasks = [Task(each, defect.name, whole=False) for each in claims]
        tasks += [Task(each, defect.name, MOST_TRIALS, False) for each in others]
        unrelated = [
            number
            for number in self._applicable(defect)
            if number not in consulted and self._golden[number].trials <= SAMPLE_TRIALS
        ]
        if unrelated:
            draw = random.Random(f"{self.seed} {defect.name} unrelated")
            chosen = draw.choice(unrelated)
            self._sample.add((defect.name, chosen))
            tasks.append(Task(chosen, defect.name))
        return tasks

    def add(self, task: Task, answer: Answer) -> None:
        verdicts = self._by_name[task.defect]
        is_sample = (task.defect, task.item) in self._sample
        (verdicts.sampled if is_sample else verdicts.items)[task.item] = answer

    # What it came to.

    def missed(self, verdicts: Verdicts) -> list[Finding]:
        """The claims on a defect that do not hold; none: it is caught."""
        defect = verdicts.defect
        claiming = [
            each
            for each in self._applicable(defect, True)
            if self._claims(defect, each)
        ]
        if not claiming:
            what = f"{defect.name}: no selected case claims it"
            return [Finding(what, self._command("prove", defect=defect.name))]
        found = []
        for number in claiming:
            answer = verdicts.items.get(number)
            if answer is not None and answer.outcome == FAILED:
                continue
            what = f"{defect.name}: {self.items[number]}: "
            if answer is not None:
                what += f"{answer.outcome} {answer.reason}".strip()
            elif self._golden[number].outcome != PASSED:
                what += f"{self._golden[number].outcome} on a golden lock"
            else:
                what += "never came by it"
            found.append(Finding(what, self._again(number, defect.name)))
        return found

    def false_alarms(self) -> list[Finding]:
        """What golden locks raised, and what a defect changed that was not consulted."""
        found = []
        for number, answer in sorted(self._golden.items()):
            if answer.outcome not in (PASSED, SKIPPED):
                what = f"golden lock: {self.items[number]}: {answer.outcome}"
                what += f" {answer.reason}"
                found.append(Finding(what, self._again(number)))
        for verdicts in self.verdicts:
            for number, answer in sorted(verdicts.sampled.items()):
                golden = self._golden[number]
                if answer.outcome == golden.outcome and answer.trace == golden.trace:
                    continue
                defect = verdicts.defect.name
                what = f"{defect}: {self.items[number]} never consulted it, and came"
                what += f" out otherwise: {answer.outcome} {answer.reason}".rstrip()
                found.append(Finding(what, self._again(number, defect)))
        return found

    def is_untold_only(self) -> bool:
        """All that golden locks raised is that the rig could not tell."""
        bad = {each.outcome for each in self._golden.values()} - {PASSED, SKIPPED}
        return bad <= {UNTOLD}

    def cases(self) -> list[str]:
        """In the catalogue's order."""
        return sorted(
            {each.case_id for each in self.items}, key=self._places().__getitem__
        )

    def matrix(self, verdicts: Verdicts) -> dict[str, str]:
        """What each case says of a defect: of several items the one that matters most."""
        words: dict[str, set[str]] = defaultdict(set)
        missed = {
            each
            for each in self._applicable(verdicts.defect, True)
            if self._claims(verdicts.defect, each)
        }
        for number, answer in verdicts.items.items():
            is_claim = self._claims(verdicts.defect, number)
            word = answer.outcome
            if word == FAILED:
                word = CAUGHT if is_claim else ALSO_CAUGHT
                missed.discard(number)
            words[self.items[number].case_id].add(word)
        for number in missed:
            words[self.items[number].case_id].add(MISSED)
        return {
            case: min(words[case], key=_rank) if case in words else NOT_CONSULTED
            for case in self.cases()
        }

    @property
    def tally(self) -> dict[str, int]:
        """What was run: golden and against defects, how many of those thinned, samples."""
        met = [each for v in self.verdicts for each in v.items.values()]
        return {
            "golden": len(self._golden),
            "against": len(met),
            "thinned": sum(each.is_thinned for each in met),
            "unrelated": sum(len(each.sampled) for each in self.verdicts),
            "trials": sum(
                each.trials
                for each in (
                    *self._golden.values(),
                    *met,
                    *(s for v in self.verdicts for s in v.sampled.values()),
                )
            ),
        }

    # Helpers.

    def _places(self) -> dict[str, int]:
        return {each.case_id: each.place for each in self.items}

    def _claims(self, defect: Defect, number: int) -> bool:
        item = self.items[number]
        return defect.is_for(item.case_id, item.function)

    def _applicable(self, defect: Defect, also_unfit: bool = False) -> list[int]:
        """On boards that can have it; but for `also_unfit` only what a golden lock
        passes: else a failure says nothing."""
        return [
            number
            for number, item in enumerate(self.items)
            if item.station == WHOLE_BENCH
            or defect.applies_to(self._facts[item.station])
            if also_unfit or self._golden[number].outcome == PASSED
        ]

    def _consulted_by(self, defect: Defect) -> list[int]:
        return [
            each
            for each in self._applicable(defect)
            if defect.name in self._golden[each].consulted
        ]

    def _one_station_each(self, defect: Defect, numbers: set[int]) -> list[int]:
        """Of each scenario the item of one station, drawn by the seed."""
        stations: dict[str, list[int]] = defaultdict(list)
        for number in sorted(numbers):
            stations[self.items[number].scenario].append(number)
        return [
            random.Random(f"{self.seed} {defect.name} {scenario}").choice(same)
            for scenario, same in stations.items()
        ]

    def _again(self, number: int, defect: str = "") -> str:
        item = self.items[number]
        name = item.function
        if item.station != WHOLE_BENCH:
            name += f" and {item.station}"
        path = item.scenario.partition("::")[0]
        command = "prove" if defect else "run"
        return self._command(command, path=path, defect=defect, expression=name)

    def _command(
        self, command: str, *, defect: str = "", path: str = "", expression: str = ""
    ) -> str:
        words = ["./lockrig", command]
        words += [path] if path else []
        words += ["--defect", defect] if defect else []
        words += ["-k", f"'{expression}'"] if expression else []
        return " ".join([*words, "--seed", str(self.seed)])


_ORDER = (MISSED, CAUGHT, ALSO_CAUGHT, "error", UNTOLD, PASSED, SKIPPED)


def _rank(word: str) -> int:
    return _ORDER.index(word)
