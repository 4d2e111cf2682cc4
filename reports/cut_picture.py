"""The picture of a station's cut maps.

Flash operations run along x, the fraction of the operation that was done along y. Long
sequences are folded into rows, as text is, so that every operation keeps a visible width.
"""

import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import matplotlib  # type: ignore[import]
import numpy as np
from matplotlib.axes import Axes  # type: ignore[import]
from matplotlib.backends.backend_agg import FigureCanvasAgg  # type: ignore[import]
from matplotlib.figure import Figure  # type: ignore[import]
from matplotlib.patches import Rectangle  # type: ignore[import]

from reports.cut_map import CutMap, Phase
from reports.read import VERDICTS

# After Okabe and Ito, "Color Universal Design" (2008): orange, vermillion and yellow keep
# apart under every form of colour blindness. Lightness falls with harm, so that the
# picture still tells in grey; grey itself is what the rig could not tell.
COLOURS = {
    "recovered": "#cbe9df",
    "recovered_late": "#f0e442",
    "degraded": "#e69f00",
    "bricked": "#c74a00",
    "unsafe": "#3a0a45",
    "inconclusive": "#8b9199",
}
COLUMNS_PER_ROW = 400
WIDTH_IN = 11.6
LEFT_IN, RIGHT_IN = 0.55, 0.18
HEAD_IN = 0.55
CSS_PX_PER_IN = 100  # the picture's natural size in a page
DPI = 2 * CSS_PX_PER_IN  # sharp on fine screens and on paper
CHARACTER_IN = 0.062  # mean width of a character of a phase's name


def draw(heading: str, maps: list[CutMap]) -> bytes:
    """A PNG, WIDTH_IN wide: sized for the page, with twice its pixels."""
    rows = [row for each in maps for row in _rows(each)]
    height = HEAD_IN + sum(row.height_in for row in rows)
    figure = Figure(figsize=(WIDTH_IN, height), dpi=DPI, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "font.size": 8}):
        # One pair of axes in inches, y downwards, for the whole sheet: many pairs with
        # ticks of their own would take most of the time a report takes.
        sheet = figure.add_axes((0, 0, 1, 1))
        sheet.set_axis_off()
        sheet.set_autoscale_on(False)
        _draw_head(sheet, heading)
        top = HEAD_IN
        for row in rows:
            _draw_row(sheet, row, top)
            top += row.height_in
        sheet.set(xlim=(0, WIDTH_IN), ylim=(height, 0), aspect="auto")
        out = io.BytesIO()
        canvas.print_png(out)
    return out.getvalue()


@dataclass(frozen=True)
class _Row:
    """One folded line of a map."""

    cut_map: CutMap
    phases: list[Phase]
    first: int
    columns: int
    capacity: int  # columns that a full row would hold
    leads: bool  # carries the title

    @property
    def end(self) -> int:
        return self.first + self.columns

    @property
    def cells_in(self) -> float:
        return 0.17 * max(len(self.cut_map.fractions), 2)

    @property
    def head_in(self) -> float:
        return 0.36 if self.leads else 0.1

    @property
    def height_in(self) -> float:
        return self.head_in + self.cells_in + 0.47

    @property
    def column_in(self) -> float:
        return (WIDTH_IN - LEFT_IN - RIGHT_IN) / self.capacity

    def x(self, operation: float) -> float:
        """Where the operation's column begins, in inches."""
        return LEFT_IN + (operation - self.first) * self.column_in


