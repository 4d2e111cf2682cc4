"""BF: guessing codes at the keypad."""

from __future__ import annotations

import pytest
from helpers import (
    check_in_now,
    entered,
    log,
    opens_and_shuts,
    refuses,
    texts,
    wrong_code,
)
from lockrig import Inconclusive, Lock, LockFault, Session

LOCK_OUT_MIN = 30.0  # s, proposed (catalogue, BF-01)
#: What two answers may differ by that say the same: four of the rig's samples. Proposed.
TELLS = 0.020  # s


def lock_out(session: Session, lock: Lock) -> float:
    """Wrong codes up to the limit; when the last was refused."""
    for _ in range(lock.facts["wrong_code_limit"]):
        refuses(session, wrong_code(lock))
    return float(session.now)


@pytest.mark.case("BF-01", needs=("console", "radio"))
def test_guessing_is_locked_out(lock: Lock) -> None:
    """Wrong codes at the keypad's full speed, up to the limit.

    Each is signalled by three red. Then the right code is refused too, for 30 s or more
    (proposed), and works again within the lock-out limit. The log has the event and the
    portal hears of it.
    """
    facts = lock.facts
    session = lock.session()
    began = session.now
    locked_out = lock_out(session, lock)
    signals = [blink for blink in session.blinks() if blink[0] >= began]
    errors = [blink for blink in signals if blink[1:] == ("red", 3)]
    assert len(errors) == facts["wrong_code_limit"], f"signals: {signals}"

    refuses(session, facts["user_code"])
    refused_at = session.now
    while entered(session, facts["user_code"], may_open=True) != "opened":
        refused_at = session.now
        latest = locked_out + facts["limits"]["lock_out_max"]
        assert refused_at < latest, "the lock-out does not end"
        session.sleep(1.0)
    # It ended between the last code that was refused and the one that opened.
    lock.measure("lock-out, at least", refused_at - locked_out, "s", low=LOCK_OUT_MIN)
    lock.measure(
        "lock-out, at most",
        session.now - locked_out,
        "s",
        high=facts["limits"]["lock_out_max"],
    )
    assert session.wait_bolt("extended", facts["limits"]["relock_max"])
    assert any("locked out" in text for text in texts(log(session)))
    check_in_now(session, lock)
    session.sleep(facts["limits"]["signal_max"])
    assert any("locked out" in text for text in texts(session.portal_events()))


@pytest.mark.case("BF-02")
@pytest.mark.parametrize("style", ("hard", "pull"))
def test_wrong_codes_are_counted_over_a_power_cycle(lock: Lock, style: str) -> None:
    """All wrong codes but one, the batteries out and in, and the last: locked out."""
    facts = lock.facts
    session = lock.session()
    for _ in range(facts["wrong_code_limit"] - 1):
        refuses(session, wrong_code(lock))
    session.power_cycle(2.0, style)
    refuses(session, wrong_code(lock))
    refuses(session, facts["user_code"])
    session.sleep(facts["limits"]["lock_out_max"])
    opens_and_shuts(session, lock)


@pytest.mark.case("BF-02")
@pytest.mark.parametrize("style", ("hard", "pull"))
@pytest.mark.parametrize("after", (0.0, 5.0, 25.0))
def test_a_lock_out_survives_a_power_cycle(
    lock: Lock, style: str, after: float
) -> None:
    """The batteries out and in, 0, 5 or 25 s into a lock-out.

    The right code is still refused, and the lock was powered in lock-out for 30 s or
    more (proposed) before it opens.
    """
    facts = lock.facts
    session = lock.session()
    locked_out = lock_out(session, lock)
    session.sleep(after)
    off = session.power_cycle(2.0, style)
    if off["rail_fell"] is None:
        raise Inconclusive("the rail was not seen to fall")
    refuses(session, facts["user_code"])
    refused_at = session.now
    while entered(session, facts["user_code"], may_open=True) != "opened":
        refused_at = session.now
        latest = locked_out + after + 2.0 + 2 * facts["limits"]["lock_out_max"]
        assert refused_at < latest, "the lock-out does not end"
        session.sleep(1.0)
    lock.measure(
        "lock-out with power, at least",
        refused_at - locked_out - 2.0,
        "s",
        low=LOCK_OUT_MIN,
    )


