"""How the process of one station tells its controller what goes on: JSON, line by line."""

import json
from typing import TextIO

from lockrig.display import Display
from lockrig.result import CaseResult


class WireDisplay:
    """Writes each call of Display as one line; `forward` makes it a call again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def start(self, total: int) -> None:
        self._say("start", total)

    def begin(self, case_id: str, station: str, defect: str) -> None:
        self._say("begin", case_id, station, defect)

    def progress(self, finished: int, done: int, total: int) -> None:
        self._say("progress", finished, done, total)

    def end(self, result: CaseResult) -> None:
        self._say("end", vars(result))

    def close(self) -> None:
        pass

    def _say(self, call: str, *arguments: object) -> None:
        print(json.dumps([call, *arguments]), file=self._stream, flush=True)


def forward(line: str, display: Display) -> CaseResult | None:
    """Repeats a call on `display`, but for `start`, which the controller makes itself.
    The result of the case that ended, if one did. ValueError for another line."""
    call, *arguments = json.loads(line)
    if call == "end":
        fields = arguments[0]
        fields["measurements"] = tuple(fields["measurements"])
        result = CaseResult(**fields)
        display.end(result)
        return result
    if call == "begin":
        display.begin(*arguments)
    elif call == "progress":
        display.progress(*arguments)
    elif call != "start":
        raise ValueError(f"no call of a display: {call}")
    return None
