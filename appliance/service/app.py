# SPDX-License-Identifier: MIT
"""The service: builds the box from its configuration, and runs it.

Events go to the core, its orders to the performer.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from appliance.basics.record import replace
from appliance.basics.secret import Secret
from appliance.config.file import Config, limits, live_settings, talk_settings
from appliance.core.advance import advance, deadline
from appliance.core.conversation import State
from appliance.core.events import ConfigChanged, Event, StopRequested
from appliance.core.signals import pattern
from appliance.hardware.card import Card, CardHung
from appliance.journal.transition import Transition
from appliance.journal.turn_meter import TurnMeter
from appliance.live.link import LiveLink
from appliance.live.uplink import Settings
from appliance.service import build_hardware, systemd
from appliance.service.calendar import watch_date
from appliance.service.devices import Demand, run_devices
from appliance.service.inbox import Inbox
from appliance.service.memory import watch_memory
from appliance.service.performer import Performer
from appliance.service.reload import Reload
from appliance.service.stored import StoredState
from appliance.speech.language import FALLBACK, LANGUAGES, language
from appliance.speech.speech import Speech
from appliance.tools.toolbox import Toolbox

#: SIGTERM ends the process in 2 s; most of that is for closing the link in order.
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
        speech_directory: Path | None = None,
    ) -> None:
        """`read_config` is asked at each SIGHUP; `state_directory` outlives the box;
        without a `speech_directory` it has no words."""
        self._observers = observers
        self._meter = TurnMeter()
        self._reload = Reload(config, read_config)
        self._inbox = Inbox(asyncio.get_running_loop())
        self._stored = StoredState(state_directory)
        self._conversation = self._stored.conversation(config, time.monotonic())
        self._stopped = asyncio.Event()
        #: Nothing is being said, waited for or heard.
        self._settled = asyncio.Event()
        post = self._inbox.post
        self._tools = Toolbox(
            config.tools, post=post, conversation=lambda: self._conversation
        )
        self._link = LiveLink(
            endpoint=config.live.endpoint,
            proxy=config.live.proxy or None,
            settings=_settings(config, self._tools),
            key=key,
            post=post,
            unheard_s=lambda: self._speaker.waiting_s,
        )
        self._microphone = build_hardware.microphone(config, microphone_card, post)
        self._microphone_demand = Demand()
        self._always_listens = config.microphone.open == "always"
        gain = self._conversation.volume.gain
        self._speaker = build_hardware.speaker(config, speaker_card, gain, post)
        self._speech = Speech(speech_directory, self._speaker.insert)
        self._speech.configure(_spoken(config))
        with contextlib.ExitStack() as claimed:
            self._led = build_hardware.status_led(config)
            claimed.callback(self._led.close)
            self._button = build_hardware.talk_button(config, post)
            claimed.callback(self._button.close)
            self._knobs = build_hardware.volume_knobs(config, post)
            # If one line is not available, those before it are released.
            claimed.pop_all()
        self._led.show(pattern(self._conversation))
        self._performer = Performer(
            self._speaker, self._speech, self._link, self._tools
        )

    async def run(self) -> None:
        """Serve until `stop` or a signal to end; raises when a part dies, for systemd
        to restart the process."""
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
                self._link.open()
                await self._stopped.wait()
                await asyncio.gather(self._close_link(), self._stored.close())
                for task in tasks:
                    task.cancel()
        finally:
            # A card that hangs keeps nobody: the process ends, which closes it.
            with contextlib.suppress(CardHung):
                await self._close_parts()

    def _tasks(self) -> dict[str, Coroutine[Any, Any, None]]:
        return {
            "conversation": self._converse(),
            "link": self._link.run(),
            "led": self._led.run(),
            "button": self._button.run(),
            "devices": run_devices(
                self._microphone,
                self._speaker,
                self._microphone_demand,
                self._inbox.post,
                self._settled,
            ),
            "state file": self._stored.run(),
            "speech": self._speech.run(),
            "calendar": watch_date(self._inbox.post),
            "watchdog": systemd.watch(self._beats),
            "memory": watch_memory(self._settled),
        }

    def stop(self) -> None:
        """Close the turn and the link, play nothing out, and make `run` return."""
        systemd.stopping()
        self._inbox.post(StopRequested())

    def reload(self) -> None:
        """Read the configuration again; it is applied between two turns."""
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
            self._performer.perform(effect)
        self._led.show(pattern(after))
        self._inbox.may_defer_capture = not after.hears
        self._microphone_demand.set(after.hears or self._always_listens)
        transition = Transition(now, event, before, after, effects)
        transition = self._meter.measured(transition)
        for observe in (self._stored.follow, *self._observers):
            observe(transition)
        if isinstance(event, StopRequested):
            self._stopped.set()
        if after.state is State.IDLE and after.speaker.quiet_since is not None:
            self._settled.set()
        else:
            self._settled.clear()
        if after.between_turns and (config := self._reload.due()):
            self._apply(config, now)

    def _apply(self, config: Config, now: float) -> None:
        """Each key that needs no new process is read here; a test compares."""
        volume = self._stored.reconfigured(self._conversation.volume, config)
        self._always_listens = config.microphone.open == "always"
        device = self._microphone.device
        self._microphone.device = replace(device, rests=not self._always_listens)
        self._led.dim(config.led.brightness, config.led.idle_brightness)
        self._tools.configure(config.tools)
        self._speech.configure(_spoken(config))
        settings = _settings(config, self._tools)
        relink = self._link.configure(
            config.live.endpoint, settings, config.live.proxy or None
        )
        changed = ConfigChanged(limits(config), talk_settings(config), relink, volume)
        self._step(changed, now)

    def _beats(self) -> dict[str, float]:
        """When each part was last alive, or at rest as it should be (monotonic s)."""
        rested_at = self._microphone_demand.rested_at
        return {
            "microphone": max(
                self._microphone.beat_at, self._microphone.reopened_at, rested_at
            ),
            "speaker": max(self._speaker.beat_at, self._speaker.reopened_at),
            "button": self._button.beat_at,
            "inbox": self._inbox.beat_at,
        }

    async def _close_parts(self) -> None:
        """All but the link, which the conversation closes."""
        await self._tools.close()
        self._button.close()
        self._knobs.close()
        self._led.close()
        await self._microphone.close()
        await self._speaker.close()

    async def _close_link(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_LIMIT_S):
                await self._link.closed()


def _settings(config: Config, tools: Toolbox) -> Settings:
    code = language(config.speech.language, os.environ)
    name = LANGUAGES[code].name if code else None
    return live_settings(config, tools.functions, name)


def _spoken(config: Config) -> str | None:
    """The language of the sentences, if there are to be any."""
    code = language(config.speech.language, os.environ) or FALLBACK
    return code if config.speech.sentences else None


class PartEnded(RuntimeError):
    """A part that should run for ever returned."""


async def _for_ever(name: str, part: Coroutine[Any, Any, None]) -> None:
    await part
    raise PartEnded(name)
