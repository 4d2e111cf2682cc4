"""KEY: worn contacts, slow and fast fingers."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from helpers import entered, log, opens_and_shuts, state, texts, thinned, wrong_code
from lockrig import Inconclusive, Lock, LockFault, Session

# Milliseconds and edges of a bounce (catalogue, KEY-02: 0.1 to 20 ms).
BOUNCES = tuple(
    (bounce, edges)
    for bounce in (0.1, 0.5, 2.0, 5.0, 10.0, 20.0)
    for edges in (3, 9, 25)
)

# Seconds. The rig drives no key longer than a minute (rig/station/keypad.hpp), so that
# the 10 min of the catalogue are not asked for.
HELD = 50.0
# A lock has given a key up by then. Proposed.
GIVEN_UP = 40.0

#: The keys as they lie, for the corners of a matrix. [assumed]
ROWS = (("1", "2", "3"), ("4", "5", "6"), ("7", "8", "9"), ("lock", "0", "enter"))


def presses_seen(session: Session, since: float) -> int:
    """Key presses that the lock answered: each by one short green."""
    return sum(
        count
        for at, colour, count in session.blinks()
        if at >= since and colour == "green"
    )


@pytest.mark.case("KEY-02")
def test_a_bouncing_contact_is_one_key(lock: Lock) -> None:
    """Each digit pressed by a contact that bounces 0.1 to 20 ms, down and up.

    The lock answers exactly one press; seeds are the number of the press.
    """
    facts = lock.facts
    session = lock.session()
    seed = 0
    for bounce, edges in thinned(BOUNCES, lock, 4):
        for digit in "0123456789":
            seed += 1
            began = session.now
            session.press_with_bounce(digit, bounce / 1000, edges, seed)
            session.sleep(0.5)  # a signal is over after 0.25 s of dark
            seen = presses_seen(session, began)
            assert seen == 1, f"{seen} presses of {digit}: {bounce} ms, seed {seed}"
        session.sleep(facts["entry_timeout"] + 1.0)  # these digits are forgotten
    opens_and_shuts(session, lock)


@pytest.mark.case("KEY-02")
def test_a_code_with_bouncing_contacts_opens(lock: Lock) -> None:
    """The right code, every key of it bouncing: it opens, so no digit came twice."""
    facts = lock.facts
    session = lock.session()
    for number, (bounce, edges) in enumerate(thinned(BOUNCES, lock, 4)):
        for place, key in enumerate([*facts["user_code"], "enter"]):
            session.press_with_bounce(key, bounce / 1000, edges, 100 * number + place)
        opened = session.wait_bolt("retracted", facts["limits"]["unlock_max"])
        assert opened, f"did not open: {bounce} ms, {edges} edges"
        shut = session.wait_bolt("extended", facts["limits"]["relock_max"])
        assert shut, "did not lock again"
        session.sleep(1.0)


def types_slowly(session: Session, keys: list[str], hold: float, gap: float) -> None:
    if gap < 1.0:
        session.type(keys, hold, gap)
        return
    for place, key in enumerate(keys):
        if place:
            session.sleep(gap)
        session.press(key, hold)


@pytest.mark.case("KEY-04")
@pytest.mark.parametrize(
    ("hold", "gap"), ((0.05, 0.05), (0.08, 1.0), (0.08, 9.0), (2.0, 0.5))
)
def test_slow_and_fast_fingers_open(lock: Lock, hold: float, gap: float) -> None:
    """Keys held 50 ms and 50 ms apart, up to 9 s between digits.

    The entry is forgotten after 10 s (fixtures/boards): 9 s must still do.
    """
    facts = lock.facts
    assert gap < facts["entry_timeout"]
    session = lock.session()
    types_slowly(session, [*facts["user_code"], "enter"], hold, gap)
    assert session.wait_bolt("retracted", facts["limits"]["unlock_max"])
    assert session.wait_bolt("extended", facts["limits"]["relock_max"])


@pytest.mark.case("KEY-04")
def test_an_abandoned_entry_is_forgotten(lock: Lock) -> None:
    """Some digits, then nobody for longer than the time-out.

    What is left of the code does not open, and a whole code after it does: neither the
    digits nor their number were kept.
    """
    facts = lock.facts
    code = facts["user_code"]
    session = lock.session()
    for kept in range(1, len(code)):
        session.type([*code[:kept]])
        session.sleep(facts["entry_timeout"] + 1.0)
        opens_and_shuts(session, lock)
        session.type([*code[:kept]])
        session.sleep(facts["entry_timeout"] + 1.0)
        result = entered(session, code[kept:])
        if result == "dead":
            raise Inconclusive("no key press was answered")
        assert result == "refused", f"{kept} digits were kept: {result}"
    assert session.unasked_opening(0.0) is None


def idle_key(lock: Lock) -> str:
    """A digit that the right code does without."""
    return next(each for each in "0123456789" if each not in lock.facts["user_code"])


@pytest.mark.case("KEY-01", needs=("console",))
@pytest.mark.parametrize("since", ("running", "power-up"))
def test_a_stuck_key_is_ignored(lock: Lock, since: str) -> None:
    """One key is held for 50 s by a running lock, or from before its power-up on.

    It counts once at most, the log says that it is stuck, and once it is let go the
    right code opens.
    """
    session = lock.session()
    known = len(log(session))
    key = idle_key(lock)
    if since == "power-up":
        session.power_off("hard")
        session.hold(key)
        if session.power_on() is None:
            raise LockFault("did not start with a key held")
    else:
        session.hold(key)
    began = session.now
    session.sleep(HELD)
    seen = presses_seen(session, began)
    assert seen <= 1, f"{seen} presses of a key that was held once"
    session.release()
    session.sleep(lock.facts["entry_timeout"] + 1.0)
    opens_and_shuts(session, lock)
    said = texts(log(session)[known:])
    assert any("stuck" in text for text in said), f"not in its log: {said}"


@pytest.mark.case("KEY-01", boards=("6000i",))
def test_a_stuck_key_leaves_the_others(lock: Lock) -> None:
    """While one key is held, and given up by the lock, the right code opens.

    The 7000i's keypad wiring presses one key at a time.
    """
    facts = lock.facts
    session = lock.session()
    session.hold(idle_key(lock))
    session.sleep(GIVEN_UP)
    session.type([*facts["user_code"], "enter"])
    opened = session.wait_bolt("retracted", facts["limits"]["unlock_max"])
    session.release()
    assert opened, "the right code did not open beside a stuck key"
    assert session.wait_bolt("extended", facts["limits"]["relock_max"])


def rectangles() -> list[tuple[str, ...]]:
    """Each three corners of each rectangle of keys: the fourth may ghost."""
    corners = [
        [(row, column) for row, column in product(rows, columns)]
        for rows in combinations(range(len(ROWS)), 2)
        for columns in combinations(range(len(ROWS[0])), 2)
    ]
    return [
        tuple(ROWS[row][column] for row, column in three)
        for four in corners
        for three in combinations(four, 3)
    ]


@pytest.mark.case("KEY-03", boards=("6000i",))
def test_keys_pressed_together_are_no_key(lock: Lock) -> None:
    """All pairs of keys at once, and three corners of each rectangle of the keypad.

    The lock answers none of them, so nothing counted, neither a key that was pressed nor
    a phantom one. The 7000i's keypad wiring presses one key at a time.
    """
    session = lock.session()
    keys = [key for row in ROWS for key in row]
    for chord in thinned((*combinations(keys, 2), *rectangles()), lock, 20):
        began = session.now
        session.chord([*chord])
        session.sleep(0.5)  # a signal is over after 0.25 s of dark
        seen = [blink for blink in session.blinks() if blink[0] >= began]
        assert not seen, f"{' and '.join(chord)} together: {seen}"
    opens_and_shuts(session, lock)


@pytest.mark.case("KEY-05", needs=("console",))
def test_an_odd_entry_is_an_error(lock: Lock) -> None:
    """The right code with digits before or behind it; 11, 100 and 1000 digits; enter
    alone; functions that do not exist.

    All refused with the error signal; no restart, and the right code opens after each.
    """
    facts = lock.facts
    code, other = facts["user_code"], wrong_code(lock)
    most = 10 - len(code)  # a code has 10 digits at most
    lengths = (11, 100) if lock.real_time else (11, 100, 1000)
    odd = [
        "",
        code + idle_key(lock),
        code + idle_key(lock) * most,
        idle_key(lock) + code,
        idle_key(lock) * most + code,
        *((other * length)[:length] for length in lengths),
        *((code * length)[:length] for length in lengths),
    ]
    session = lock.session()
    boots = state(session)["boots"]
    for entry in odd:
        opens_and_shuts(session, lock)  # so that wrong codes never add up
        began = session.now
        result = entered(session, entry)
        what = f"{len(entry)} digits, {entry[:12]}"
        if result == "dead":
            raise Inconclusive(f"{what}: no key press was answered")
        assert result == "refused", f"{what}: {result}"
        errors = [b for b in session.blinks() if b[0] >= began and b[1] == "red"]
        assert errors, f"{what}: no error signal"
    for function in ("999", "0", "12345678901"):
        opens_and_shuts(session, lock)
        done = session.program(facts["programming_code"], [function, other])
        assert not done, f"function {function} was taken"
        session.sleep(facts["entry_timeout"] + 1.0)
    opens_and_shuts(session, lock)
    assert state(session)["boots"] == boots, "it restarted"
    assert session.unasked_opening(0.0) is None


def signals(session: Session, lock: Lock, keys: str) -> tuple[str, int, bool] | None:
    """What answers an entry: colour, count, whether it beeped."""
    session.type([*keys, "enter"])
    seen = session.signal(lock.facts["limits"]["signal_max"])
    return None if seen is None else (seen[0], seen[1], seen[2])


def every_event(session: Session, lock: Lock, *, beeps: bool) -> None:
    """Causes each documented event and compares what answers it."""
    facts = lock.facts

    def shows(keys: str, colour: str, count: int, event: str) -> None:
        seen = signals(session, lock, keys)
        assert seen == (colour, count, beeps), f"{event}: {seen}"
        session.sleep(1.0)

    shows(facts["user_code"], "green", 1, "a code that opens")
    shows(facts["user_code"], "green", 1, "a code that locks")
    shows(wrong_code(lock), "red", 3, "a wrong code")
    shows("12", "red", 3, "too short a code")
    shows(facts["programming_code"], "orange", 1, "programming mode")
    shows(facts["functions"]["contact"], "green", 2, "a function that was done")
    session.type([*facts["functions"]["change"], "enter"])
    session.type([*facts["user_code"], "enter"])
    shows("12", "red", 3, "a function that was refused")
    session.sleep(facts["entry_timeout"] + 1.0)
    began = session.now
    session.press(idle_key(lock))
    session.sleep(0.5)
    assert presses_seen(session, began) == 1, "a key press"
    session.sleep(facts["entry_timeout"] + 1.0)


@pytest.mark.case("KEY-07")
def test_every_event_has_its_signal(lock: Lock) -> None:
    """Each documented event is answered by its colour and count, and beeps.

    The battery's warnings belong to BAT-02.
    """
    every_event(lock.session(), lock, beeps=True)


@pytest.mark.case("KEY-07")
def test_a_muted_lock_shows_the_same(lock: Lock) -> None:
    """Muted, each event is seen and not heard, over a power cycle too; then unmuted."""
    facts = lock.facts
    functions = facts["functions"]
    session = lock.session()
    if not session.program(facts["programming_code"], [functions["mute"]]):
        raise LockFault("muting was not signalled")
    session.sleep(facts["entry_timeout"] + 1.0)
    every_event(session, lock, beeps=False)
    session.power_cycle(2.0)
    seen = signals(session, lock, facts["user_code"])
    assert seen == ("green", 1, False), f"muted, after a power cycle: {seen}"
    session.sleep(facts["limits"]["relock_max"])
    if not session.program(facts["programming_code"], [functions["unmute"]]):
        raise LockFault("unmuting was not signalled")
    session.sleep(facts["entry_timeout"] + 1.0)
    every_event(session, lock, beeps=True)
