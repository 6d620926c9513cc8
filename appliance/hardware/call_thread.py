# SPDX-License-Identifier: MIT
"""A thread for calls that block, all on the same one, each waited for no longer than
so: asyncio.to_thread() has many threads, and joins them when the process exits."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar, cast

Result = TypeVar("Result")


class Outcome(NamedTuple):
    """What a call came to. A value, also of one that failed: asyncio would print an
    exception in a future that nobody waits for any more."""

    returned: Any
    raised: BaseException | None


class CallThread:
    """Runs one call after the other; a call that hangs does not keep the process.

    Each is made, even if nobody waits for it any more: it may be what closes a device.

    Threads: `submit` from any, `call` on the event loop, what is called on this one.
    """

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[tuple[Callable[[], Any], Future[Outcome]]]
        self._calls = SimpleQueue()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def submit(self, function: Callable[[], Any]) -> Future[Outcome]:
        """Have `function` called, without waiting."""
        future: Future[Outcome] = Future()
        self._calls.put((function, future))
        return future

    async def call(self, function: Callable[[], Result], limit_s: float) -> Result:
        """What `function` returns or raises; TimeoutError when it takes too long."""
        made = asyncio.wrap_future(self.submit(function))
        # Not wait_for(): before Python 3.12 it can swallow a cancellation.
        async with asyncio.timeout(limit_s):
            returned, raised = await asyncio.shield(made)
        if raised:
            raise raised
        return cast(Result, returned)

    def _work(self) -> None:
        while True:
            function, future = self._calls.get()
            try:
                outcome = Outcome(function(), None)
            except BaseException as error:  # The caller handles it.
                outcome = Outcome(None, error)
            future.set_result(outcome)