def _rows(cut_map: CutMap) -> Iterator[_Row]:
    first, last = min(cut_map.phase_of), max(cut_map.phase_of)
    total = last - first + 1
    lines = -(-total // COLUMNS_PER_ROW)
    # Short sequences keep narrow columns, so that a handful does not fill a page.
    capacity = max(-(-total // lines), COLUMNS_PER_ROW // 4)
    phases = cut_map.phases()
    for start in range(first, last + 1, capacity):
        columns = min(capacity, last + 1 - start)
        yield _Row(cut_map, phases, start, columns, capacity, leads=start == first)


def _draw_head(sheet: Axes, heading: str) -> None:
    sheet.text(LEFT_IN, 0.2, heading, size=11, weight="bold")
    sheet.text(
        WIDTH_IN - RIGHT_IN,
        0.2,
        "along x: flash operation; along y: fraction of it that was done",
        ha="right",
        color="#555555",
    )
    x = LEFT_IN
    for verdict in VERDICTS:
        box = Rectangle((x, 0.34), 0.14, 0.1, fc=COLOURS[verdict], ec="#555555", lw=0.5)
        sheet.add_patch(box)
        sheet.text(x + 0.22, 0.4, verdict, va="center_baseline")
        x += 0.5 + len(verdict) * CHARACTER_IN


def _draw_row(sheet: Axes, row: _Row, top: float) -> None:
    cut_map, fractions = row.cut_map, row.cut_map.fractions
    if row.leads:
        cases = ", ".join(sorted(cut_map.cases))
        title = f"{cut_map.title}: {cut_map.count}  [{cases}]"
        sheet.text(LEFT_IN, top + 0.2, title, size=8.5)
    upper = top + row.head_in
    lower = upper + row.cells_in
    left, right = row.x(row.first), row.x(row.end)
    image = np.full((len(fractions), row.columns, 3), 255, dtype=np.uint8)
    marks: defaultdict[str, set[int]] = defaultdict(set)
    for y, fraction in enumerate(reversed(fractions)):
        for x in range(row.columns):
            verdict = cut_map.verdicts.get((row.first + x, fraction))
            if verdict is None:
                continue
            image[y, x] = _RGB[verdict]
            if verdict != "recovered":
                marks[verdict].add(row.first + x)
    sheet.imshow(
        image,
        extent=(left, right, lower, upper),
        aspect="auto",
        interpolation="nearest",
    )
    size_in = row.cells_in / len(fractions)
    for y, fraction in enumerate(fractions):
        middle = lower - (y + 0.5) * size_in
        sheet.text(left - 0.06, middle, f"{fraction:g}", ha="right", va="center")
        if y > 0:
            edge = lower - y * size_in
            sheet.plot((left, right), (edge, edge), color="white", lw=0.8)
    frame = Rectangle((left, upper), right - left, row.cells_in)
    frame.set(fill=False, ec="#777777", lw=0.5)
    sheet.add_patch(frame)
    # A single bad cell among hundreds must not be missed: it gets a mark above.
    for verdict, columns in marks.items():
        sheet.plot(
            [row.x(each + 0.5) for each in sorted(columns)],
            [upper - 0.03] * len(columns),
            linestyle="",
            marker="v",
            markersize=3.5,
            color=COLOURS[verdict],
            markeredgecolor="#333333",
            markeredgewidth=0.3,
        )
    _draw_phases(sheet, row, lower + 0.03)
    step = next(each for each in _STEPS if each * row.column_in >= 0.6)
    for operation in range(-(-row.first // step) * step, row.end, step):
        at = row.x(operation + 0.5)
        sheet.plot((at, at), (lower, lower + 0.03), color="#555555", lw=0.5)
        sheet.text(at, lower + 0.33, str(operation), ha="center", color="#333333")


def _draw_phases(sheet: Axes, row: _Row, top: float) -> None:
    for number, phase in enumerate(row.phases):
        first, end = max(phase.first, row.first), min(phase.last + 1, row.end)
        if first >= end:
            continue
        shade = "#e9ebee" if number % 2 else "#d3d7dc"
        left, right = row.x(first), row.x(end)
        sheet.add_patch(Rectangle((left, top), right - left, 0.16, fc=shade, lw=0))
        if phase.name and len(phase.name) * CHARACTER_IN < right - left:
            middle = (left + right) / 2
            sheet.text(
                middle, top + 0.085, phase.name, ha="center", va="center", size=7.5
            )


_STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 500)
_RGB = {
    verdict: tuple(bytes.fromhex(colour.removeprefix("#")))
    for verdict, colour in COLOURS.items()
}
