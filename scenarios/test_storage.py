"""STO: what a lock stores, where the store is full."""

from __future__ import annotations

import pytest
from helpers import entered, log, opens_and_shuts, state, texts
from lockrig import Inconclusive, Lock, LockFault, Session, SweepPlan

# A code leaves one record before it is compared and one after, a boot one, and a bank of
# settings has 128 (rig/twin/settings.hpp): each round writes two.
ROUNDS = 70
# From the last key's press on. A debounce of 25 ms, then two erases of 45 ms each while
# a store moves on (fixtures/boards): in the second.
INTO_THE_MOVE = 0.090


@pytest.mark.case("STO-05", needs=("console",))
def test_a_store_that_is_full_loses_nothing(lock: Lock) -> None:
    """Writes beyond what a bank of settings holds, each cut short by pulled batteries.

    Every start finds code and set-up as they were. Then local codes until there is no
    room for another: the last is refused, and the others are kept.
    """
    session = lock.session()
    codes = state(session)["codes"]
    for parity in range(2):
        for _ in range(ROUNDS):
            session.type(list(lock.facts["user_code"]))
            session.hold("enter")
            session.sleep(INTO_THE_MOVE)
            session.power_off("hard")
            session.sleep(0.5)
            if session.power_on() is None:
                raise LockFault("it does not start any more")
            found = state(session)
            assert found["codes"] == codes and found["set_up"], found
        # Three records: now the other write of a round meets the full bank.
        mute(session, lock, parity == 0)
    opens_and_shuts(session, lock)
    fills_up(session, lock)


def mute(session: Session, lock: Lock, on: bool) -> None:
    facts = lock.facts
    function = facts["functions"]["mute" if on else "unmute"]
    if not session.program(facts["programming_code"], [function]):
        raise LockFault("the programming code did not work")
    session.sleep(facts["entry_timeout"] + 1.0)


def fills_up(session: Session, lock: Lock) -> None:
    """Adds codes until one is refused; that one opens nothing, the first ten do."""
    facts = lock.facts
    added = 0
    while added < 50:
        code = f"58{added:02d}71"
        taken = session.program(
            facts["programming_code"], [facts["functions"]["add"], code]
        )
        session.sleep(facts["entry_timeout"] + 1.0)
        if not taken:
            break
        added += 1
    assert 0 < added < 50, f"{added} codes were added, and none was refused"
    assert state(session)["codes"] == added + 1
    assert entered(session, f"58{added:02d}71") == "refused"
    for number in (0, added - 1):
        opens_and_shuts(session, lock, f"58{number:02d}71")
    opens_and_shuts(session, lock)


# --- factory reset -------------------------------------------------------------------

#: Seconds for which R is held (assumed: a reset takes 3), and one that is too short.
HELD, TOUCHED = 5.0, 1.0
#: Seconds after power-up from which R does nothing (rig/twin/factory_reset.hpp).
TOO_LATE = 11.0


def restart(session: Session) -> None:
    session.power_off()
    session.sleep(1.0)
    if session.power_on() is None:
        raise LockFault("it does not start")


def is_the_owners(session: Session, lock: Lock, codes: int) -> None:
    """Set up, with the owner's codes, and the slip's refused."""
    found = state(session)
    assert found["set_up"] and found["codes"] == codes, found
    opens_and_shuts(session, lock)
    assert entered(session, lock.facts["slip_user"]) == "refused"


def is_as_new(session: Session, lock: Lock) -> None:
    """Not set up, with the slip's codes, and nobody else's."""
    facts = lock.facts
    found = state(session)
    assert not found["set_up"] and found["codes"] == 1, found
    known = (*facts["default_users"], *facts["default_programming"])
    for code in (facts["user_code"], facts["programming_code"], GUEST, *known):
        opens_and_shuts(session, lock, facts["slip_user"])
        assert entered(session, code) == "refused", f"{code} was not refused"
    opens_and_shuts(session, lock, facts["slip_user"])
    assert entered(session, facts["slip_programming"]) == "programming"
    session.sleep(facts["entry_timeout"] + 1.0)


