# SPDX-License-Identifier: MIT
"""The WebSocket to the Live API: opened, kept alive, renewed, and opened again.

One session after the other, never two at once (the service answers a second one with
1011). What ended a session is judged by `closes`; when to try again is decided here,
whether a link is wanted at all by the conversation (OpenLink, RenewLink, CloseLink).
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable

import websockets
from websockets.asyncio.client import ClientConnection, connect

from appliance.core import events as ev
from appliance.core.secret import Secret
from appliance.live import wire
from appliance.live.closes import (
    CLOSED_BY_US,
    Loss,
    Next,
    back_off_s,
    classify,
    classify_failure,
    classify_status,
    describe_failure,
    unopened,
)

#: The service cuts a link after 10 minutes; renew before, whether it warns or not.
LIFETIME_S = 8.5 * 60
_CUT_AFTER_S = 9.5 * 60
#: Leave a go-away this long before the service acts on it.
_GO_AWAY_MARGIN_S = 5.0

_OPEN_LIMIT_S = 10.0
#: A send that does not drain in this time is a lost link.
_SEND_LIMIT_S = 10.0
#: How long an orderly close may take (SIGTERM must end the process in 2 s).
_CLOSE_LIMIT_S = 0.5
#: A larger frame is refused; an answer's messages are a few kB.
_MAX_FRAME_BYTES = 16 << 20

_MAX_COMPLAINTS = 100

log = logging.getLogger(__name__)
# At DEBUG websockets logs the handshake, and with it the key.
_quiet = logging.getLogger(f"{__name__}.websockets")
_quiet.setLevel(logging.WARNING)


class _Connect(connect):
    """Follows no redirect: the key is for the configured endpoint only."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class LiveLink:
    """At most one open WebSocket; says LinkUp, LinkLost and what arrives.

    Threads: the event loop's only.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        settings: wire.Settings,
        key: Secret | None,
        post: Callable[[ev.Event], None],
    ) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._key = key
        self._post = post
        self._wanted = asyncio.Event()
        self._hurry = asyncio.Event()
        self._session: asyncio.Task[Loss] | None = None
        self._outbox: asyncio.Queue[bytes | None] | None = None
        self._handle: str | None = None
        self._resumed = False
        self._failed_attempts = 0
        self._complaints: set[str] = set()

    def open(self) -> None:
        """Have a link, and try at once."""
        self._wanted.set()
        self._hurry.set()

    def renew(self, *, deaf: bool) -> None:
        """Close this session and open the next; see RenewLink."""
        if deaf and self._resumed:
            self._handle = None
        self.open()
        self._end_session()

    def close(self) -> None:
        """Send what was ordered, close, and stay closed until `open`."""
        self._wanted.clear()
        self._end_session()

    def send(self, frame: bytes) -> None:
        """Order `frame` to be sent; without a link it is dropped (LinkLost says so)."""
        if self._outbox:
            self._outbox.put_nowait(frame)

    async def closed(self) -> None:
        """Return once the session that was told to end has ended."""
        if self._session:
            await asyncio.wait({self._session})

    async def run(self) -> None:
        """Keep a link whenever one is wanted; never returns."""
        while True:
            await self._wanted.wait()
            self._hurry.clear()
            self._session = asyncio.create_task(self._converse(), name="live session")
            try:
                await asyncio.wait({self._session})
            finally:
                self._session.cancel()
            if self._session.cancelled():
                continue
            loss = self._session.result()
            if loss.verdict.next is not Next.STOP:
                await self._recover(loss)

    async def _recover(self, loss: Loss) -> None:
        """Say that the link is gone, and wait before the next attempt."""
        if loss.verdict.next is Next.RETRY_FRESH:
            self._handle = None
        self._failed_attempts += 1
        delay_s = back_off_s(loss.verdict.next, self._failed_attempts, random.random())
        self._post(ev.LinkLost(loss.verdict.fault, loss.reason))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._hurry.wait()

    def _end_session(self) -> None:
        if not self._session or self._session.done():
            return
        if not self._outbox:
            self._session.cancel()
            return
        self._outbox.put_nowait(None)
        asyncio.get_running_loop().call_later(2 * _CLOSE_LIMIT_S, self._session.cancel)

    async def _converse(self) -> Loss:
        """One session, from the handshake to its end."""
        self._post(ev.LinkOpening())
        self._resumed = self._handle is not None
        up = False
        try:
            async with self._connect() as socket:
                await self._set_up(socket)
                up = True
                return await self._exchange(socket)
        except (websockets.WebSocketException, wire.NotJson, OSError) as error:
            return _judge(error, up=up, resumed=self._resumed)
        finally:
            self._outbox = None

    def _connect(self) -> connect:
        headers = {"x-goog-api-key": self._key.reveal()} if self._key else {}
        return _Connect(
            self._endpoint,
            additional_headers=headers,
            compression=None,
            open_timeout=_OPEN_LIMIT_S,
            # Pongs were measured 8-30 s late in healthy sessions.
            ping_interval=20,
            ping_timeout=60,
            close_timeout=_CLOSE_LIMIT_S,
            max_size=_MAX_FRAME_BYTES,
            logger=_quiet,
        )

    async def _set_up(self, socket: ClientConnection) -> None:
        async with asyncio.timeout(_OPEN_LIMIT_S):
            await socket.send(wire.setup(self._settings, self._handle), text=True)
            while wire.SetupComplete() not in self._read(await socket.recv()):
                pass
        self._outbox = asyncio.Queue()
        self._post(ev.LinkUp(self._resumed))

    async def _exchange(self, socket: ClientConnection) -> Loss:
        """Both directions until one of them ends; returns or raises why."""
        loop = asyncio.get_running_loop()
        by = time.monotonic() + _CUT_AFTER_S
        renewal = loop.call_later(LIFETIME_S, self._post, ev.LinkExpiring(by))
        tasks = {
            asyncio.create_task(self._receive(socket), name="live reader"),
            asyncio.create_task(self._transmit(socket), name="live writer"),
        }
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return ended.pop().result()
        finally:
            renewal.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self, socket: ClientConnection) -> Loss:
        while True:
            for message in self._read(await socket.recv()):
                self._act_on(message)

    async def _transmit(self, socket: ClientConnection) -> Loss:
        assert self._outbox
        while (frame := await self._outbox.get()) is not None:
            async with asyncio.timeout(_SEND_LIMIT_S):
                await socket.send(frame, text=True)
        await socket.close()
        return Loss(CLOSED_BY_US, "closed by us")

    def _read(self, frame: bytes | str) -> list[wire.Message]:
        messages, complaints = wire.decode(frame)
        for complaint in complaints:
            if complaint in self._complaints or (
                len(self._complaints) >= _MAX_COMPLAINTS
            ):
                continue
            self._complaints.add(complaint)
            log.warning("server message: %s (ignored, said once)", complaint)
        return messages

    def _act_on(self, message: wire.Message) -> None:
        match message:
            case wire.HandleIssued(handle):
                self._handle = handle
            case wire.GoAway(time_left_s):
                left_s = max(0.0, time_left_s - _GO_AWAY_MARGIN_S)
                self._post(ev.LinkExpiring(time.monotonic() + left_s))
            case wire.SetupComplete():
                pass
            case _:
                if isinstance(message, ev.AnswerEnded):
                    self._failed_attempts = 0
                self._post(message)


def _judge(error: Exception, *, up: bool, resumed: bool) -> Loss:
    """Why a session ended, from what it raised."""
    match error:
        case websockets.ConnectionClosed():
            frame = error.rcvd or error.sent
            code, reason = (frame.code, frame.reason) if frame else (None, "")
            loss = Loss(
                classify(reason), f"{code or 'no close frame'} {reason}".strip()
            )
        case websockets.InvalidStatus():
            status = error.response.status_code
            loss = Loss(classify_status(status), f"HTTP {status}")
        case OSError():
            loss = Loss(classify_failure(error), describe_failure(error))
        case _:
            loss = Loss(classify(""), str(error))
    return loss if up else unopened(loss, resumed=resumed)
