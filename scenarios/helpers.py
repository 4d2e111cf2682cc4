"""What several scenarios ask alike.

A result that the rig could not see is never a no: it raises Inconclusive.
"""

from __future__ import annotations

from typing import Any

from lockrig import Inconclusive, Lock, LockFault, Session, Sweep, Trial

#: Which case cuts which operations of an update, by what the lock is doing. "staging" is
#: shared by kind: its erases belong to PWR-02, its programs to PWR-03.
UPDATE_PHASES = {
    "staging": ("PWR-02", "PWR-03"),
    "run": ("PWR-03",),
    "trailer": ("PWR-03",),
    "boot": ("PWR-04",),
    "swap": ("PWR-04",),
    "trial": ("PWR-05",),
    "confirm": ("PWR-06",),
}
#: PWR-07 cuts what a roll-back adds, and again what the update has in common with it
#: from the failed start on.
ROLLBACK_PHASES = ("trial", "revert", "boot", "run")
#: The most that a lock asks the portal for at a time (rig/twin/check_in.cpp).
FIRST_FETCH = 4096


def thinned(points: tuple[Any, ...], lock: Lock, keep: int) -> tuple[Any, ...]:
    """All of them in simulated time; `keep`, evenly chosen, where time is real."""
    return points[:: max(1, len(points) // keep)] if lock.real_time else points


def version(image: str) -> str:
    """ "6000i-A/2.4.0+crash-at-start" is version 2.4.0."""
    return image.split("/")[-1].split("+")[0].split("?")[0]


def other_model(lock: Lock) -> str:
    """A board of another model than the lock's."""
    return "6000i-A" if lock.model == "7000i" else "7000i-A"


def runs(trial: Trial, image: str) -> None:
    """The lock ran that released image, confirmed, when the oracle asked."""
    found = trial.answer("image")["detail"]
    assert found == image, f"it runs {found}, not {image}"


def refused(
    lock: Lock, image: str, *, via: str, reasons: tuple[str, ...], unwritten: bool
) -> Trial:
    """Offers an image that the lock must refuse, and judges the lock after it.

    Refused for one of `reasons`; the baseline still runs and is what the lock reports.
    `unwritten`: and no operation was made on an image slot.
    """
    trial = lock.push(image, via=via)
    seen = trial.observed
    accepted = seen.get("accepted")
    if accepted == "yes":
        raise LockFault(f"{lock.name} took {image} by {via} ({trial.verdict})")
    if accepted == "no" and unwritten:
        unwritten_slots(lock, seen)
    trial.expect()
    if accepted != "no":
        raise Inconclusive(f"{lock.name}: no answer to {image} was seen: {trial.note}")
    reason = seen.get("refusal", "").split(" ")[0]
    assert reason in reasons, f"refused for {reason or 'no reason'}, not {reasons}"
    runs(trial, lock.old)
    if "radio" in lock.capabilities:
        told = trial.answer("checks_in")["detail"]
        assert told == f"version {version(lock.old)}", told
    return trial


def unwritten_slots(lock: Lock, seen: dict[str, str]) -> None:
    """No operation was made on an image slot. A real board's are not seen; over the air
    the portal still sees that the lock did not fetch the image."""
    if "slot_writes" in seen:
        writes = int(seen["slot_writes"])
        assert writes == 0, f"{writes} operations on the slots before the refusal"
    elif "flash_ops" in lock.capabilities:
        raise Inconclusive(f"{lock.name}: nobody watched the image slots")
    elif "reached" in seen:
        # The identity stands in the image's first kilobyte (rig/protocol/image_layout).
        far = int(seen["reached"])
        assert far <= FIRST_FETCH, f"it fetched as far as byte {far}"


def state(session: Session) -> dict[str, Any]:
    """What the lock says of itself. A lock that was well and says nothing is at fault."""
    found = session.state()
    if found is None:
        raise LockFault("the service port does not answer")
    return found


def log(session: Session) -> list[dict[str, Any]]:
    found = session.log()
    if found is None:
        raise LockFault("the service port does not give its log")
    return found


def texts(events: list[dict[str, Any]]) -> list[str]:
    return [str(event["text"]) for event in events]


def entered(session: Session, code: str, *, may_open: bool = False) -> str:
    """Types a code with enter; "opened", "locked", "refused", ..."""
    result, _ = session.enter(code, may_open=may_open)
    if result == "blind" or session.bolt() == "contradictory":
        raise Inconclusive("the lock signalled success and the sensors saw no motion")
    return result


def refuses(session: Session, code: str) -> None:
    result = entered(session, code)
    if result == "dead":
        raise Inconclusive(f"code {code}: no key press was answered")
    assert result == "refused", f"code {code}: {result}"


def opens_and_shuts(session: Session, lock: Lock, code: str | None = None) -> None:
    """A right code opens, and a second time locks."""
    right = code or lock.facts["user_code"]
    for wanted in ("opened", "locked"):
        result = entered(session, right, may_open=wanted == "opened")
        assert result == wanted, f"a right code: {result}, should have {wanted}"


def check_in_now(session: Session, lock: Lock) -> dict[str, Any]:
    """Asks at the keypad for a contact with the portal, and waits for it."""
    facts = lock.facts
    contact = facts["functions"]["contact"]
    if not session.program(facts["programming_code"], [contact]):
        raise LockFault("the programming code did not work")
    seen = session.next_check_in(facts["limits"]["check_in_max"])
    if seen is None:
        raise LockFault("it was asked to check in and did not")
    session.sleep(facts["entry_timeout"] + 1.0)  # programming ends by itself
    return seen


def wrong_code(lock: Lock) -> str:
    """Nobody's code: each digit of the right one moved by five."""
    return "".join(str((int(digit) + 5) % 10) for digit in lock.facts["user_code"])


def swept(lock: Lock, name: str, **chosen: Any) -> Sweep:
    """Cuts in every chosen operation of an update, at each torn fraction.

    Every operation of the uncut update must belong to a case; a sweep that found nothing
    to cut has shown nothing.
    """
    sweep = lock.sweep(image=lock.new, name=name, **chosen)
    strangers = set(sweep.phases) - set(UPDATE_PHASES)
    if strangers:
        raise Inconclusive(f"operations in {sorted(strangers)} belong to no case")
    count(sweep)
    return sweep


def count(sweep: Sweep) -> None:
    if sweep.operations == 0:
        raise Inconclusive("no such operation was seen: nothing was cut")
    owed = sweep.operations * len(sweep.fractions)
    if sweep.trials != owed:
        raise Inconclusive(f"{sweep.trials} trials were run and {owed} are owed")