GUEST = "583371"  # a second code that the owner has given


def add_guest(session: Session, lock: Lock) -> None:
    facts = lock.facts
    if not session.program(
        facts["programming_code"], [facts["functions"]["add"], GUEST]
    ):
        raise LockFault("a code could not be added")
    session.sleep(facts["entry_timeout"] + 1.0)


@pytest.mark.case("CRED-08", needs=("console", "reset_key"))
def test_a_factory_reset_gives_the_units_own_codes_back(lock: Lock) -> None:
    """R touched, and held too late: nothing. Held within 10 s of power-up: a reset.

    Then the slip's codes work and no other, neither the owner's nor a guest's nor a
    preset. Log, boots and image stay. (R stands behind the cover on the inside.)
    """
    session = lock.session()
    add_guest(session, lock)
    restart(session)
    session.press("R", TOUCHED)
    session.sleep(1.0)
    is_the_owners(session, lock, 2)
    session.sleep(TOO_LATE)
    session.press("R", HELD)
    session.sleep(1.0)
    is_the_owners(session, lock, 2)

    before, known = state(session), log(session)
    images = session.images()
    restart(session)
    session.press("R", HELD)
    session.sleep(lock.facts["limits"]["boot_max"])
    is_as_new(session, lock)
    after, events = state(session), log(session)
    assert after["version"] == before["version"] and after["boots"] > before["boots"]
    assert events[: len(known)] == known, "the log of before is gone"
    assert texts(events).count("factory reset") == 1, texts(events[len(known) :])
    assert session.images() == images, "the images are others"


# Seconds for which R is held when power goes. A hold of 3 s, then some 95 ms of writing:
# two erases of 45 ms and a few records (fixtures/boards).
RESET_CUTS = tuple(2.980 + 0.005 * step for step in range(30))


@pytest.mark.case("STO-03", needs=("console", "reset_key"))
def test_a_cut_in_a_factory_reset_leaves_no_half_of_it(lock: Lock) -> None:
    """Power fails at 30 moments around the writing of a reset.

    Afterwards the lock is its owner's, or as new; never without a code, never with one
    of each. Both must have been seen: else no cut fell near the writing.
    """
    seen = set()
    for number, moment in enumerate(RESET_CUTS):
        session = lock.session()
        add_guest(session, lock)
        restart(session)
        session.press("R", moment)  # timed by the chip; power goes right behind it
        session.power_off("pull" if number % 2 else "hard")
        session.sleep(2.0)
        if session.power_on() is None:
            raise LockFault(f"did not start after a cut {moment} s into a reset")
        owners = bool(state(session)["set_up"])
        seen.add(owners)
        if owners:
            is_the_owners(session, lock, 2)
        else:
            is_as_new(session, lock)
            told = texts(log(session)).count("factory reset")
            assert told == 1, f"logged {told} times"
    if seen != {True, False}:
        raise Inconclusive("every cut came before the writing, or after it")


@pytest.mark.case("STO-03", needs=("console", "reset_key", "flash_ops"))
def test_a_cut_inside_each_operation_of_a_factory_reset_is_survived(lock: Lock) -> None:
    """Every flash operation from the power-up before a reset to the start after it.

    The lock is its owner's, or it has the codes of its slip and waits to be set up;
    presets and the other's codes are refused, the log is kept.
    """
    sweep = lock.sweep("factory_reset", name="factory reset")
    if not sweep.phases.get("reset"):
        raise LockFault("nothing was reset: no such operation was seen")
    lock.measure("operations", sweep.operations, "operations", low=1)


@pytest.mark.case("LOG-01", needs=("console", "flash_ops"))
def test_a_cut_inside_each_write_of_the_log_is_survived(lock: Lock) -> None:
    """Every operation on the log, of an opening and of what a check-in leaves there.

    What was logged before is kept, in order, without a gap.
    """
    for stimulus in ("unlock", "lock", "sync"):
        sweep = lock.sweep(
            stimulus, plan=SweepPlan(regions=("log",)), name=f"log writes of {stimulus}"
        )
        lock.measure(f"log operations of {stimulus}", sweep.operations, "operations")
