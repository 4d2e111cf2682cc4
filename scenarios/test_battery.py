"""BAT: the battery runs down, dies, and is changed."""

from __future__ import annotations

import pytest
from helpers import check_in_now, entered, log, opens_and_shuts, state, version
from lockrig import Inconclusive, Lock, LockFault, Session

FULL, EMPTY = 6.0, 0.0  # V: 4 x AA, fresh and gone (catalogue, BAT-02)
#: Seconds from full to empty: cells that give up at once (lithium), or slowly (alkaline).
#: Proposed; both collapse far faster than cells do, while an installation takes seconds.
CURVES = {"lithium": 0.5, "alkaline": 2.0}
#: Seconds from the restart on, through an installation of some 3 s (fixtures/boards).
MOMENTS = tuple(0.25 * step for step in range(14))


def new_battery(lock: Lock) -> None:
    """The lock starts with it by itself: the power switch was closed all the time."""
    session = lock.supply.session
    lock.supply.voltage(EMPTY)
    session.sleep(1.0)  # the old one is out
    lock.supply.voltage(FULL)
    session.sleep(lock.facts["limits"]["boot_max"])


def collapse(lock: Lock, seconds: float) -> None:
    ramp = lock.supply.ramp(FULL, EMPTY, seconds, steps=5)
    if ramp["tripped"]:
        raise Inconclusive("the supply tripped: its current limit is too low")


def reset_since(session: Session, boots: int) -> None:
    found = state(session)["boots"]
    if found == boots:
        raise Inconclusive("the lock was never reset: the supply did not feed it")


@pytest.mark.case("BAT-03", boards=("6000i",), needs=("console", "smp", "supply"))
@pytest.mark.parametrize("curve", CURVES)
def test_a_battery_that_collapses_in_an_installation_bricks_nothing(
    lock: Lock, curve: str
) -> None:
    """The battery collapses along a curve at 14 moments of an installation. (A 7000i runs
    an image where it was stored: its installation is over before a battery falls.)

    With a new one, one whole version runs, confirmed, and the code opens.
    """
    facts = lock.facts
    before_its_first_boot = 0
    for moment in MOMENTS:
        session = lock.session()
        boots = state(session)["boots"]
        pushed = session.push(lock.new)
        if not pushed["accepted"]:
            raise LockFault(f"a good lock took no update: {pushed}")
        session.sleep(moment)
        collapse(lock, CURVES[curve])
        new_battery(lock)
        reset_since(session, boots)
        before_its_first_boot += state(session)["boots"] == boots + 1
        found = session.settle(facts["limits"]["confirm_max"])
        if found is None or found["trial"]:
            raise LockFault(f"collapsed after {moment} s: it runs nothing: {found}")
        versions = {version(lock.old), version(lock.new)}
        assert found["version"] in versions, f"collapsed after {moment} s: {found}"
        opens_and_shuts(session, lock)
    if not before_its_first_boot:
        raise Inconclusive("no collapse fell into the installation")


@pytest.mark.case("BAT-04", needs=("console", "supply"))
def test_a_dead_battery_leaves_the_door_locked_and_the_codes_kept(lock: Lock) -> None:
    """The battery runs down under a locked lock, until nothing answers any more.

    The bolt does not move; with a new battery code and log are what they were. The
    mechanical key is nothing that the rig could turn.
    """
    session = lock.session()
    before, known = state(session), log(session)
    motions = len(session.motions())
    lock.supply.ramp(FULL, EMPTY, 60.0)
    session.sleep(5.0)
    if session.state() is not None:
        raise Inconclusive("the lock runs without a battery: it is fed otherwise")
    session.type([*lock.facts["user_code"], "enter"])  # dead, it hears nothing
    session.sleep(5.0)
    assert session.bolt() == "extended", f"the bolt is {session.bolt()}"
    new_battery(lock)
    reset_since(session, before["boots"])
    assert len(session.motions()) == motions, "the bolt moved"
    assert session.unasked_opening(0.0) is None
    after = state(session)
    assert after["codes"] == before["codes"] and after["set_up"], f"{before}: {after}"
    assert log(session)[: len(known)] == known, "its log is another one"
    opens_and_shuts(session, lock)


#: Volts and the red flashes that follow a code (catalogue, BAT-02: at 4.25 and 3.75 V).
WARNINGS = ((6.0, 0), (4.3, 0), (4.25, 4), (4.0, 4), (3.8, 4), (3.75, 8))
TOLD_WITHIN = 0.05  # V, of what the supply gives. Proposed.


