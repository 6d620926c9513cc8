# SPDX-License-Identifier: MIT
"""The catalog: what `journalctl -x` explains for each kind of line (man catalog)."""

import textwrap

from appliance.core.message_ids import (
    FAILED_ID,
    LINK_ID,
    MENDED_ID,
    NEW_ID,
    NO_EFFECT_ID,
    READY_ID,
    REJECTED_ID,
    RELOAD_FAILED_ID,
    RELOAD_ID,
    SPEECH_ID,
    TAKEN_ID,
    TOOL_ID,
    TOOL_LEFT_OUT_ID,
    TURN_ID,
)
from appliance.core.signals import TABLE, Row

#: MESSAGE_ID -> subject and explanation of what is no row of TABLE.
_OTHERS: dict[str, tuple[str, str]] = {
    READY_ID: (
        "The box is ready",
        "Button, LED, microphone and speaker work. The line says how to talk.",
    ),
    TURN_ID: (
        "Turn @TURN@: @OUTCOME@",
        "One hold of the button and its result. Times are in ms: how long it "
        "was held (HOLD_MS), from press to the first audio on the wire "
        "(PRESS_TO_WIRE_MS), from release to the first sound of the answer "
        "(RELEASE_TO_FIRST_SOUND_MS: OWN_MS of the box, SERVICE_MS of line and "
        "service), the answer's length (ANSWER_MS).",
    ),
    LINK_ID: (
        "The link to the Live API is @LINK@",
        "Links come and go: the service ends each after some minutes, and the box "
        "closes it when it is not used. Nothing said is lost. You need do nothing.",
    ),
    TAKEN_ID: (
        "Applied from the boot partition",
        "The file was checked and installed, and is gone from the boot partition. "
        "The key is kept encrypted.",
    ),
    REJECTED_ID: (
        "Rejected: a file on the boot partition",
        "The line says what is wrong with the file, as does the .rejected.txt beside "
        "it. Fix it, and restart, or\n"
        "    sudo systemctl start voice-appliance-provision",
    ),
    RELOAD_ID: (
        "The configuration was read again",
        "The line names the keys that changed. Devices, GPIO lines, periods and "
        "[log] need a new process:\n"
        "    sudo systemctl restart voice-appliance",
    ),
    RELOAD_FAILED_ID: (
        "The configuration was not applied",
        "The line says what is wrong with the file; the service goes on with what it "
        "had. Fix the file, and then\n    sudo systemctl reload voice-appliance",
    ),
    NO_EFFECT_ID: (
        "A setting has no effect",
        "Another setting makes it pointless; the line names both. The box works.",
    ),
    NEW_ID: (
        "A new conversation begins",
        "What was said before is forgotten, by two quick taps of the button or by the "
        "assistant. You need not do anything.",
    ),
    TOOL_ID: (
        "The tool @TOOL@ was called",
        "The service asked for it, and the line has the result. A tool that "
        "failed was reported to the service, which tells the user. What a tool writes "
        "to stderr is in this journal, too.",
    ),
    TOOL_LEFT_OUT_ID: (
        "A tool cannot be used",
        "The line says what is wrong with its file; the other tools, and the box, "
        "work. Fix the file, and then\n    sudo systemctl reload voice-appliance",
    ),
    SPEECH_ID: (
        "The box has no words",
        "It tells what is wrong by sounds and blinks only; the line says why. If "
        "espeak-ng is missing:\n"
        "    sudo apt install espeak-ng && sudo systemctl restart voice-appliance",
    ),
    MENDED_ID: (
        "Working again: @SITUATION@",
        "The fault is gone. You need not do anything.",
    ),
    FAILED_ID: (
        "The voice appliance cannot run",
        "The line says what is wrong and what to do. After a configuration error the "
        "service is not restarted: fix the file, check it with\n"
        "    voice-appliance config --check /etc/voice-appliance/config.toml\n"
        "and start the service with\n"
        "    sudo systemctl restart voice-appliance",
    ),
}


def catalog() -> str:
    """The file that is installed."""
    rows = [(row.message_id, *_of_row(row)) for row in TABLE.values()]
    others = [(id_, *texts) for id_, texts in _OTHERS.items()]
    head = "# Made from the code by `make docs`; see man journalctl, --catalog.\n"
    return head + "".join(_entry(*entry) for entry in rows + others)


def _of_row(row: Row) -> tuple[str, str]:
    heard = f"Sound: {row.earcon}." if row.earcon else ""
    explained = f"LED: {row.led}. {heard}\n{row.advice}"
    return f"The voice appliance: {row.situation}", explained


def _entry(message_id: str, subject: str, explanation: str) -> str:
    lines = [
        line if line.startswith(" ") else textwrap.fill(line, 78)
        for line in explanation.splitlines()
    ]
    head = f"-- {message_id}\nSubject: {subject}\nDefined-By: voice-appliance\n"
    return f"\n{head}\n" + "\n".join(lines) + "\n"
