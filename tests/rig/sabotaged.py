# SPDX-License-Identifier: MIT
"""The service's process with a finger on its button, and a saboteur inside.

`python sabotaged.py run --config FILE` is `voice-appliance run --config FILE` on mock
pins. Each line on stdin is a command, see COMMANDS: it presses the button, or breaks
what cannot be broken from outside. Nothing else of the service is changed.
"""

import asyncio
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NoReturn

from gpiozero import Device

from appliance.__main__ import main
from appliance.config.sections import ButtonSection, LedSection
from appliance.demo.demo import Panel
from appliance.hardware import button, portaudio
from appliance.service.inbox import Inbox

_block_s = 0.0
_leaked: list[bytes] = []
_real_getaddrinfo = socket.getaddrinfo


def block(seconds: str) -> None:
    """Nothing runs on the event loop for so long; other threads do."""
    global _block_s
    _block_s = float(seconds)
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)


def no_names() -> None:
    """As where no name server can be reached."""

    def unresolved(*_: Any, **__: Any) -> NoReturn:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    socket.getaddrinfo = unresolved


def names() -> None:
    socket.getaddrinfo = _real_getaddrinfo


def ipv6_first() -> None:
    """As where a name has addresses of both kinds."""

    def both(host: Any, port: Any, *rest: Any, **more: Any) -> list[Any]:
        found = _real_getaddrinfo(host, port, *rest, **more)
        stream = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(socket.AF_INET6, *stream, ("::1", port, 0, 0)), *found]

    socket.getaddrinfo = both


def kill_microphone() -> None:
    """Its callback does not return any more."""
    _kill_callback(captures=True)


def kill_speaker() -> None:
    """Its callback does not return any more."""
    _kill_callback(captures=False)


def stick_inbox() -> None:
    """The conversation never comes back for its next event; the loop is alive."""
    Inbox.next = _never


def break_conversation() -> None:
    """The conversation's task ends by a bug."""

    async def fails(*_: Any) -> NoReturn:
        raise RuntimeError("sabotaged")

    Inbox.next = fails  # type: ignore[method-assign]


def leak(megabytes: str) -> None:
    """So much is held, and never let go."""
    # Written to, as a page that was never touched takes no memory.
    _leaked.append(b"x" * (int(megabytes) * 2**20))


def kill_button() -> None:
    """The level is not polled any more."""
    button.next_second = lambda now: now + 3600


def _kill_callback(*, captures: bool) -> None:
    guard = portaudio._Guard
    real = guard.__call__

    def dies(self: Any, pcm: bytes | None, *others: Any) -> tuple[bytes, int]:
        if (pcm is not None) is captures:
            threading.Event().wait()
        return real(self, pcm, *others)

    guard.__call__ = dies


async def _never(*_: Any) -> NoReturn:
    await asyncio.Event().wait()
    raise AssertionError


def _obey(commands: dict[str, Callable[..., None]]) -> None:
    for line in sys.stdin:
        name, *arguments = line.split()
        commands[name](*arguments)


def _sabotage() -> None:
    button = ButtonSection()
    panel = Panel(button.talk_gpio, active_low=button.active_low)
    # gpiozero's mock pin remembers each brightness it ever had: some MB in an hour.
    led = Device.pin_factory.pin(LedSection().gpio)
    led.states = deque(led.states, maxlen=2)
    commands = {"press": panel.press, "release": panel.release} | COMMANDS
    signal.signal(signal.SIGUSR1, lambda *_: time.sleep(_block_s))
    threading.Thread(target=_obey, args=(commands,), daemon=True).start()


COMMANDS: dict[str, Callable[..., None]] = {
    "block": block,
    "no-names": no_names,
    "names": names,
    "ipv6-first": ipv6_first,
    "kill-microphone": kill_microphone,
    "kill-speaker": kill_speaker,
    "stick-inbox": stick_inbox,
    "break-conversation": break_conversation,
    "kill-button": kill_button,
    "leak": leak,
}

if __name__ == "__main__":
    _sabotage()
    sys.exit(main())