@pytest.mark.case("BAT-02", needs=("console", "radio", "supply"))
def test_a_low_battery_is_signalled_and_told(lock: Lock) -> None:
    """The battery from 6.0 to 3.75 V in steps; at each a code opens, and locks.

    At 4.25 V and below four red flashes and beeps follow, from 3.75 V on eight; the
    portal hears the voltage of a low battery. Below, PWR-13.
    """
    facts = lock.facts
    session = lock.session()
    boots = state(session)["boots"]
    for volts, flashes in WARNINGS:
        lock.supply.voltage(volts)
        session.sleep(1.0)
        began = session.now
        result = entered(session, facts["user_code"], may_open=True)
        assert result == "opened", f"at {volts} V a right code: {result}"
        session.sleep(4.0)  # eight flashes take 2 s
        red = [b[2] for b in session.blinks() if b[0] > began and b[1] == "red"]
        wanted = [flashes] if flashes else []
        assert red == wanted, f"at {volts} V: {red} red flashes, not {wanted}"
        if not session.wait_bolt("extended", facts["limits"]["relock_max"]):
            raise LockFault(f"at {volts} V it did not lock again")
        session.sleep(1.0)
        told = check_in_now(session, lock)["battery_mv"] / 1000
        if not flashes:
            assert told == 0, f"at {volts} V the portal was told {told} V"
        else:
            lock.measure(f"told at {volts} V", abs(told - volts), "V", high=TOLD_WITHIN)
    if state(session)["boots"] != boots:
        raise LockFault("it restarted on the way")


#: Volts and how often it is opened and locked there (catalogue, PWR-13: 100 times). The
#: highest is fresh cells' (fixtures/benches/supply.toml); the lowest run no motor.
RANGE = ((6.5, 40), (3.75, 40), (3.72, 5), (3.65, 5), (3.6, 5), (3.55, 5))


@pytest.mark.case("PWR-13", needs=("console", "supply"))
def test_the_bolt_works_or_is_refused_at_every_voltage(lock: Lock) -> None:
    """100 times, at the highest and the lowest voltages that run the lock.

    A right code opens, or is refused with the error signal; either way the lock does not
    restart, and the bolt is at an end, locked when the time for that is over. With a new
    battery all is as before.
    """
    facts = lock.facts
    session = lock.session()
    boots = state(session)["boots"]
    for volts, times in RANGE:
        lock.supply.voltage(volts)
        session.sleep(1.0)
        for _ in range(times):
            began = session.now
            result, _ = session.enter(facts["user_code"], may_open=True)
            found = state(session)["boots"]
            assert found == boots, f"at {volts} V it restarted {found - boots} times"
            if result == "blind":
                raise Inconclusive("success was signalled and no motion was seen")
            assert result in ("opened", "refused"), f"at {volts} V: {result}"
            if result == "refused":
                red = [b for b in session.blinks() if b[0] > began and b[1] == "red"]
                assert red, f"at {volts} V it refused without a signal"
            shut = session.wait_bolt("extended", facts["limits"]["relock_max"])
            assert shut, f"at {volts} V: {session.bolt()}"
            session.sleep(4.0)  # the battery's warning
    lock.supply.voltage(FULL)
    session.sleep(1.0)
    opens_and_shuts(session, lock)


def at_volts(session: Session, lock: Lock, volts: float) -> None:
    """The check-in that follows a start is over, too, before anything is offered."""
    lock.supply.voltage(volts)
    session.sleep(5.0)


def installs(session: Session, lock: Lock, volts: float) -> None:
    """The offer is taken at the next check-in, and the new version runs."""
    check_in_now(session, lock)
    found = session.settle(lock.facts["limits"]["confirm_max"])
    if found is None or found["version"] != version(lock.new):
        raise LockFault(f"at {volts} V the update was not installed: {found}")


@pytest.mark.case("BAT-01", needs=("console", "radio", "smp", "supply"))
def test_no_update_is_begun_with_a_low_battery(lock: Lock) -> None:
    """The portal offers an update at 4.25, 4.20 and 3.80 V.

    Nothing is fetched and no slot touched, until there is a new battery; at 4.30 V it is
    installed. By serial, somebody stands beside it: that is not asked.
    """
    session = lock.session()
    before = session.slot_writes() if "flash_ops" in lock.capabilities else 0
    for volts in (4.25, 4.20, 3.80):
        at_volts(session, lock, volts)
        session.offer(lock.new)
        check_in_now(session, lock)
        assert (
            session.served() == 0
        ), f"at {volts} V it fetched {session.served()} bytes"
        if "flash_ops" in lock.capabilities:
            writes = session.slot_writes() - before
            assert writes == 0, f"at {volts} V it made {writes} operations on its slots"
        assert state(session)["version"] == version(lock.old)
    at_volts(session, lock, FULL)
    installs(session, lock, FULL)
    opens_and_shuts(session, lock)

    session = lock.session()
    at_volts(session, lock, 4.30)
    session.offer(lock.new)
    installs(session, lock, 4.30)
