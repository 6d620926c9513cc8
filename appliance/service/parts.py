# SPDX-License-Identifier: MIT
"""What the box is made of: built from the configuration, told the core's orders."""

import logging
from collections.abc import Callable
from typing import assert_never

from appliance.basics.secret import Secret
from appliance.config.file import Config, live_settings
from appliance.core import effects as ef
from appliance.core.conversation import Conversation
from appliance.core.earcons import earcon_pcm
from appliance.core.events import Event
from appliance.core.signals import pattern
from appliance.hardware.button import TalkButton
from appliance.hardware.card import Card
from appliance.hardware.led import StatusLed
from appliance.hardware.microphone import Microphone
from appliance.hardware.speaker import Speaker
from appliance.hardware.volume import VolumeKnobs
from appliance.live.link import LiveLink
from appliance.service.devices import Demand
from appliance.tools.toolbox import Toolbox

log = logging.getLogger(__name__)


class Parts:
    """Devices, link and tools; what they find out goes to `post`.

    Threads: the event loop's only.
    """

    def __init__(
        self,
        config: Config,
        *,
        key: Secret | None,
        microphone_card: Card,
        speaker_card: Card,
        conversation: Callable[[], Conversation],
        post: Callable[[Event], None],
    ) -> None:
        gain = conversation().volume.gain
        self.tools = Toolbox(config.tools, post=post, conversation=conversation)
        self.link = LiveLink(
            endpoint=config.live.endpoint,
            proxy=config.live.proxy or None,
            settings=live_settings(config, self.tools.functions),
            key=key,
            post=post,
        )
        self.microphone = _microphone(config, microphone_card, post)
        self.microphone_demand = Demand()
        self._always_open = config.microphone.open == "always"
        self.speaker = _speaker(config, speaker_card, gain, post)
        self.led = _led(config)
        self.show(conversation())
        self.button = _button(config, post)
        self._knobs = _knobs(config, post)
        self._overflow_unsaid = True

    def show(self, conversation: Conversation) -> None:
        """What is derived of the state, never ordered."""
        self.led.show(pattern(conversation))

    def listen(self, needed: bool) -> None:
        """Have the microphone open: while it is needed, or always."""
        self.microphone_demand.set(needed or self._always_open)

    def perform(self, effect: ef.Effect) -> None:
        """Carry out one order; never waits."""
        match effect:
            case (
                ef.OpenTurn()
                | ef.SendAudio()
                | ef.SendText()
                | ef.CloseTurn()
                | ef.AnswerTool()
            ):
                self.link.send(effect)
            case ef.Play(pcm):
                self._play(pcm)
            case ef.Drain(segment):
                self.speaker.drain(segment)
            case ef.DropPlayback():
                self.speaker.drop()
            case ef.PlayEarcon(earcon, segment):
                self.speaker.insert(earcon_pcm(earcon), segment)
            case ef.SetGain(gain):
                self.speaker.gain = gain
            case ef.OpenLink():
                self.link.open()
            case ef.RenewLink(unresponsive):
                self.link.renew(unresponsive=unresponsive)
            case ef.ForgetSession():
                self.link.forget()
            case ef.CloseLink():
                self.link.close()
            case ef.RunTool():
                self.tools.run(effect)
            case ef.CancelTools(call_ids):
                self.tools.cancel(call_ids)
            case _:
                assert_never(effect)

    def configure(self, config: Config) -> bool:
        """Take it over; whether the next link will differ from this one."""
        self._always_open = config.microphone.open == "always"
        self.led.dim(config.led.brightness, config.led.idle_brightness)
        self.tools.configure(config.tools)
        settings = live_settings(config, self.tools.functions)
        return self.link.configure(
            config.live.endpoint, settings, config.live.proxy or None
        )

    def beats(self) -> dict[str, float]:
        """When each was last alive, or at rest as it should be (monotonic s)."""
        rested_at = self.microphone_demand.rested_at
        return {
            "microphone": max(self.microphone.beat_at, rested_at),
            "speaker": self.speaker.beat_at,
            "button": self.button.beat_at,
        }

    async def close(self) -> None:
        """All but the link, which the conversation closes."""
        await self.tools.close()
        self.button.close()
        self._knobs.close()
        self.led.close()
        await self.microphone.close()
        await self.speaker.close()

    def _play(self, pcm: bytes) -> None:
        fits = self.speaker.play(pcm)
        if not fits and self._overflow_unsaid:
            log.warning("five minutes wait to be played: the rest is left out")
        self._overflow_unsaid = fits


def _microphone(
    config: Config, card: Card, post: Callable[[Event], None]
) -> Microphone:
    wanted = config.microphone
    return Microphone(
        card, device=wanted.device, period_frames=wanted.period_frames, post=post
    )


def _speaker(
    config: Config, card: Card, gain: float, post: Callable[[Event], None]
) -> Speaker:
    wanted = config.speaker
    return Speaker(
        card,
        device=wanted.device,
        period_frames=wanted.period_frames,
        prefill_ms=wanted.prefill_ms,
        gain=gain,
        post=post,
    )


def _led(config: Config) -> StatusLed:
    return StatusLed(
        pin=config.led.gpio,
        brightness=config.led.brightness,
        idle_brightness=config.led.idle_brightness,
    )


def _button(config: Config, post: Callable[[Event], None]) -> TalkButton:
    wanted = config.button
    return TalkButton(
        pin=wanted.talk_gpio,
        active_low=wanted.active_low,
        bounce_ms=wanted.bounce_ms,
        post=post,
    )


def _knobs(config: Config, post: Callable[[Event], None]) -> VolumeKnobs:
    wanted = config.volume
    return VolumeKnobs(
        up_gpio=wanted.up_gpio,
        down_gpio=wanted.down_gpio,
        encoder_gpios=(wanted.encoder_a_gpio, wanted.encoder_b_gpio),
        post=post,
    )
