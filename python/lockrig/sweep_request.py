"""What a sweep was asked for: a plain value, which its journal keeps so that a sweep that
was stopped can be gone on with."""

import json
from dataclasses import asdict, dataclass

from lockrig.cuts import Cut
from lockrig.sweep_plan import SweepPlan


@dataclass(frozen=True, kw_only=True)
class SweepRequest:
    """`confidence` is that of the bound that is printed, `max_rate` the rate that was to
    be shown (None if none was)."""

    station: str
    stimulus: str
    image: str
    via: str
    plan: SweepPlan
    defects: tuple[str, ...] = ()
    confidence: float = 0.95
    max_rate: float | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "SweepRequest":
        """ValueError if it is not one."""
        try:
            value = json.loads(text)
            plan = value["plan"]
            plan["after"] = tuple(Cut(**each) for each in plan["after"])
            for key in ("phases", "kinds", "regions", "tear", "span"):
                if plan[key] is not None:
                    plan[key] = tuple(plan[key])
            value["plan"] = SweepPlan(**plan)
            value["defects"] = tuple(value["defects"])
            return cls(**value)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not what a sweep was asked for: {error}") from None