@pytest.mark.case("BF-02")
@pytest.mark.parametrize("style", ("hard", "pull"))
def test_a_guess_that_was_cut_short_is_counted(lock: Lock, style: str) -> None:
    """Wrong codes up to the limit, power cut half a second after each enter key.

    By then the error signal has begun and is not over: whoever sees it and pulls the
    battery has guessed all the same. The right code is locked out.
    """
    facts = lock.facts
    session = lock.session()
    for _ in range(facts["wrong_code_limit"]):
        session.type([*wrong_code(lock)])
        session.hold("enter")
        session.sleep(0.5)
        session.power_off(style)
        session.sleep(2.0)
        if session.power_on() is None:
            raise LockFault("did not start after a cut in a guess")
    refuses(session, facts["user_code"])
    session.sleep(facts["limits"]["lock_out_max"])
    opens_and_shuts(session, lock)


def answer_to(session: Session, lock: Lock, code: str) -> tuple[str, int, float]:
    """Colour and count of what answers a code, and the seconds from its last key."""
    session.type([*code, "enter"])
    typed = session.now
    if session.signal(lock.facts["limits"]["signal_max"]) is None:
        raise LockFault("a code was not answered at all")
    at, colour, count = session.blinks()[-1]
    session.sleep(1.0)
    return colour, count, at - typed


@pytest.mark.case("BF-04")
def test_a_lock_out_gives_no_hint(lock: Lock) -> None:
    """In a lock-out, a wrong code and the right one.

    Both are refused by the same signal after the same time (20 ms, proposed), and the
    bolt stays where it is. The mechanical key is nothing that the rig could turn, and
    the portal is not heard before the lock-out is over.
    """
    session = lock.session()
    lock_out(session, lock)
    motions = len(session.motions())
    session.sleep(1.0)
    wrong = answer_to(session, lock, wrong_code(lock))
    right = answer_to(session, lock, lock.facts["user_code"])
    assert len(session.motions()) == motions, "a right code moved the bolt"
    assert right[:2] == wrong[:2], f"a right code: {right}, a wrong one: {wrong}"
    lock.measure("right after wrong", abs(right[2] - wrong[2]), "s", high=TELLS)
    session.sleep(lock.facts["limits"]["lock_out_max"])
    opens_and_shuts(session, lock)


@pytest.mark.case("BF-07")
def test_the_answer_does_not_tell_how_much_was_right(lock: Lock) -> None:
    """Wrong codes of which 0, 1, 2, ... leading digits are right.

    All are answered by the same signal, and as quickly (20 ms, proposed).
    """
    right, wrong = lock.facts["user_code"], wrong_code(lock)
    session = lock.session()
    answers = []
    for same in range(len(right)):
        opens_and_shuts(session, lock)  # so that wrong codes never add up
        session.sleep(1.0)
        answers.append(answer_to(session, lock, right[:same] + wrong[same:]))
    assert len({each[:2] for each in answers}) == 1, f"signals: {answers}"
    took = [each[2] for each in answers]
    lock.measure("slowest after quickest", max(took) - min(took), "s", high=TELLS)


@pytest.mark.case("BF-08")
def test_a_right_code_clears_the_count(lock: Lock) -> None:
    """As many wrong codes as are forgiven, then the right one, five times over.

    It opens each time: other people's mistakes do not add up to the owner's lock-out.
    """
    session = lock.session()
    for _ in range(5):
        for _ in range(lock.facts["wrong_code_limit"] - 1):
            refuses(session, wrong_code(lock))
        opens_and_shuts(session, lock)


@pytest.mark.case("BF-08")
def test_a_vandal_does_not_keep_the_owner_out(lock: Lock) -> None:
    """Somebody types a wrong code every minute for 24 h, also while the owner waits.

    The owner comes every hour, tries the right code every ten seconds and is in within
    two lock-outs (proposed). In real time it is an hour and one owner.
    """
    facts = lock.facts
    session = lock.session()
    session_ends = session.now + (3600.0 if lock.real_time else 86400.0)
    vandal = owner = session.now + 60.0
    waited = 0.0
    while session.now < session_ends:
        session.sleep(max(0.0, min(vandal, owner) - session.now))
        if vandal <= owner:
            entered(session, wrong_code(lock))
            vandal += 60.0
            continue
        if entered(session, facts["user_code"], may_open=True) == "opened":
            waited = 0.0
            owner += 3600.0
            session.wait_bolt("extended", facts["limits"]["relock_max"])
            continue
        waited += 10.0
        owner += 10.0
        assert waited <= 2 * facts["limits"]["lock_out_max"], "the owner is kept out"
