# SPDX-License-Identifier: MIT
"""The service: passes events to the core, and its orders to the parts."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from appliance.basics.secret import Secret
from appliance.config.file import Config, limits, talk_settings
from appliance.core.advance import advance, deadline
from appliance.core.conversation import State
from appliance.core.events import ConfigChanged, Event, StopRequested
from appliance.hardware.card import Card, CardHung
from appliance.journal.transition import Transition
from appliance.service import systemd
from appliance.service.calendar import watch_date
from appliance.service.devices import run_devices
from appliance.service.inbox import Inbox
from appliance.service.parts import Parts
from appliance.service.reload import Reload
from appliance.service.stored import StoredState

#: SIGTERM ends the process in 2 s; the link's orderly close gets most of it.
_STOP_LIMIT_S = 1.5

Observer = Callable[[Transition], None]


class Appliance:
    """One box, from the button to the speaker. Build it inside a running loop.

    Threads: the event loop's only.
    """

    def __init__(
        self,
        config: Config,
        *,
        key: Secret | None,
        microphone_card: Card,
        speaker_card: Card,
        observers: Sequence[Observer],
        read_config: Callable[[], Config] | None = None,
        state_directory: Path | None = None,
    ) -> None:
        """`read_config` is asked at each SIGHUP; `state_directory` outlives the box."""
        self._observers = observers
        self._reload = Reload(config, read_config)
        self._inbox = Inbox(asyncio.get_running_loop())
        self._stored = StoredState(state_directory)
        self._conversation = self._stored.conversation(config, time.monotonic())
        self._stopped = asyncio.Event()
        #: Nothing is being said, waited for or heard.
        self._settled = asyncio.Event()
        self._parts = Parts(
            config,
            key=key,
            microphone_card=microphone_card,
            speaker_card=speaker_card,
            conversation=lambda: self._conversation,
            post=self._inbox.post,
        )

    async def run(self) -> None:
        """Serve until `stop` or a signal to end; raises when a part dies, for systemd
        to start anew."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self.stop)
        if self._reload.possible:
            loop.add_signal_handler(signal.SIGHUP, self.reload)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(_for_ever(name, part), name=name)
                    for name, part in self._tasks().items()
                ]
                systemd.status(systemd.sentence(self._conversation))
                self._parts.link.open()
                await self._stopped.wait()
                await asyncio.gather(self._close_link(), self._stored.close())
                for task in tasks:
                    task.cancel()
        finally:
            # A card that hangs keeps nobody: the process ends, which closes it.
            with contextlib.suppress(CardHung):
                await self._parts.close()

    def _tasks(self) -> dict[str, Coroutine[Any, Any, None]]:
        return {
            "conversation": self._converse(),
            "link": self._parts.link.run(),
            "led": self._parts.led.run(),
            "button": self._parts.button.run(),
            "devices": run_devices(
                self._parts.microphone,
                self._parts.speaker,
                self._parts.microphone_demand,
                self._inbox.post,
                self._settled,
            ),
            "state files": self._stored.run(),
            "calendar": watch_date(self._inbox.post),
            "watchdog": systemd.watch(self._beats),
        }

    def stop(self) -> None:
        """Close the turn and the link, play nothing out, and make `run` return."""
        systemd.stopping()
        self._inbox.post(StopRequested())

    def reload(self) -> None:
        """Read the configuration again; it is taken over between two turns."""
        self._reload.read(told=self._conversation.ready)

    async def _converse(self) -> None:
        """The only place where the conversation changes; once stopped, nothing does."""
        while not self._stopped.is_set():
            event = await self._inbox.next(deadline(self._conversation))
            self._step(event, time.monotonic())
        await asyncio.Event().wait()

    def _step(self, event: Event, now: float) -> None:
        before = self._conversation
        after, effects = advance(before, event, now)
        self._conversation = after
        for effect in effects:
            self._parts.perform(effect)
        self._parts.show(after)
        self._inbox.may_defer_capture = not after.hears
        self._parts.listen(after.hears)
        for observe in (self._stored.follow, *self._observers):
            observe(Transition(now, event, before, after, effects))
        if isinstance(event, StopRequested):
            self._stopped.set()
        if after.state is State.IDLE and after.quiet_since is not None:
            self._settled.set()
        else:
            self._settled.clear()
        if after.between_turns and (config := self._reload.due()):
            self._go_on_with(config, now)

    def _go_on_with(self, config: Config, now: float) -> None:
        volume = self._stored.reconfigured(self._conversation.volume, config)
        relink = self._parts.configure(config)
        changed = ConfigChanged(limits(config), talk_settings(config), relink, volume)
        self._step(changed, now)

    def _beats(self) -> dict[str, float]:
        return {**self._parts.beats(), "inbox": self._inbox.beat_at}

    async def _close_link(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_LIMIT_S):
                await self._parts.link.closed()


class PartEnded(RuntimeError):
    """A part that should run for ever returned."""


async def _for_ever(name: str, part: Coroutine[Any, Any, None]) -> None:
    await part
    raise PartEnded(name)
