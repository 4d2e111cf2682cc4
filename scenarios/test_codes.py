"""STO, CRED: codes over cuts, factory codes, the owner's codes."""

from __future__ import annotations

import pytest
from helpers import (
    count,
    entered,
    log,
    opens_and_shuts,
    refuses,
    state,
    texts,
    version,
    wrong_code,
)
from lockrig import Bench, Inconclusive, Lock, LockFault, Session

# --- settings ------------------------------------------------------------------------


@pytest.mark.case("STO-01", needs=("console", "flash_ops"))
def test_a_cut_while_codes_change_loses_none(lock: Lock) -> None:
    """Power fails while an owner changes, adds and deletes a code at the keypad.

    Change: cut in every flash operation of it. The old code or the new one opens, never
    both, never a default. Add and delete, as far as the rig knows their functions: cut 10
    to 60 ms after the last key goes down, while the code is written.
    """
    sweep = lock.sweep("change_code", name="change of a code")
    count(sweep)
    known = [what for what in ("add", "delete") if what in lock.facts["functions"]]
    for what in known:
        cuts_around_the_write(lock, what)
    lock.measure("ways to change codes", 1 + len(known), "functions", low=1)


def cuts_around_the_write(lock: Lock, what: str) -> None:
    """The owner's code always opens. A second one is there or not, as the lock's count of
    codes says. Both must have been seen: else no cut fell near the write."""
    facts = lock.facts
    functions = facts["functions"]
    second = wrong_code(lock)
    counts = set()
    for step in range(51):
        session = lock.session()
        if what == "delete":
            if not session.program(
                facts["programming_code"], [functions["add"], second]
            ):
                raise LockFault("a second code could not be added")
            session.sleep(facts["entry_timeout"] + 1.0)
        if entered(session, facts["programming_code"]) != "programming":
            raise LockFault("the programming code did not work")
        session.type([*functions[what], "enter", *second])
        session.hold("enter")
        session.sleep(0.010 + 0.001 * step)
        session.power_off("pull" if step % 2 else "hard")
        session.sleep(2.0)
        if session.power_on() is None:
            raise LockFault(f"did not start after a cut {10 + step} ms into {what}")
        codes = state(session)["codes"]
        counts.add(codes)
        assert codes in (1, 2), f"{codes} codes are left"
        opens_and_shuts(session, lock)
        if codes == 2:
            opens_and_shuts(session, lock, second)
        else:
            refuses(session, second)
        opens_and_shuts(session, lock)
        refuses(session, facts["slip_user"])
    if counts != {1, 2}:
        raise Inconclusive(f"every cut left {counts} codes: none fell near the write")


# --- factory codes -------------------------------------------------------------------


@pytest.mark.case("CRED-01")
def test_the_default_user_code_is_refused_once_set_up(lock: Lock) -> None:
    """On a lock that its owner has set up: slip and presets are tried, none opens.

    The oracle tries them too, after a power cycle.
    """
    facts = lock.facts
    session = lock.session()
    for code in (facts["slip_user"], *facts["default_users"]):
        opens_and_shuts(session, lock)  # so that wrong codes never add up
        refuses(session, code)
    lock.trial().expect().answer("refuses_defaults")


