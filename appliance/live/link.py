# SPDX-License-Identifier: MIT
"""The link to the Live API: one session after the other, whenever one is wanted.

Never two at once: beside the link that it resumes, the service refuses the next. What
ended a session is judged by `close_codes`; when to try again is decided here, whether a
link is wanted at all by the conversation (OpenLink, RenewLink, CloseLink).
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable

from appliance.basics.excerpt import one_line
from appliance.basics.secret import Secret
from appliance.core import events as ev
from appliance.core.effects import Order
from appliance.core.signals import Fault
from appliance.live import uplink
from appliance.live.close_codes import Classification, Next, SessionEnd
from appliance.live.session import Session

#: The first wait before another attempt, and the longest.
_BACK_OFF_S = (0.5, 30.0)
_MAX_COMPLAINTS = 100
#: A link that is lost again and again is no link: the user is shown.
_FAILURES_TO_TELL = 3
_RENEWED_TOO_SOON = SessionEnd(
    Classification(Next.RETRY), "to be renewed before it answered"
)

log = logging.getLogger(__name__)


class LiveLink:
    """At most one open WebSocket; says LinkUp, LinkLost and what arrives.

    Threads: the event loop's only.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        settings: uplink.Settings,
        key: Secret | None,
        proxy: str | None = None,
        post: Callable[[ev.Event], None],
        unheard_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`unheard_s`: how much of what was posted waits to be played."""
        self._post = post
        self._unheard_s = unheard_s
        self._endpoint, self._settings, self._proxy = endpoint, settings, proxy
        self._key = key
        #: The one that runs, or the one that did last.
        self._session = self._new_session(handle=None)
        self._wanted = asyncio.Event()
        self._hurry = asyncio.Event()
        self._start_fresh = False
        #: Sessions in a row that came to nothing.
        self._failures = 0
        self._complaints: set[str] = set()

    def open(self) -> None:
        """Have a link, and try at once."""
        self._wanted.set()
        self._hurry.set()

    def renew(self, *, unresponsive: bool) -> None:
        """Close this session and open the next; see RenewLink."""
        self._start_fresh |= unresponsive and self._session.resumed
        self.open()
        self._session.end()

    def close(self) -> None:
        """Send what was ordered, close, and stay closed until `open`."""
        self._wanted.clear()
        self._session.end()

    def send(self, order: Order) -> None:
        """Have it sent; without a link it is dropped (LinkLost says so)."""
        self._session.send(order)

    def forget(self) -> None:
        """The next link knows nothing of what was said before."""
        self._start_fresh = True

    def configure(
        self, endpoint: str, settings: uplink.Settings, proxy: str | None = None
    ) -> bool:
        """From the next session on; whether that will differ from this one."""
        before = self._endpoint, self._settings, self._proxy
        self._endpoint, self._settings, self._proxy = endpoint, settings, proxy
        # A handle is good for the same model only.
        if (endpoint, settings.model) != (before[0], before[1].model):
            self._start_fresh = True
        changed = before != (endpoint, settings, proxy)
        if changed:
            self._failures = 0
        return changed

    async def closed(self) -> None:
        """Return once the session that was told to end has ended."""
        await self._session.ended()

    async def run(self) -> None:
        """Keep a link whenever one is wanted; never returns."""
        while True:
            while not self._wanted.is_set():  # `close` may come before `wait` wakes up
                await self._wanted.wait()
            self._hurry.clear()
            handle = None if self._start_fresh else self._session.handle
            self._session, self._start_fresh = self._new_session(handle=handle), False
            loss = await self._session.run()
            good = self._session.good
            renewed = not loss and self._wanted.is_set()
            failed = bool(loss) or (renewed and not good)
            self._failures = (0 if good else self._failures) + failed
            if renewed and self._failures > 1:
                # One go-away after the other: each is obeyed, but not in a hurry.
                loss = _RENEWED_TOO_SOON
                self._hurry.clear()
            if loss:
                await self._recover(loss)

    def _new_session(self, handle: str | None) -> Session:
        return Session(
            endpoint=self._endpoint,
            settings=self._settings,
            key=self._key,
            proxy=self._proxy,
            handle=handle,
            post=self._post,
            unheard_s=self._unheard_s,
            complain=self._complain,
        )

    async def _recover(self, loss: SessionEnd) -> None:
        """Say that the link is gone, and wait before the next attempt."""
        next_ = loss.verdict.next
        tried = self._session.resumed and not self._session.answered
        if next_ is Next.RETRY_FRESH or (next_ is Next.RETRY_ONCE and tried):
            self._start_fresh = True
        fault = loss.verdict.fault
        delay_s = back_off_s(next_, self._failures, random.random())
        if self._start_fresh and self._session.resumed:
            delay_s = 0.0  # It was the handle: the next one has none.
        elif self._failures >= _FAILURES_TO_TELL and loss is not _RENEWED_TOO_SOON:
            fault = fault or Fault.NETWORK
        self._post(ev.LinkLost(fault, loss.reason))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._hurry.wait()

    def _complain(self, complaint: str) -> None:
        if complaint in self._complaints or len(self._complaints) >= _MAX_COMPLAINTS:
            return
        self._complaints.add(complaint)
        log.warning("server message: %s (ignored, said once)", one_line(complaint))


def back_off_s(next_: Next, failed_attempts: int, jitter: float) -> float | None:
    """How long to wait before the next attempt, None for until somebody asks.

    Full jitter: a random part (`jitter`, 0..1) of a limit that doubles.
    """
    first, most = _BACK_OFF_S
    if next_ is Next.FATAL:
        return None
    if next_ is Next.BACK_OFF:
        return most
    return min(most, first * 2.0 ** min(failed_attempts - 1, 16)) * jitter
