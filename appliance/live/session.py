# SPDX-License-Identifier: MIT
"""One WebSocket to the Live API, from the handshake to its end."""

import asyncio
import time
from collections.abc import Callable, Iterator

import websockets
from websockets.frames import CloseCode

from appliance.basics.excerpt import one_line
from appliance.basics.pcm import FRAME_BYTES, PLAYBACK_RATE_HZ
from appliance.basics.record import replace
from appliance.basics.secret import Secret, SecretMissing
from appliance.core import events as ev
from appliance.core.effects import Order
from appliance.core.signals import Fault
from appliance.live import downlink, tools, uplink
from appliance.live.close_codes import (
    Classification,
    Next,
    SessionEnd,
    classify,
    classify_failure,
    classify_status,
    describe_close,
    describe_failure,
    describe_refusal,
    unopened,
)
from appliance.live.connect import (
    CLOSE_LIMIT_S,
    OPEN_LIMIT_S,
    SEND_LIMIT_S,
    SILENCE_LIMIT_S,
    Connection,
    Unopenable,
    connect,
)

#: The service cuts a link after 10 minutes; renew before, whether it warns or not.
LIFETIME_S = 8.5 * 60
_CUT_AFTER_S = 9.5 * 60
#: Leave a go-away this long before the service acts on it.
_GO_AWAY_MARGIN_S = 5.0
#: How long an orderly end may take (SIGTERM must end the process in 2 s).
_END_LIMIT_S = 2 * CLOSE_LIMIT_S
#: A link that was good for this long did not break at being opened.
_SETTLED_S = 60.0
#: So much sound may wait to be played before the reader waits, too; and of a link that
#: is to be left soon, so that what the service still has to say is not lost with it.
_WAITING_S, _MOST_WAITING_S = 5 * 60.0, 15 * 60.0
_LOOK_EVERY_S = 0.25
_PART_BYTES = PLAYBACK_RATE_HZ * FRAME_BYTES


class Unanswered(Exception):
    """The setup was taken, and nothing came of it."""

    def __init__(self, *, is_there: bool) -> None:
        nothing = "the service answers pings, but not the setup"
        super().__init__(nothing if is_there else "nothing answers the setup")
        #: Who answers a ping is there: the network is not to blame.
        self.is_there = is_there


