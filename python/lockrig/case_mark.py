"""The marker of a scenario: @pytest.mark.case("ID-01", boards=("6000i",), needs=(...)).

A scenario about something else than the catalogue's locks has a case of its own:
@pytest.mark.case("UBOOT-ENV", own=True, ...). It is in no tier, so nightly leaves it out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from lockrig import _core
from lockrig.catalogue import Catalogue, Row


@dataclass(frozen=True)
class CaseMark:
    """`boards`: models ("6000i") or boards ("6000i-A") it applies to, empty for all;
    `needs`: capabilities; `nightly`: in that tier whatever the catalogue says."""

    row: Row
    boards: tuple[str, ...]
    needs: tuple[str, ...]
    nightly: bool

    @classmethod
    def of(cls, definition: pytest.Item, catalogue: Catalogue) -> "CaseMark":
        """ValueError if the scenario has no such marker or a wrong one."""
        mark = definition.get_closest_marker("case")
        if mark is None:
            raise ValueError('no case: expected @pytest.mark.case("<catalogue row>")')
        unknown = set(mark.kwargs) - {"boards", "needs", "nightly", "own"}
        if len(mark.args) != 1 or unknown:
            raise ValueError(
                "case takes one row, boards, needs, nightly and own"
                + (f", not {', '.join(sorted(unknown))}" if unknown else "")
            )
        name = str(mark.args[0])
        return cls(
            row=(catalogue.own(name) if mark.kwargs.get("own") else catalogue[name]),
            boards=_texts(mark.kwargs.get("boards", ())),
            needs=_texts(mark.kwargs.get("needs", ())),
            nightly=bool(mark.kwargs.get("nightly", False)),
        )

    def applies_to(self, bench: _core.Bench, station: str) -> bool:
        facts = bench.facts(station)
        return not self.boards or bool(
            {facts["board"], facts["model"]} & {*self.boards}
        )

    def missing(self, bench: _core.Bench, station: str) -> list[str]:
        """The capabilities that the station lacks."""
        return sorted(set(self.needs) - set(bench.capabilities(station)))

    def is_in(self, tier: str) -> bool:
        """An empty tier holds every case."""
        return (
            not tier or tier in self.row.tiers or (tier == "nightly" and self.nightly)
        )


def _texts(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
