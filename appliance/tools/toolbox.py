# SPDX-License-Identifier: MIT
"""The tools of this box: what the service is told of, and what runs when it calls."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial

from appliance.config.sections import ToolsSection
from appliance.core.conversation import Conversation
from appliance.core.effects import RunTool
from appliance.core.events import Event, ToolAnswered
from appliance.core.message_ids import TOOL_ID
from appliance.live.tools import Function
from appliance.tools.builtin import BuiltIn, built_in
from appliance.tools.declaration import Declaration, read_all
from appliance.tools.run import ToolFailed, run

_NOT_RUN = json.dumps({"error": "the box failed to run it"}).encode()

log = logging.getLogger(__name__)


class Toolbox:
    """Each call is a task, and each task that is not cancelled says ToolAnswered.

    Threads: the event loop's only.
    """

    def __init__(
        self,
        config: ToolsSection,
        *,
        post: Callable[[Event], None],
        conversation: Callable[[], Conversation],
    ) -> None:
        """`conversation` is asked for it as it is now."""
        self._post = post
        self._built_in = built_in(post, conversation)
        self._tools: dict[str, BuiltIn | Declaration] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self.configure(config)

    def configure(self, config: ToolsSection) -> None:
        """From the next call on; the user's own are read again."""
        self._tools = {name: self._built_in[name] for name in config.enabled}
        for tool in read_all(config.directory):
            self._tools[tool.name] = tool

    @property
    def functions(self) -> tuple[Function, ...]:
        """What the service is told of."""
        return tuple(
            tool.function if isinstance(tool, BuiltIn) else tool.function()
            for tool in self._tools.values()
        )

    def run(self, call: RunTool) -> None:
        task = asyncio.create_task(self._run(call), name=f"tool {call.name}")
        self._running[call.call_id] = task
        task.add_done_callback(partial(self._over, call))

    def cancel(self, call_ids: Sequence[str]) -> None:
        """End them; nothing is said of them any more."""
        for call_id in call_ids:
            if task := self._running.get(call_id):
                task.cancel()

    async def close(self) -> None:
        """Return once nothing of them runs any more."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _over(self, call: RunTool, task: asyncio.Task[None]) -> None:
        self._running.pop(call.call_id, None)
        if not task.cancelled() and (bug := task.exception()):
            what = f"tool {call.name[:64]} failed: a bug of the box"
            fields = {"MESSAGE_ID": TOOL_ID, "TOOL": call.name[:64]}
            log.critical("%s", what, exc_info=bug, extra=fields)
            # Who waits for it would wait for ever.
            self._post(ToolAnswered(call.call_id, _NOT_RUN))

    async def _run(self, call: RunTool) -> None:
        began_at = time.monotonic()
        try:
            response = await self._answer(call)
            outcome = "answered"
        except (ToolFailed, ValueError, OSError, RuntimeError) as error:
            # RuntimeError: no thread can be started to wait for a child (TasksMax=).
            response = json.dumps({"error": str(error)}).encode()
            outcome = _told(error)
        except asyncio.CancelledError:
            self._note(call.name, "cancelled", began_at)
            raise
        self._note(call.name, outcome, began_at)
        self._post(ToolAnswered(call.call_id, response))

    async def _answer(self, call: RunTool) -> bytes:
        """Raises ToolFailed or ValueError, for the service to read."""
        match self._tools.get(call.name):
            case BuiltIn(act=act):
                return json.dumps(act(json.loads(call.arguments))).encode()
            case Declaration() as tool:
                return await run(
                    tool.command,
                    call.arguments,
                    name=tool.name,
                    time_limit_s=tool.time_limit_s,
                )
            case _:
                raise ToolFailed("this box has no such tool")

    def _note(self, name: str, outcome: str, began_at: float) -> None:
        took_ms = round((time.monotonic() - began_at) * 1000)
        failed = outcome not in ("answered", "cancelled")
        log.log(
            logging.WARNING if failed else logging.INFO,
            "tool %s %s after %.1f s",
            name[:64],
            f"failed ({outcome})" if failed else outcome,
            took_ms / 1000,
            extra={"MESSAGE_ID": TOOL_ID, "TOOL": name[:64], "TOOL_MS": took_ms},
        )


def _told(error: Exception) -> str:
    """For the journal: what a program writes may not be for the service."""
    words = error.last_words if isinstance(error, ToolFailed) else ""
    return f"{error}; its last words: {words}" if words else str(error)
