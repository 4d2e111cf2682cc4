"""RIG: what the rig cannot see is never a pass, and what it cuts it measures."""

from __future__ import annotations

import pytest
from lockrig import Inconclusive, Lock, cut_after, cut_at_bytes

#: A wire, and what the note must name.
WIRES = {
    "bolt_extended": "bolt",
    "bolt_retracted": "bolt",
    "keypad": "keypad",
    "rail": "rail",
    "console": "console",
}


@pytest.mark.case("RIG-04", needs=("operator", "console"))
@pytest.mark.parametrize("wire", WIRES)
def test_a_broken_sensor_is_never_a_pass(lock: Lock, wire: str) -> None:
    """One wire of the harness is pulled; a good lock is judged.

    The verdict is inconclusive, and the note names the device to look at.
    """
    names = {"6000i": "keypad_enable", "7000i": "key_strobe"}
    pulled = names[lock.model] if wire == "keypad" else wire
    trial = lock.trial(unplugged=[pulled], expected=True)
    assert trial.verdict == "inconclusive", f"{pulled} pulled: {trial.verdict}"
    assert WIRES[wire] in trial.note, f"{pulled} pulled, and the note: {trial.note}"


# Seconds from the command to the rail below power-on reset. Twice what the stations'
# calibration says: 2.37 ms discharged, 55 ms open, with the board's hold-up
# (fixtures/boards, rail).
FALL = {"hard": 0.005, "pull": 0.110}
# Seconds between the moment asked for and the host's command, once the chip samples
# closely: one attentive chunk (rig/station/gpio.hpp).
HOST = 0.005
# A cut that is asked for sooner waits for the chunk under way (rig/station/gpio.hpp).
CHUNK = 0.080


@pytest.mark.case("RIG-05")
@pytest.mark.parametrize("style", ("hard", "pull"))
def test_a_cut_falls_when_it_was_asked_for(lock: Lock, style: str) -> None:
    """Whole trials with cuts at many delays after the stimulus.

    Their distances are compared with those asked for. Each cut is proven: the rail was
    low for the minimum off time, and the lock says that it was reset.
    """
    off_min = lock.facts["limits"]["off_min"]
    achieved = {}
    for delay in (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 8.0):
        cut = cut_after("stimulus", delay=delay, style=style)
        trial = lock.push(lock.new, cuts=[cut]).expect()
        (seen,) = trial.cuts
        assert seen["proven"] and seen["reset"], seen
        lock.measure(f"off time, {delay} s", seen["off_s"], "s", low=off_min)
        achieved[delay] = float(seen["achieved_s"])
    began = achieved[0.1] - 0.1
    for delay, moment in achieved.items():
        late = moment - began - delay
        if delay < CHUNK:
            limits = (-HOST, CHUNK + HOST)
        else:
            limits = (-HOST - FALL[style], HOST + FALL[style])
        lock.measure(f"late, {delay} s", late, "s", low=limits[0], high=limits[1])


@pytest.mark.case("RIG-05")
@pytest.mark.parametrize("style", ("hard", "pull"))
def test_the_fall_of_the_rail_is_measured(lock: Lock, style: str) -> None:
    """Five cuts of an idle lock: command and fall by the chip's clock, off time by it."""
    off_min = lock.facts["limits"]["off_min"]
    session = lock.session()
    for number in range(5):
        wanted = off_min * (number + 1)
        off = session.power_cycle(wanted, style)
        if off["rail_fell"] is None:
            raise Inconclusive("the rail was not seen to fall")
        fall = off["rail_fell"] - off["commanded"]
        lock.measure(f"fall {number}", fall, "s", low=0.0, high=FALL[style])
        rises = [at for at, up in session.rail_edges() if up and at > off["rail_fell"]]
        if not rises:
            raise Inconclusive("the rail was not seen to rise")
        lock.measure(f"off {number}", rises[0] - off["rail_fell"], "s", low=off_min)


@pytest.mark.case("RIG-05")
def test_a_cut_that_is_not_proven_is_inconclusive(lock: Lock) -> None:
    """Power is back before the minimum off time; or the moment of the cut never came."""
    off_min = lock.facts["limits"]["off_min"]
    short = cut_after("stimulus", delay=1.0, off=off_min / 2)
    never = cut_at_bytes(10**9)
    for cut in (short, never):
        trial = lock.trial("push", image=lock.new, cuts=[cut], expected=True)
        assert trial.verdict == "inconclusive", f"{cut}: {trial.verdict}"
