"""What a trial showed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lockrig.errors import Inconclusive, LockFault

RECOVERED, INCONCLUSIVE = "recovered", "inconclusive"
# The worse verdict stands, and a definite failure outranks inconclusive.
RISING_HARM = (
    "recovered",
    "inconclusive",
    "recovered_late",
    "degraded",
    "bricked",
    "unsafe",
)


@dataclass(frozen=True)
class Trial:
    """A trial's record (its fields are those of trial::TrialRecord) and the verdicts of
    all attempts, in their order."""

    record: dict[str, Any]
    attempts: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """What `lockrig replay` takes."""
        return str(self.record["id"])

    @property
    def spec(self) -> dict[str, Any]:
        return dict(self.record["spec"])

    @property
    def verdict(self) -> str:
        return str(self.record["verdict"])

    @property
    def note(self) -> str:
        """The rig's error if it is inconclusive; else what was observed."""
        return str(self.record["note"])

    @property
    def observed(self) -> dict[str, str]:
        """What the stimulus met: accepted, refusal, slot_writes, served, version."""
        return dict(self.record["observed"])

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The oracle's questions with outcome, harm, and where there are any measured,
        limit, unit, detail."""
        return list(self.record["answers"])

    @property
    def cuts(self) -> list[dict[str, Any]]:
        """Requested and achieved (achieved_s, off_s, reset, proven)."""
        return list(self.record["cuts"])

    @property
    def lost(self) -> list[str]:
        """The questions that the lock failed."""
        return [
            each["question"] for each in self.answers if each["outcome"] == "failed"
        ]

    @property
    def phase(self) -> str:
        """Of the first cut: "swap", "revert", ..."""
        return str(self.record["phase"])

    @property
    def operation(self) -> str:
        return str(self.record["operation"])

    @property
    def trace_hash(self) -> str:
        return str(self.record["trace_hash"])

    @property
    def intermittent(self) -> bool:
        """It failed, and when it was run again it came out otherwise."""
        return len(set(self.attempts) - {INCONCLUSIVE}) > 1

    def expect(self, *verdicts: str) -> "Trial":
        """Raises LockFault unless the verdict is one of these (`recovered` if none is
        named), Inconclusive if the rig could not tell."""
        if self.verdict in (verdicts or (RECOVERED,)):
            return self
        if self.verdict == INCONCLUSIVE:
            raise Inconclusive(self.describe(), self.id)
        raise LockFault(self.describe(), self.id)

    def answer(self, question: str) -> dict[str, Any]:
        """Raises Inconclusive if it was not asked or the rig could not look."""
        for each in self.answers:
            if each["question"] == question:
                if each["outcome"] in ("ok", "failed"):
                    return dict(each)
                why = each.get("detail") or each["outcome"].replace("_", " ")
                raise Inconclusive(f"trial {self.id}: {question}: {why}", self.id)
        raise Inconclusive(f"trial {self.id}: {question} was not asked", self.id)

    def describe(self) -> str:
        """One line: where it was cut, the verdict, and what spoke for it."""
        where = ""
        if self.operation:
            cut = self.spec["cuts"][0]
            where = f" (operation {cut['at']}, {self.operation}, {self.phase},"
            where += f" at {cut['fraction']:g})"
        parts = [f"trial {self.id}{where}: {self.verdict.replace('_', ' ')}"]
        if self.verdict == INCONCLUSIVE:
            telling = ("could_not_look",)
            # Only a rig's error; what was observed says nothing here.
            if not self.answers and self.note:
                parts.append(self.note)
        else:
            telling = ("failed",)
        for each in self.answers:
            if each["outcome"] in telling:
                parts.append(_told(each))
        if self.intermittent:
            parts.append(f"intermittent, attempts {', '.join(self.attempts)}")
        return "; ".join(parts)


def standing(attempts: Sequence[dict[str, Any]]) -> Trial:
    """The attempt that decides: a failure is never overwritten, and what was run again
    until the rig could tell is what the rig then told."""
    verdicts = tuple(str(each["verdict"]) for each in attempts)
    definite = [each for each in verdicts if each != INCONCLUSIVE]
    stands = max(definite or verdicts, key=RISING_HARM.index)
    return Trial(attempts[verdicts.index(stands)], verdicts)


def _told(answer: dict[str, Any]) -> str:
    text = str(answer["question"])
    if answer.get("detail"):
        text += f": {answer['detail']}"
    if "measured" in answer and "limit" in answer:
        unit = answer.get("unit", "")
        text += f" ({answer['measured']:.4g} {unit}, limit {answer['limit']:.4g})"
    return text