@pytest.mark.case("CRED-02", needs=("console", "radio"))
def test_set_up_cannot_finish_with_default_codes(lock: Lock) -> None:
    """A new lock: set-up is abandoned, cut, and given the codes it came with.

    It stays "not set up" until the owner has chosen both codes, and the portal does not
    open it; then it is, and neither slip nor presets work.
    """
    facts = lock.facts
    change, limits = facts["functions"]["change"], facts["limits"]
    slip, slip_programming = facts["slip_user"], facts["slip_programming"]
    session = lock.session(fresh=True)

    def programs(code: str, entries: list[str]) -> bool:
        done = session.program(code, entries)
        session.sleep(facts["entry_timeout"] + 1.0)
        return bool(done)

    def is_not_set_up(after: str) -> None:
        assert not state(session)["set_up"], f"set up after {after}"

    session.ask_unlock()  # by somebody who knows the portal and not the lock
    if session.power_on() is None:
        raise LockFault("a new lock did not start")
    is_not_set_up("nothing at all")
    if (
        not session.check_ins()
        and session.next_check_in(limits["check_in_max"]) is None
    ):
        raise LockFault("a new lock never checked in")
    session.sleep(limits["unlock_max"])
    assert not session.motions(), f"the portal moved its bolt: {session.motions()}"
    is_not_set_up("a wish of the portal")
    # Abandoned half-way: the time-out ends it.
    entered(session, slip_programming)
    session.type([*change, "enter", *slip, "enter"])
    session.sleep(facts["entry_timeout"] + 1.0)
    is_not_set_up("an entry that was abandoned")
    # Power fails half-way.
    entered(session, slip_programming)
    session.type([*change, "enter", *slip, "enter"])
    session.power_cycle(2.0)
    is_not_set_up("a cut")
    # The same codes again, and the presets.
    for code in (slip, *facts["default_users"]):
        assert not programs(slip_programming, [change, slip, code]), f"took {code}"
    for code in (slip_programming, *facts["default_programming"]):
        function = facts["functions"]["programming"]
        assert not programs(slip_programming, [function, code]), f"took {code}"
    is_not_set_up("default codes")
    # The owner's own codes.
    assert programs(
        slip_programming, [change, slip, facts["user_code"]]
    ), "the programming code on the slip did not change the user code"
    is_not_set_up("one code of two")
    function = facts["functions"]["programming"]
    assert programs(slip_programming, [function, facts["programming_code"]])
    assert state(session)["set_up"], "not set up with codes of the owner's own"
    for code in (slip, slip_programming):
        opens_and_shuts(session, lock)
        refuses(session, code)
    for code in (*facts["default_users"], *facts["default_programming"]):
        opens_and_shuts(session, lock)
        refuses(session, code)


@pytest.mark.case("CRED-03", needs=("console",))
def test_the_default_programming_code_does_nothing_once_set_up(lock: Lock) -> None:
    """Slip and preset programming code before each function that the rig knows of.

    All refused: no programming mode, and the lock says of itself what it said before.
    """
    facts = lock.facts
    session = lock.session()
    before = state(session)
    for code in (facts["slip_programming"], *facts["default_programming"]):
        for name, number in sorted(facts["functions"].items()):
            opens_and_shuts(session, lock)  # so that wrong codes never add up
            result = entered(session, code)
            assert result == "refused", f"code {code} for {name}: {result}"
            session.type([*number, "enter"])  # less than 4 digits: no code, no try
            session.sleep(facts["limits"]["signal_max"])
    after = state(session)
    for fact in ("codes", "set_up", "version", "boots"):
        assert after[fact] == before[fact], f"{fact}: {before[fact]} to {after[fact]}"
    if session.program(facts["programming_code"], [facts["functions"]["contact"]]):
        return
    raise LockFault("the owner's programming code no longer works")


@pytest.mark.case("CRED-04", nightly=True)
def test_factory_codes_are_the_units_own(lock: Lock, bench: Bench) -> None:
    """A new lock opens with the code on its slip, with no other unit's and no preset.

    The slips of all stations are compared as well: no code comes twice.
    """
    facts = lock.facts
    slips = [bench.station(name).facts for name in bench.stations()]
    for kind in ("slip_user", "slip_programming"):
        codes = [slip[kind] for slip in slips]
        assert len(set(codes)) == len(codes), f"a {kind} comes twice: {codes}"
    session = lock.session(fresh=True)
    if session.power_on() is None:
        raise LockFault("a new lock did not start")
    known = {*facts["default_users"], *facts["default_programming"]}
    for slip in slips:
        if slip["serial"] != facts["serial"]:
            known |= {slip["slip_user"], slip["slip_programming"]}
    opens_and_shuts(session, lock, facts["slip_user"])
    for code in sorted(known):
        refuses(session, code)
        opens_and_shuts(session, lock, facts["slip_user"])


# --- the owner's codes ---------------------------------------------------------------


def other(code: str) -> str:
    """As long, and each digit another one."""
    return "".join(str((int(digit) + 3) % 10) for digit in code)


def programs(session: Session, lock: Lock, code: str, *entries: str) -> bool:
    """A function of the programming mode, and out of it again."""
    done = session.program(code, [*entries])
    session.sleep(lock.facts["entry_timeout"] + 1.0)
    return bool(done)


@pytest.mark.case("CRED-06")
def test_weak_codes_are_refused(lock: Lock) -> None:
    """The presets, one digit again and again, and the programming code's beginning.

    Each is refused as a new user code with the error signal, and the owner's goes on.
    """
    facts = lock.facts
    session = lock.session()
    programming = facts["programming_code"]
    weak = [*facts["default_users"], *facts["default_programming"], "0000", "7777777"]
    for code in (*weak, programming[:4], programming[:6]):
        change = (facts["functions"]["change"], facts["user_code"], code)
        began = session.now
        assert not programs(session, lock, programming, *change), f"took {code}"
        errors = [b for b in session.blinks() if b[0] >= began and b[1] == "red"]
        assert errors, f"{code}: no error signal"
        opens_and_shuts(session, lock)


