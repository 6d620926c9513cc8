# SPDX-License-Identifier: MIT
"""What is not as promised, one line each."""

import time
from collections.abc import Iterator

from appliance.basics.pcm import FRAME_BYTES, PLAYBACK_RATE_HZ
from tests.faults import evidence, tapes
from tests.faults.evidence import Findings
from tests.faults.stage import WATCHDOG_S
from tests.faults.trial import Trial

#: DESIGN §7: a fault is no flood.
_MOST_LINES = 20
#: Four pings in a watchdog period (man sd_watchdog_enabled asks for two).
_MOST_SILENCE_S = WATCHDOG_S / 2
_BYTES_PER_S = FRAME_BYTES * PLAYBACK_RATE_HZ


def about_the_fault(trial: Trial, found: Findings) -> Iterator[str]:
    stage, promised, since = trial.stage, trial.promised, trial.struck_at
    signal = trial.row.signal
    if found.outcome not in promised.outcomes:
        wanted = " or ".join(sorted(o.value for o in promised.outcomes))
        yield f"{found.outcome.value}; promised was: {wanted}"
    if found.played.begun > 1:
        yield f"answered {found.played.begun} times"
    if promised.shown and signal and not evidence.shown(stage, signal, since):
        yield f"STATUS never said {signal.value}"
    if promised.silent and (what := list(evidence.wrong(stage, since))):
        yield f"told to be wrong: {', '.join(what)}"
    if promised.logged and signal and not evidence.logged(stage, signal, since):
        yield f"the journal does not say what to do about {signal.value}"
    if evidence.restarted(stage, since) and not promised.may_restart:
        yield f"the process ended: {stage.box.lives}"
    if promised.keeps_link and trial.asked_until_rest > trial.asked:
        yield "the link was replaced"
    attempts = trial.asked_until_mended - trial.asked
    pressed = trial.presses_until_mended - trial.presses
    if promised.attempts is not None and attempts > promised.attempts + pressed:
        yield f"{attempts} connections were asked for: it hammers"
    if (lines := stage.box.journal_lines - trial.lines) > _MOST_LINES:
        yield f"{lines} lines in the journal"


def about_the_box(trial: Trial) -> Iterator[str]:
    """What must hold whatever the fault."""
    stage = trial.stage
    for heard in evidence.everything_heard(stage):
        number = heard.turn.number
        if heard.when is None:
            where = tapes.first_break(heard.turn.heard, stage.card.spoken())
            yield f"what turn {number} heard is broken after {where}"
        elif not any(heard.within(hold) for hold in stage.holds):
            yield f"turn {number} was not said in a hold: {heard.when}"
    pinged_at = stage.box.notify.pinged_at or 0.0
    if time.monotonic() - pinged_at > _MOST_SILENCE_S:
        yield "the watchdog is not pinged any more"
    if any("Traceback" in line for line in stage.box.lines()):
        yield "there is a traceback"
    if trial.row.talks_over:
        yield from _about_late_audio(trial)


def _about_late_audio(trial: Trial) -> Iterator[str]:
    """What came of an answer after the user had talked over it must not sound."""
    late = trial.stage.turns[0].answer[trial.talked_over_from :]
    late = late[_BYTES_PER_S // 5 :]  # the press takes its time to get there
    tape = trial.stage.card.heard()
    if len(late) < _BYTES_PER_S // 2:
        yield "there was no late audio"
    if any(late[i : i + 480] in tape for i in range(0, len(late) - 480, 4800)):
        yield "the answer that was talked over goes on"