class Session:
    """Says LinkOpening, LinkUp and what arrives; `run` it once.

    Threads: the event loop's only.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        settings: uplink.Settings,
        key: Secret | None,
        proxy: str | None = None,
        handle: str | None,
        post: Callable[[ev.Event], None],
        unheard_s: Callable[[], float],
        complain: Callable[[str], None],
    ) -> None:
        #: The newest handle with which it can be resumed, None if there was none.
        self.handle = handle
        self.resumed = handle is not None
        #: A turn was answered to its end.
        self.answered = False
        self._opened_at = time.monotonic()
        self._endpoint = endpoint
        self._settings = settings
        self._key, self._proxy = key, proxy
        self._post = post
        self._unheard_s = unheard_s
        self._complain = complain
        self._dialect = uplink.DIALECTS[settings.dialect]
        #: Orders and what says them (None: the dialect has no word for it), and words
        #: of the dialect's own; None is the end.
        self._outbox: asyncio.Queue[tuple[Order | None, bytes | None] | None] = (
            asyncio.Queue()
        )
        self._up = False
        #: It is to be left soon: what the service has to say must be fetched.
        self._expires = False
        #: When the reader last waited for the speaker (monotonic s).
        self._held_at = float("-inf")
        self._told_to_end = False
        self._limit: asyncio.Timeout | None = None
        self._ended = asyncio.Event()

    @property
    def good(self) -> bool:
        """It answered, or lived; one that does neither is not re-opened in a hurry."""
        return self.answered or time.monotonic() - self._opened_at > _SETTLED_S

    async def run(self) -> SessionEnd | None:
        """Returns once it has ended: why, or None if it was told to."""
        loss = None
        try:
            async with asyncio.timeout(None) as self._limit:
                self._tell(ev.LinkOpening())
                await self._converse()
        except (
            websockets.WebSocketException,
            downlink.NotJson,
            Unanswered,
            Unopenable,
            downlink.ServiceError,
            SecretMissing,
            OSError,
        ) as error:
            loss = self._judge(error)
        finally:
            self._limit = None
            self._ended.set()
        return None if self._told_to_end else loss

    def send(self, order: Order) -> None:
        """Order it to be sent; dropped unless the link is up. OrderTaken follows."""
        if self._up:
            frame = uplink.encode(order, self._dialect)
            self._outbox.put_nowait((order, frame))

    def end(self) -> None:
        """Send what was ordered and close, or be cut off; say nothing more."""
        if not self._limit or self._told_to_end:
            return
        self._told_to_end = True
        self._outbox.put_nowait(None)
        in_s = _END_LIMIT_S if self._up else 0.0
        self._limit.reschedule(asyncio.get_running_loop().time() + in_s)

    async def ended(self) -> None:
        """Return once `run` has, or at once if it is not running."""
        if self._limit:
            await self._ended.wait()

    async def _converse(self) -> None:
        connection = await connect(self._endpoint, self._key, self._proxy)
        try:
            await self._set_up(connection)
            await self._exchange(connection)
        finally:
            # Waiting for a peer that does not read would take for ever.
            connection.transport.abort()
            await connection.wait_closed()

    async def _set_up(self, connection: Connection) -> None:
        pong = asyncio.ensure_future(await connection.ping())
        try:
            async with asyncio.timeout(OPEN_LIMIT_S):
                await connection.send(
                    uplink.setup(self._settings, self.handle), text=True
                )
                while not self._up:
                    for message in self._decoded(await connection.recv(decode=False)):
                        self._act_on(message)
        except TimeoutError:
            raise Unanswered(is_there=pong.done()) from None

    async def _exchange(self, connection: Connection) -> None:
        """Both directions until told to end; raises what ends one of them."""
        loop = asyncio.get_running_loop()
        by = time.monotonic() + _CUT_AFTER_S
        renewal = loop.call_later(LIFETIME_S, self._expire, by)
        tasks = {
            asyncio.create_task(self._receive(connection), name="live reader"),
            asyncio.create_task(self._transmit(connection), name="live writer"),
            asyncio.create_task(self._watch(connection), name="live watch"),
        }
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            ended.pop().result()
        finally:
            renewal.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self, connection: Connection) -> None:
        while True:
            for message in self._decoded(await connection.recv(decode=False)):
                for part in _parts(message):
                    self._act_on(part)
                    if isinstance(part, ev.AnswerAudio):
                        await self._room()

    async def _room(self) -> None:
        """Return once there is room for more sound: what is not read here waits in the
        network, and with the service."""
        await asyncio.sleep(0)  # What was posted last is handed to the speaker first.
        while self._unheard_s() > (_MOST_WAITING_S if self._expires else _WAITING_S):
            self._held_at = time.monotonic()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _watch(self, connection: Connection) -> None:
        """Give up a peer of which nothing arrives, not even pongs. While the speaker
        is waited for, pongs are not read."""
        while True:
            heard_at = max(connection.heard_at, self._held_at)
            left_s = heard_at + SILENCE_LIMIT_S - time.monotonic()
            if left_s <= 0:
                break
            await asyncio.sleep(left_s)
        await connection.close(CloseCode.INTERNAL_ERROR, "keepalive ping timeout")
        await connection.wait_closed()
        raise connection.protocol.close_exc

    async def _transmit(self, connection: Connection) -> None:
        """Send what is ordered until told to end, then close; tell what was taken."""
        while (next_ := await self._outbox.get()) is not None:
            order, frame = next_
            if frame:
                try:
                    async with asyncio.timeout(SEND_LIMIT_S):
                        await connection.send(frame, text=True)
                except TimeoutError:
                    raise TimeoutError("nothing can be sent any more") from None
            if order:
                self._tell(ev.OrderTaken(order))
        await connection.close()

    def _decoded(self, frame: bytes) -> list[downlink.Message]:
        messages, complaints = downlink.decode(frame)
        for complaint in complaints:
            self._complain(complaint)
        if self._dialect.go_on and any(isinstance(m, ev.AnswerAudio) for m in messages):
            self._outbox.put_nowait((None, self._dialect.go_on))
        return messages

    def _act_on(self, message: downlink.Message) -> None:
        match message:
            case downlink.SetupComplete():
                self._come_up()
            case downlink.HandleIssued(handle):
                self.handle = handle
            case downlink.ErrorReported(text):
                raise downlink.ServiceError(text)
            case downlink.GoAway(time_left_s):
                left_s = max(0.0, time_left_s - _GO_AWAY_MARGIN_S)
                self._expire(time.monotonic() + left_s)
            case ev.ToolCalled(name=name):
                settings = self._settings
                background = tools.runs_in_background(
                    name, settings.functions, settings.model
                )
                self._tell(replace(message, blocking=not background))
            case _:
                self.answered |= isinstance(message, ev.AnswerEnded)
                self._tell(message)

    def _expire(self, by: float) -> None:
        self._expires = True
        self._tell(ev.LinkExpiring(by))

    def _come_up(self) -> None:
        if not self._up:
            self._up = True
            self._tell(ev.LinkUp(self.resumed))

    def _tell(self, event: ev.Event) -> None:
        if not self._told_to_end:
            self._post(event)

    def _judge(self, error: Exception) -> SessionEnd:
        """Why the session ended, from what it raised."""
        loss = _loss(error)
        return loss if self._up else unopened(loss, resumed=self.resumed)


def _parts(message: downlink.Message) -> Iterator[downlink.Message]:
    """Sound in pieces of a second: a message may hold minutes."""
    if not isinstance(message, ev.AnswerAudio) or len(message.pcm) <= _PART_BYTES:
        yield message
        return
    for start in range(0, len(message.pcm), _PART_BYTES):
        yield ev.AnswerAudio(message.pcm[start : start + _PART_BYTES])


def _loss(error: Exception) -> SessionEnd:
    match error:
        case websockets.ConnectionClosed():
            frame = error.rcvd or error.sent
            code, reason = (frame.code, frame.reason) if frame else (None, "")
            return SessionEnd(classify(code, reason), describe_close(code, reason))
        case websockets.InvalidStatus():
            status, body = error.response.status_code, bytes(error.response.body or b"")
            line = describe_refusal(status, body)
            return SessionEnd(classify_status(status, body), line)
        case downlink.ServiceError():
            line = f"error: {one_line(str(error))}"
            return SessionEnd(classify(None, str(error)), line)
        case SecretMissing():
            return SessionEnd(Classification(Next.FATAL, Fault.KEY), str(error))
        case Unanswered():
            fault = Fault.REFUSED if error.is_there else Fault.NETWORK
            return SessionEnd(Classification(Next.RETRY, unopened=fault), str(error))
        case OSError():
            return SessionEnd(classify_failure(error), describe_failure(error))
        case _:
            return SessionEnd(classify(None, ""), one_line(str(error)))
