# SPDX-License-Identifier: MIT
"""The service as a process of its own, and what it tells systemd."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import contextmanager

LIMIT_S = 30.0
#: To be looked for wherever it must not be.
KEY = "a-key-to-look-for"


class NotifySocket:
    """What a service tells systemd (man sd_notify), message by message."""

    def __init__(self, path) -> None:
        self.path = str(path)
        self.messages: list[tuple[float, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)

    def next(self, start: str, limit_s: float = LIMIT_S) -> float:
        """Receive until a line starts so; when it did (monotonic s)."""
        until = time.monotonic() + limit_s
        while (left_s := until - time.monotonic()) > 0:
            if any(line.startswith(start) for line in self._receive(left_s)):
                return self.messages[-1][0]
        raise TimeoutError(f"no {start!r} in {self.messages}")

    def seen(self, start: str) -> None:
        """As `next`, but it may have come already."""
        if not any(text.startswith(start) for _, text in self.messages):
            self.next(start)

    def silent_for(self, seconds: float, start: str) -> bool:
        """Whether none arrives in so long."""
        try:
            self.next(start, seconds)
        except TimeoutError:
            return True
        return False

    def close(self) -> None:
        self._socket.close()

    def _receive(self, limit_s: float) -> list[str]:
        """The lines of the next message, none if there is none in so long."""
        self._socket.settimeout(limit_s)
        try:
            text = self._socket.recv(4096).decode()
        except TimeoutError:
            return []
        self.messages.append((time.monotonic(), text))
        return text.splitlines()


@contextmanager
def process(
    virtual_card,
    *arguments: str,
    program: Sequence[str] = ("-m", "appliance"),
    under: Sequence[str] = (),
    **environment: str,
):
    """`voice-appliance ...` on mock pins; killed at the end, if it still runs.

    It is killed after 2 * LIMIT_S, too: who reads what it never writes sees its end.

    `under` is a command line that starts another, such as nice; `program` is what
    Python runs.
    """
    running = subprocess.Popen(
        [*under, sys.executable, *program, *arguments],
        env={
            **os.environ,
            **virtual_card.environment,
            "GPIOZERO_PIN_FACTORY": "mock",
            "GPIOZERO_MOCK_PIN_CLASS": "mockpwmpin",
            "GEMINI_API_KEY": KEY,
            **environment,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = threading.Timer(2 * LIMIT_S, running.kill)
    end.start()
    try:
        yield running
    finally:
        end.cancel()
        running.kill()
        running.communicate()


def write_config(path, endpoint: str = "ws://localhost:9") -> str:
    """A configuration for the virtual card; by default with nobody to talk to."""
    path.write_text(
        f'[live]\nendpoint = "{endpoint}"\n'
        '[microphone]\ndevice = "microphone"\n'
        '[speaker]\ndevice = "speaker"\nperiod_frames = 2400\n'
    )
    return str(path)
