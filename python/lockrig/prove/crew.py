"""The worker processes of `lockrig prove`, and who of them does what."""

import queue
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import IO

from lockrig import _core
from lockrig.prove.wire import Answer, Item, Share, Task, items_from_json


class Crew:
    """Each process has all items and takes the next task when it has done one. A mistake
    in a scenario or in what is selected is ValueError, a process that dies RigError."""

    def __init__(self, share: Share, workers: int) -> None:
        self._errors = [tempfile.TemporaryFile("w+") for _ in range(workers)]
        self._said: queue.Queue[tuple[int, str]] = queue.Queue()
        self._workers = [self._start(share, each) for each in self._errors]
        self._readers = [
            threading.Thread(target=self._read, args=(number,), daemon=True)
            for number in range(workers)
        ]
        for reader in self._readers:
            reader.start()

    def items(self) -> list[Item]:
        """What is selected; waits until every process has collected it."""
        told = {number: self._hear(number) for number in range(len(self._workers))}
        first = told[0]
        if any(each != first for each in told.values()):
            raise _core.RigError("the workers do not find the same scenarios")
        return items_from_json(first)

    def run(
        self, tasks: Sequence[Task], on_answer: Callable[[Task, Answer], None]
    ) -> None:
        """Answers come in any order."""
        waiting = deque(tasks)
        at_work: dict[int, Task] = {}
        for number in range(len(self._workers)):
            self._give(number, waiting, at_work)
        while at_work:
            number, line = self._said.get()
            task = at_work.pop(number, None)
            if not line or task is None:
                raise self._died(number)
            answer = Answer.from_json(line)
            self._give(number, waiting, at_work)
            on_answer(task, answer)

    def close(self, *, at_once: bool = False) -> None:
        """Waits for the processes; `at_once`: ends them."""
        for worker in self._workers:
            if worker.stdin is not None:
                try:
                    worker.stdin.close()
                except BrokenPipeError:
                    pass
        for worker in self._workers:
            if at_once:
                worker.terminate()
            worker.wait()
        for reader in self._readers:
            reader.join()
        for errors in self._errors:
            errors.close()

    def __enter__(self) -> "Crew":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(at_once=kind is not None)

    def _start(self, share: Share, errors: IO[str]) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "lockrig", "_prover", share.to_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )

    def _read(self, number: int) -> None:
        stream = self._workers[number].stdout
        assert stream is not None
        for line in stream:
            # One that was killed may leave half a line.
            if line.endswith("\n"):
                self._said.put((number, line))
        self._said.put((number, ""))

    def _hear(self, number: int) -> str:
        """The next line of one process; what others say meanwhile keeps its order."""
        others = []
        while True:
            who, line = self._said.get()
            if who == number:
                break
            others.append((who, line))
        for each in others:
            self._said.put(each)
        if not line:
            raise self._died(number)
        return line

    def _give(
        self, number: int, waiting: deque[Task], at_work: dict[int, Task]
    ) -> None:
        if not waiting:
            return
        stdin = self._workers[number].stdin
        assert stdin is not None
        task = waiting.popleft()
        at_work[number] = task
        try:
            print(task.to_json(), file=stdin, flush=True)
        except BrokenPipeError:
            raise self._died(number) from None

    def _died(self, number: int) -> Exception:
        status = self._workers[number].wait()
        self._errors[number].seek(0)
        lines = [each for each in self._errors[number].read().splitlines() if each]
        last = lines[-1] if lines else ""
        if status == USAGE and last:
            return ValueError(last.removeprefix("lockrig: ").removeprefix("ERROR: "))
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return _core.RigError(
            f"a worker ended with {how}" + (f": {last}" if last else "")
        )


USAGE = 2
