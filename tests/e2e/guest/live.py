# SPDX-License-Identifier: MIT
"""The simulated Live service in this machine, behind a certificate of its own."""

import asyncio
import ssl
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from verdict import until

from appliance.simulator.live.server import LiveServer
from appliance.simulator.live.service import HeardTurn
from appliance.simulator.scenario import Fault, Scenario

PORT = 8443
NAME = "live.test"
ENDPOINT = f"wss://{NAME}:{PORT}"
API_KEY = "a-key-of-the-boot-test"
_CERTIFICATE = "/etc/ssl/private/live.crt", "/etc/ssl/private/live.key"
_T = TypeVar("_T")


class Live:
    """The service, seen from the scenario's thread."""

    def __init__(self, server: LiveServer, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop

    def turn(self, number: int, limit_s: float = 30.0) -> HeardTurn:
        """Turn `number`, counted from 1, once all of its answer has been sent."""
        return until(lambda: self._complete(number), f"turn {number} answered", limit_s)

    @property
    def turns(self) -> list[HeardTurn]:
        return self._server.turns

    @property
    def connections(self) -> int:
        return self._server.connections

    def inject(self, fault: Fault) -> None:
        """Let `fault` happen now on the newest link."""
        self._do(self._server.inject(fault))

    def _complete(self, number: int) -> HeardTurn | None:
        turns = self._server.turns
        if len(turns) < number or not turns[number - 1].complete:
            return None
        return turns[number - 1]

    def _do(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)


@contextmanager
def live_service(
    scenario: Scenario | None = None, api_key: str = API_KEY
) -> Iterator[Live]:
    """Serve at ENDPOINT, for callers with `api_key`."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*_CERTIFICATE)
    server = LiveServer(scenario, port=PORT, tls=tls, api_key=api_key)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    live = Live(server, loop)
    live._do(server.__aenter__())
    try:
        yield live
    finally:
        live._do(server.__aexit__())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
