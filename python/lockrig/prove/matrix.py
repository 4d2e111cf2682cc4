"""The matrix of defects by cases, in plain text."""

from collections.abc import Sequence
from dataclasses import dataclass

from lockrig.prove.proof import ALSO_CAUGHT, CAUGHT, MISSED, NOT_CONSULTED

WIDTH = 120
SIGNS = {
    CAUGHT: "C",
    ALSO_CAUGHT: "c",
    MISSED: "M",
    "passed": ".",
    "skipped": ".",
    "inconclusive": "?",
    "error": "!",
    NOT_CONSULTED: " ",
}
LEGEND = (
    "C caught by a case that claims it   M missed by one   c caught by another"
    "   . it passed   ? ! could not tell   (blank) never consulted"
)


@dataclass(frozen=True)
class Line:
    """One defect: its area, its name, and a word for each case."""

    area: str
    name: str
    words: dict[str, str]


def draw_matrix(cases: Sequence[str], lines: Sequence[Line]) -> str:
    """A column a case, its name written downwards; a block of columns for what does not
    fit WIDTH. Cases that no defect reached have no column."""
    seen = [
        case
        for case in cases
        if any(line.words[case] != NOT_CONSULTED for line in lines)
    ]
    left = max((len(each.name) for each in lines), default=0) + 4
    blocks: list[list[str]] = []
    for case in seen:
        if not blocks or _width([*blocks[-1], case]) + left > WIDTH:
            blocks.append([])
        blocks[-1].append(case)
    parts = [_block(block, lines, left) for block in blocks]
    return "\n\n".join([*parts, LEGEND]) if parts else LEGEND


def _area(case: str) -> str:
    return case.rpartition("-")[0]


def _width(cases: Sequence[str]) -> int:
    return len(_spaced(["x"] * len(cases), cases))


def _spaced(signs: Sequence[str], cases: Sequence[str]) -> str:
    """A blank between two areas of the catalogue."""
    text = ""
    for number, (sign, case) in enumerate(zip(signs, cases, strict=True)):
        if number and _area(case) != _area(cases[number - 1]):
            text += " "
        text += sign
    return text


def _block(cases: Sequence[str], lines: Sequence[Line], left: int) -> str:
    firsts = [
        not number or _area(case) != _area(cases[number - 1])
        for number, case in enumerate(cases)
    ]
    names = [_area(case) if first else "" for case, first in zip(cases, firsts)]
    height = max(map(len, names))
    heads = [name.ljust(height) + case[-2:] for name, case in zip(names, cases)]
    rows = [
        " " * left + _spaced([head[row] for head in heads], cases)
        for row in range(height + 2)
    ]
    area = ""
    for line in lines:
        if line.area != area:
            rows.append(line.area)
            area = line.area
        signs = [SIGNS[line.words[case]] for case in cases]
        rows.append(f"  {line.name}".ljust(left) + _spaced(signs, cases))
    return "\n".join(each.rstrip() for each in rows)
