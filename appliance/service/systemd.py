# SPDX-License-Identifier: MIT
"""Notifies systemd: READY, STATUS, WATCHDOG, STOPPING (man sd_notify)."""

import asyncio
import os
import time
from collections.abc import Callable

from appliance.core.advice import advice
from appliance.core.conversation import Conversation
from appliance.core.liveness import stalled_parts
from appliance.core.signals import TABLE, Signal, signal
from appliance.journal.transition import Transition

#: How often the time limit of the start is extended, and by how much.
_EXTEND_EVERY_S = 5.0
_EXTEND_BY_S = 30


def is_there() -> bool:
    """It has started this process, and is told how it is."""
    return "NOTIFY_SOCKET" in os.environ


def _notify(state: str) -> None:
    if is_there():
        from systemd import daemon

        daemon.notify(state)


def ready() -> None:
    _notify("READY=1")


def reloading() -> None:
    """`ready` ends it."""
    _notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")


def stopping() -> None:
    _notify("STOPPING=1\nSTATUS=Stopping.")


def follow(transition: Transition) -> None:
    """READY once the box is; and its state, which `systemctl status` shows first."""
    if transition.after.ready and not transition.before.ready:
        ready()
    if _shown(transition.after) != _shown(transition.before):
        status(sentence(transition.after))


def status(text: str) -> None:
    _notify(f"STATUS={text}")


def sentence(conversation: Conversation) -> str:
    """What the box is doing, as a sentence."""
    shown = signal(conversation)
    row = TABLE[shown]
    turn = f" (turn {conversation.turn})" if conversation.turn else ""
    situation = f"{row.situation[:1].upper()}{row.situation[1:]}{turn}"
    return f"{situation}. {advice(shown, conversation.talk.mode)}"


def _shown(conversation: Conversation) -> tuple[Signal, int]:
    """Everything that a status line depends on; most transitions do not change it."""
    return signal(conversation), conversation.turn


async def extend_start() -> None:
    """While a device is missing, `activating` is the truth; never returns."""
    while True:
        _notify(f"EXTEND_TIMEOUT_USEC={_EXTEND_BY_S * 1_000_000}")
        await asyncio.sleep(_EXTEND_EVERY_S)


async def watch(beats: Callable[[], dict[str, float]]) -> None:
    """WATCHDOG=1 four times in a watchdog period, as long as every part moves."""
    usec = int(os.environ.get("WATCHDOG_USEC", "0"))
    while usec:
        if not stalled_parts(beats(), time.monotonic()):
            _notify("WATCHDOG=1")
        await asyncio.sleep(usec / 4_000_000)
    await asyncio.Event().wait()
