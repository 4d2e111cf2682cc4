"""What the proof and its worker processes say to each other: JSON, line by line."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Share:
    """What every worker is started with; its only argument."""

    bench: str
    stations: tuple[str, ...]
    seed: int
    paths: tuple[str, ...]
    expression: str
    tier: str

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Share":
        fields = json.loads(text)
        for name in ("stations", "paths"):
            fields[name] = tuple(fields[name])
        return cls(**fields)


@dataclass(frozen=True)
class Item:
    """One scenario on one station. `function`: what -k finds it by; `place`: that of its
    case in the catalogue."""

    case_id: str
    station: str
    scenario: str
    function: str
    place: int

    def __str__(self) -> str:
        name = self.scenario.rpartition("::")[2]
        return f"{self.case_id} {self.station} {name}"


@dataclass(frozen=True)
class Task:
    """An item to be run, by its number. `most_trials`: it ends after so many, passed
    unless they failed it (0: all it asks for). `whole`: a sweep goes on after a trial
    that did not recover."""

    item: int
    defect: str = ""
    most_trials: int = 0
    whole: bool = True

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Task":
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Answer:
    """What a task came to. `outcome`: one of lockrig.outcome. `trace`: a hash over the
    verdict and trace of all that was run, in its order. `is_thinned`: it ended because
    it had made its most trials."""

    outcome: str
    reason: str
    consulted: tuple[str, ...]
    trace: str
    trials: int
    is_thinned: bool

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Answer":
        fields = json.loads(text)
        fields["consulted"] = tuple(fields["consulted"])
        return cls(**fields)


def items_to_json(items: list[Item]) -> str:
    return json.dumps([asdict(each) for each in items])


def items_from_json(text: str) -> list[Item]:
    return [Item(**each) for each in json.loads(text)]