@pytest.mark.case("CRED-07")
def test_a_changed_code_counts_at_once(lock: Lock) -> None:
    """User and programming code are changed at the keypad, a second code is added and
    deleted; no restart in between.

    The new one works and the old one is refused immediately. The rig's locks get no
    codes from the portal.
    """
    facts = lock.facts
    functions = facts["functions"]
    programming = facts["programming_code"]
    old, new, second = facts["user_code"], other(facts["user_code"]), wrong_code(lock)
    session = lock.session()

    assert programs(session, lock, programming, functions["change"], old, new)
    opens_and_shuts(session, lock, new)
    refuses(session, old)
    opens_and_shuts(session, lock, new)

    if "add" in functions and "delete" in functions:
        assert programs(session, lock, programming, functions["add"], second)
        opens_and_shuts(session, lock, second)
        assert programs(session, lock, programming, functions["delete"], second)
        refuses(session, second)
        opens_and_shuts(session, lock, new)

    changed = other(programming)
    assert programs(session, lock, programming, functions["programming"], changed)
    assert programs(session, lock, changed, functions["contact"]), "the new one is dead"
    refuses(session, programming)
    opens_and_shuts(session, lock, new)


@pytest.mark.case("CRED-09", needs=("console", "smp"))
def test_an_update_brings_no_default_back(lock: Lock) -> None:
    """An update, and another one that is taken back: after each, slip and presets.

    All are refused and the owner's code opens.
    """
    facts = lock.facts
    session = lock.session()
    crash = lock.image(f"{version(lock.next)}+crash-at-start")
    for image, runs_then in ((lock.new, lock.new), (crash, lock.new)):
        if not session.push(image)["accepted"]:
            raise LockFault(f"{image} was not taken")
        found = session.settle(facts["limits"]["confirm_max"])
        if found is None or found["version"] != version(runs_then):
            raise LockFault(f"after {image} it runs {found}")
        for code in (
            facts["slip_user"],
            facts["slip_programming"],
            *facts["default_users"],
            *facts["default_programming"],
        ):
            opens_and_shuts(session, lock)  # so that wrong codes never add up
            refuses(session, code)
        opens_and_shuts(session, lock)


@pytest.mark.case("CRED-10", needs=("console", "radio"))
def test_the_programming_code_guards_every_function(lock: Lock) -> None:
    """Each function is typed with nothing before it, and behind a user's right code.

    No code is added, changed or deleted, nothing is muted, nobody calls the portal; a
    wrong programming code is refused and logged.
    """
    facts = lock.facts
    functions = facts["functions"]
    user, second = facts["user_code"], wrong_code(lock)
    arguments = {
        "add": [second],
        "delete": [user],
        "change": [user, second],
        "programming": [other(facts["programming_code"])],
    }
    session = lock.session()
    before = state(session)
    session.sleep(facts["limits"]["signal_max"])
    asked = len(session.portal_requests())
    for name in sorted(functions):
        for first in ([], [user]):
            began = session.now
            opens_and_shuts(session, lock)  # so that wrong codes never add up
            for entry in (*first, functions[name], *arguments.get(name, [])):
                session.type([*entry, "enter"])
                session.sleep(facts["limits"]["signal_max"])
            session.sleep(facts["entry_timeout"] + facts["limits"]["relock_max"])
            what = f"{name} behind {'a user code' if first else 'nothing'}"
            modes = [b for b in session.blinks() if b[0] > began and b[1] == "orange"]
            assert not modes, f"{what}: programming mode"
            for fact in ("codes", "set_up"):
                assert state(session)[fact] == before[fact], f"{what}: {fact} changed"
            assert len(session.portal_requests()) == asked, f"{what}: it called"
    opens_and_shuts(session, lock)
    known = len(log(session))
    refuses(session, other(facts["programming_code"]))
    said = texts(log(session)[known:])
    assert any("wrong code" in text for text in said), f"not in its log: {said}"
    opens_and_shuts(session, lock)
    session.sleep(1.0)
    session.type([*user, "enter"])
    seen = session.signal(facts["limits"]["signal_max"])
    assert seen is not None and seen[2], f"it was muted: {seen}"
    if not session.program(facts["programming_code"], [functions["contact"]]):
        raise LockFault("the owner's programming code no longer works")
