# SPDX-License-Identifier: MIT
"""What the box is for: hold, talk, hear the answer, talk over it, hush it."""

import time

import board
import box
import sound
from live import NAME, live_service
from verdict import expect, run, scenario, until

from appliance.core.message_ids import TURN_ID
from appliance.core.signals import Signal
from appliance.simulator.scenario import Scenario

#: Of the samples, what the emulated card must bring from one end to the other.
_LEAST_SHARE = 0.9
_SLOW = Scenario(answer_delay_ms=2500)


@scenario("boot to READY, counted from the kernel's start")
def _boot() -> str:
    return f"{box.is_ready():.1f} s"


@scenario("hold, talk, let go: heard whole, answered whole at the DAC")
def _talk() -> str:
    said = sound.noise(2.0)
    journal = box.Journal()
    with live_service() as live, box.hosts(NAME), sound.listening() as ear:
        board.press()
        time.sleep(0.4)
        sound.say(said)
        board.release()
        turn = live.turn(1)
        report = journal.wait(TURN_ID)
        heard = ear.heard
    expect(report["OUTCOME"] == "answered", f"turn: {report['MESSAGE']}")
    up = sound.expect_share(_LEAST_SHARE, said, turn.heard, "heard by the service")
    down = sound.expect_share(_LEAST_SHARE, turn.answer, heard, "heard at the DAC")
    return (
        f"up {up:.1%}, down {down:.1%} to the sample; first sound "
        f"{report['RELEASE_TO_FIRST_SOUND_MS']} ms after the release"
    )


@scenario("the LED: short flashes, full on, slow pulse, breathing, short flashes")
def _light() -> str:
    journal = box.Journal()
    with live_service(_SLOW) as live, box.hosts(NAME):
        box.shows_signal(Signal.IDLE)
        until(board.flashes, "idle: a short flash now and then")
        board.press()
        until(lambda: board.brightness() > 0.97, "listening: full on")
        sound.say(sound.noise(6.0))
        board.release()
        box.shows_signal(Signal.THINKING)
        board.glows(lambda c: min(c) < 0.3 and max(c) > 0.8, "a slow pulse", 1.8)
        box.shows_signal(Signal.SPEAKING)
        board.glows(lambda c: 0.3 < min(c) < 0.6 and max(c) > 0.8, "breathing", 1.5)
        live.turn(1)
        journal.wait(TURN_ID)
        until(board.flashes, "idle again: a short flash now and then")
    return ""


@scenario("barge-in: a press silences the answer; the next one comes whole")
def _barge_in() -> str:
    journal = box.Journal()
    with live_service() as live, box.hosts(NAME), sound.listening() as ear:
        board.press()
        sound.say(sound.noise(4.0, seed=2))
        board.release()
        box.shows_signal(Signal.SPEAKING)
        board.press()
        sound.say(said := sound.noise(1.0, seed=3))
        board.release()
        second = live.turn(2)
        until(lambda: len(journal.entries(TURN_ID)) == 2, "two turns in the journal")
        heard = ear.heard
    cut = journal.entries(TURN_ID)[0]
    expect("BARGE_IN_CUT_MS" in cut, f"the press cut nothing: {cut['MESSAGE']}")
    cut_ms = int(cut["BARGE_IN_CUT_MS"])
    expect(cut_ms < 1000, f"silence only {cut_ms} ms after the press")
    stale = sound.share_of(live.turns[0].answer, heard)
    expect(stale < 0.5, f"{stale:.0%} of the old answer was played")
    sound.expect_share(_LEAST_SHARE, said, second.heard, "heard by the service")
    sound.expect_share(_LEAST_SHARE, second.answer, heard, "heard at the DAC")
    return f"silence {cut_ms} ms after the press"


@scenario("a tap hushes the answer, and sends nothing")
def _tap() -> None:
    with live_service() as live, box.hosts(NAME), sound.listening() as ear:
        board.press()
        sound.say(sound.noise(12.0, seed=4))
        board.release()
        box.shows_signal(Signal.SPEAKING)
        board.tap()
        box.shows_signal(Signal.IDLE, limit_s=9)
        ear.hears(3.0)
        stale = sound.share_of(live.turns[0].answer, ear.heard)
        expect(stale < 0.5, f"{stale:.0%} of the answer was played")
        expect(len(live.turns) == 1, "the tap became a turn")


@scenario("a hold in digital silence: it sends nothing, and says what is wrong")
def _silence() -> str:
    journal = box.Journal()
    with live_service() as live, box.hosts(NAME):
        box.shows_signal(Signal.IDLE)
        board.hold(1.0)
        text = journal.tells(Signal.UNHEARD)
        expect(not live.turns, "the silence became a turn")
    return text


@scenario("systemctl reload while it answers: it goes on, then the LED changes")
def _reload() -> None:
    journal, pid, before = box.Journal(), box.main_pid(), box.CONFIG.read_text()
    with live_service(), box.hosts(NAME):
        box.shows_signal(Signal.IDLE, limit_s=60)
        board.press()
        sound.say(sound.noise(2.0, seed=5))
        board.release()
        box.shows_signal(Signal.SPEAKING)
        box.CONFIG.write_text(before + "[led]\nidle_brightness = 1\n")
        try:
            run("systemctl", "reload", box.UNIT)
            report = journal.wait(TURN_ID)
            until(lambda: board.brightness() > 0.97, "idle: full on")
        finally:
            box.CONFIG.write_text(before)
    expect(report["OUTCOME"] == "answered", report["MESSAGE"])
    expect(box.main_pid() == pid, "it was restarted")
