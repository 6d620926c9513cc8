# SPDX-License-Identifier: MIT
"""All checks, in the order in which they run."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from appliance.doctor import (
    answer,
    board,
    cards,
    clock,
    cut,
    failures,
    health,
    microphone,
    models,
    network,
    permissions,
    pins,
    rates,
    speaker,
)
from appliance.doctor.context import Context
from appliance.doctor.result import Result


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report."""

    section: str
    name: str
    examine: Callable[[Context], Awaitable[Result]]
    #: It needs the sound card or GPIO lines, which the running service holds.
    exclusive: bool = False
    #: If one of these fails, a failure of this check is reported as its consequence.
    #: Checks with the same fix need not be named.
    after: tuple[str, ...] = ()


CHECKS = (
    Check("board", "board and system", board.examine_board),
    Check("overlay", "overlay", board.examine_overlay),
    Check("cards", "sound cards", cards.examine_cards, after=("overlay",)),
    Check(
        "rates",
        "microphone rate",
        rates.examine_microphone_rate,
        exclusive=True,
        after=("overlay", "sound cards"),
    ),
    Check(
        "rates",
        "speaker rate",
        rates.examine_speaker_rate,
        exclusive=True,
        after=("overlay", "sound cards"),
    ),
    Check(
        "microphone",
        "microphone level",
        microphone.examine_microphone,
        exclusive=True,
        after=("overlay", "sound cards", "microphone rate"),
    ),
    Check(
        "speaker",
        "record and play",
        speaker.examine_speaker,
        exclusive=True,
        after=("overlay", "sound cards", "microphone rate", "speaker rate"),
    ),
    Check(
        "speaker",
        "cuts",
        cut.examine_cut,
        exclusive=True,
        after=("overlay", "sound cards", "speaker rate", "record and play"),
    ),
    Check("words", "words", speaker.examine_words),
    Check("button", "GPIO library", pins.examine_library),
    Check(
        "button",
        "talk button",
        pins.examine_button,
        exclusive=True,
        after=("GPIO library",),
    ),
    Check(
        "led", "status LED", pins.examine_led, exclusive=True, after=("GPIO library",)
    ),
    Check("permissions", "devices", permissions.examine_devices),
    Check("health", "power supply", health.examine_power),
    Check("failures", "last failures", failures.examine_failures),
    Check("wifi", "Wi-Fi power save", network.examine_wifi),
    Check("clock", "clock", clock.examine_clock),
    Check("dns", "name server", network.examine_dns),
    Check("tls", "TLS", network.examine_tls),
    Check("key", "API key", models.examine_key),
    Check("model", "model", models.examine_model),
    Check("answer", "question and answer", answer.examine_answer, after=("TLS",)),
)
#: What `doctor --section` can be asked for, in the order of the report.
SECTIONS = tuple(dict.fromkeys(check.section for check in CHECKS))
