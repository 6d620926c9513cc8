# SPDX-License-Identifier: MIT
"""The hardware, built as the configuration has it: for the service and the doctor."""

from collections.abc import Callable

from appliance.basics.pcm import PLAYBACK_RATE_HZ
from appliance.config.devices import microphone_choice, speaker_choice
from appliance.config.file import Config
from appliance.core.events import Event
from appliance.hardware.button import TalkButton
from appliance.hardware.card import Card
from appliance.hardware.led import StatusLed
from appliance.hardware.microphone import Microphone
from appliance.hardware.prefill import Prefill
from appliance.hardware.speaker import Speaker
from appliance.hardware.volume import VolumeKnobs

Post = Callable[[Event], None]


def microphone(config: Config, card: Card, post: Post) -> Microphone:
    wanted = config.microphone
    return Microphone(
        card,
        device=microphone_choice(config),
        period_frames=wanted.period_frames,
        post=post,
    )


def speaker(config: Config, card: Card, gain: float, post: Post) -> Speaker:
    wanted = config.speaker
    period_s = wanted.period_frames / PLAYBACK_RATE_HZ
    least_s = period_s if wanted.prefill == "adaptive" else None
    return Speaker(
        card,
        device=speaker_choice(config),
        period_frames=wanted.period_frames,
        cut=wanted.cut,
        prefill=Prefill(wanted.prefill_ms / 1000, least_s),
        gain=gain,
        post=post,
    )


def status_led(config: Config) -> StatusLed:
    """Raises GpioUnavailable, GpioUnknown."""
    return StatusLed(
        pin=config.led.gpio,
        brightness=config.led.brightness,
        idle_brightness=config.led.idle_brightness,
    )


def talk_button(config: Config, post: Post) -> TalkButton:
    """Raises GpioUnavailable, GpioUnknown."""
    wanted = config.button
    return TalkButton(
        pin=wanted.talk_gpio,
        active_low=wanted.active_low,
        bounce_ms=wanted.bounce_ms,
        post=post,
    )


def volume_knobs(config: Config, post: Post) -> VolumeKnobs:
    """Raises GpioUnavailable, GpioUnknown."""
    wanted = config.volume
    return VolumeKnobs(
        up_gpio=wanted.up_gpio,
        down_gpio=wanted.down_gpio,
        encoder_gpios=(wanted.encoder_a_gpio, wanted.encoder_b_gpio),
        post=post,
    )
