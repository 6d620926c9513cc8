# SPDX-License-Identifier: MIT
"""The service: builds every part, passes events to the core and performs its orders."""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, assert_never

from appliance.core import effects as ef
from appliance.core.advance import advance, deadline
from appliance.core.conversation import State, pattern
from appliance.core.earcons import earcon_pcm
from appliance.core.events import ConfigChanged, Event, StopRequested
from appliance.core.secret import Secret
from appliance.hardware.button import TalkButton
from appliance.hardware.led import StatusLed
from appliance.hardware.microphone import Microphone
from appliance.hardware.sound_card import Card
from appliance.hardware.speaker import Speaker
from appliance.hardware.volume import VolumeKnobs
from appliance.live.link import LiveLink
from appliance.service import systemd
from appliance.service.config import Config, limits, live_settings, manner
from appliance.service.days import tell_days
from appliance.service.devices import keep_both_open
from appliance.service.inbox import Inbox
from appliance.service.moment import Moment
from appliance.service.power import power_off
from appliance.service.reload import Reload
from appliance.service.remembered import Remembered

#: SIGTERM ends the process in 2 s; the link's orderly close gets most of it.
_STOP_LIMIT_S = 1.5

Observer = Callable[[Moment], None]

log = logging.getLogger(__name__)


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
        post = self._inbox.post
        self._remembered = Remembered(state_directory)
        self._conversation = self._remembered.conversation(config, time.monotonic())
        self._stopped = asyncio.Event()
        #: Nothing is being said, waited for or heard.
        self._settled = asyncio.Event()
        self._overflow_unsaid = True
        self._link = LiveLink(
            endpoint=config.live.endpoint,
            settings=live_settings(config),
            key=key,
            post=post,
        )
        self._microphone = Microphone(
            microphone_card,
            device=config.microphone.device,
            period_frames=config.microphone.period_frames,
            post=post,
        )
        self._speaker = Speaker(
            speaker_card,
            device=config.speaker.device,
            period_frames=config.speaker.period_frames,
            prefill_ms=config.speaker.prefill_ms,
            gain=self._conversation.volume.gain,
            post=post,
        )
        self._led = StatusLed(
            pin=config.led.gpio,
            brightness=config.led.brightness,
            idle_brightness=config.led.idle_brightness,
        )
        self._led.show(pattern(self._conversation))
        self._button = TalkButton(
            pin=config.button.talk_gpio,
            active_low=config.button.active_low,
            bounce_ms=config.button.bounce_ms,
            post=post,
        )
        volume = config.volume
        self._volume_knobs = VolumeKnobs(
            up_gpio=volume.up_gpio,
            down_gpio=volume.down_gpio,
            encoder_gpios=(volume.encoder_a_gpio, volume.encoder_b_gpio),
            post=post,
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
                    for name, part in self._parts().items()
                ]
                systemd.status(systemd.sentence(self._conversation))
                self._link.open()
                await self._stopped.wait()
                await asyncio.gather(self._close_link(), self._remembered.close())
                for task in tasks:
                    task.cancel()
        finally:
            await self._close_devices()

    def _parts(self) -> dict[str, Coroutine[Any, Any, None]]:
        return {
            "conversation": self._converse(),
            "link": self._link.run(),
            "led": self._led.run(),
            "button": self._button.run(),
            "devices": keep_both_open(
                self._microphone, self._speaker, self._inbox.post, self._settled
            ),
            "state files": self._remembered.run(),
            "calendar": tell_days(self._inbox.post),
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
        """The only place where the conversation changes."""
        while True:
            event = await self._inbox.next(deadline(self._conversation))
            self._step(event, time.monotonic())

    def _step(self, event: Event, now: float) -> None:
        before = self._conversation
        after, effects = advance(before, event, now)
        self._conversation = after
        for effect in effects:
            self._perform(effect)
        self._led.show(pattern(after))
        for observe in (self._remembered.follow, *self._observers):
            observe(Moment(now, event, before, after, effects))
        if isinstance(event, StopRequested):
            self._stopped.set()
        if after.state is State.IDLE and after.quiet_since is not None:
            self._settled.set()
        else:
            self._settled.clear()
        if after.between_turns and (config := self._reload.due()):
            self._go_on_with(config, now)

    def _go_on_with(self, config: Config, now: float) -> None:
        self._led.dim(config.led.brightness, config.led.idle_brightness)
        volume = self._remembered.reconfigured(self._conversation.volume, config)
        relink = self._link.configure(config.live.endpoint, live_settings(config))
        changed = ConfigChanged(limits(config), manner(config), relink, volume)
        self._step(changed, now)

    def _perform(self, effect: ef.Effect) -> None:
        match effect:
            case ef.OpenTurn() | ef.SendAudio() | ef.CloseTurn():
                self._link.send(effect)
            case ef.Play(pcm):
                self._play(pcm)
            case ef.Drain(segment):
                self._speaker.drain(segment)
            case ef.DropPlayback():
                self._speaker.drop()
            case ef.PlayEarcon(earcon, segment):
                self._speaker.play(earcon_pcm(earcon))
                self._speaker.drain(segment)
            case ef.OpenLink():
                self._link.open()
            case ef.RenewLink(deaf):
                self._link.renew(deaf=deaf)
            case ef.ForgetSession():
                self._link.forget()
            case ef.CloseLink():
                self._link.close()
            case ef.SetGain(gain):
                self._speaker.gain = gain
            case ef.PowerOff():
                power_off()
            case _:
                assert_never(effect)

    def _play(self, pcm: bytes) -> None:
        fits = self._speaker.play(pcm)
        if not fits and self._overflow_unsaid:
            log.warning("five minutes wait to be played: the rest is left out")
        self._overflow_unsaid = fits

    def _beats(self) -> dict[str, float]:
        return {
            "microphone": self._microphone.beat_at,
            "speaker": self._speaker.beat_at,
            "inbox": self._inbox.beat_at,
            "button": self._button.beat_at,
        }

    async def _close_link(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_LIMIT_S):
                await self._link.closed()

    async def _close_devices(self) -> None:
        self._button.close()
        self._volume_knobs.close()
        self._led.close()
        await self._microphone.close()
        await self._speaker.close()


class PartEnded(RuntimeError):
    """A part that should run for ever returned."""


async def _for_ever(name: str, part: Coroutine[Any, Any, None]) -> None:
    await part
    raise PartEnded(name)
