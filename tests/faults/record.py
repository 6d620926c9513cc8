# SPDX-License-Identifier: MIT
"""A cell told from begin to end, for whoever looks for the reason."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from appliance.simulator.virtual_card import Start
from tests.faults.stage import Stage
from tests.faults.trial import Trial

#: Of one line.
_MOST_COPIES = 9


def record(trial: Trial) -> str:
    """All that happened, in the order of time; 0 is the fault."""
    stage, zero = trial.stage, trial.struck_at
    told = [
        (at, line)
        for at, line in stage.box.notify.messages
        if not line.startswith("WATCHDOG")
    ]
    moments = [
        *stage.box.journal,
        *told,
        *((hold.pressed_at, "press") for hold in stage.holds),
        *((hold.released_at, "release") for hold in stage.holds),
        *((at, "asks for a connection") for at in stage.network.asked),
        *((turn.opened_at, f"turn {turn.number} opened") for turn in stage.turns),
        *((trial.mended_at or zero, "mended"), (zero, "FAULT")),
    ]
    lines = (f"{at - zero:8.3f} {line}" for at, line in sorted(moments))
    wire = (f"{link}: {line}" for link, line in stage.server.transcript)
    return "\n".join(
        [
            f"{trial.row.name}, {trial.phase.value}",
            *(f"NOT AS PROMISED: {complaint}" for complaint in trial.complaints),
            str(trial.findings),
            str(stage.box.lives),
            *(f"{start.at - zero:8.3f} {start}" for start in _starts(stage)),
            *_without_repeats(lines, skip=9),
            *_without_repeats(wire, skip=0),
        ]
    )


def _starts(stage: Stage) -> list[Start]:
    return [*stage.card.starts("microphone"), *stage.card.starts("speaker")]


def _without_repeats(lines: Iterable[str], *, skip: int) -> Iterator[str]:
    """A flood of one line, or a run of audio, as its first; `skip` characters at the
    begin of a line, and numbers in it, do not count."""
    last, seen = "", Counter[str]()
    for line in lines:
        text = re.sub(r"audio \d+", "audio", line[skip:])
        seen[text] += 1
        if text != last and seen[text] <= _MOST_COPIES:
            yield line
        last = text
