"""What came of one scenario of a case on one station."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class CaseResult:
    """The journal's row of it (rig/journal/case_record.hpp), and how to see it again:
    `trial_id` names the trial that told, `again` is a command."""

    case_id: str
    station: str
    scenario: str
    outcome: str
    purpose: str = "case"
    defect: str = ""
    caught: bool | None = None
    reason: str = ""
    measurements: tuple[dict[str, Any], ...] = ()
    wall_s: float = 0.0
    simulated_s: float = 0.0
    trial_id: str = ""
    again: str = ""

    @property
    def word(self) -> str:
        """The outcome; of a control whether the defect was caught."""
        if self.caught is None:
            return self.outcome
        return "caught" if self.caught else "MISSED"

    @property
    def is_good(self) -> bool:
        return self.outcome == "passed" if self.caught is None else self.caught

    def record(self) -> dict[str, Any]:
        """What Journal.add_case takes."""
        return {
            "case_id": self.case_id,
            "station": self.station,
            "scenario": self.scenario,
            "outcome": self.outcome,
            "purpose": self.purpose,
            "defect": self.defect,
            "caught": self.caught,
            "reason": self.reason,
            "measurements": list(self.measurements),
            "wall_s": self.wall_s,
            "simulated_s": self.simulated_s,
        }
