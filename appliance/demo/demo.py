# SPDX-License-Identifier: MIT
"""The service on any machine, with a simulated panel, sound card and server."""

import asyncio
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from appliance.basics.pcm import CAPTURE_RATE_HZ, seconds
from appliance.basics.secret import Secret
from appliance.config.endpoint import KeyMissing, read_key
from appliance.config.file import Config, talk_settings
from appliance.core.talk_mode import TalkMode
from appliance.demo import keyboard, script
from appliance.demo.screen import Screen, say
from appliance.demo.script import Act
from appliance.demo.sound import Sound, choose_sound, virtual_sound
from appliance.demo.watch import (
    Watch,
    begins_to_listen,
    done,
    listens,
    ready,
)
from appliance.hardware.gpio import mock_pins
from appliance.journal.lines import LogLines
from appliance.service import announce
from appliance.service.app import Appliance
from appliance.simulator.live.server import LiveServer
from appliance.simulator.question import question


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the command line; None is the default in `demo --help`."""

    microphone: str | None = None
    speaker: str | None = None
    virtual_card: bool = False
    endpoint: str | None = None
    live: bool = False
    script: str | None = None
    as_json: bool = False


class Panel:
    """The button without a Pi: gpiozero's mock pins, for the whole process.

    Build it before the service, which then opens the same pins.

    Threads: the event loop's only.
    """

    def __init__(self, talk_gpio: int, *, active_low: bool) -> None:
        pin = mock_pins().pin(talk_gpio)
        self.press, self.release = (
            (pin.drive_low, pin.drive_high)
            if active_low
            else (pin.drive_high, pin.drive_low)
        )


async def demo(config: Config, options: Options) -> int:
    """Run until the script ends or the user quits.

    Returns:
        The exit code: 1 if the built-in question got no answer. With a script of
        the user, 0: only he knows what should come of it.

    Raises:
        ScriptUnusable, WavUnusable, VirtualCardUnavailable, ConfigError,
        DeviceUnknown: bad input, in one line.
        StreamUnwritable: stdout cannot be written.
        DeviceUnavailable: a sound card that the script needs is not there.
    """
    async with AsyncExitStack() as stack:
        mode = talk_settings(config).mode
        person = _person(options, mode)
        # First: if there is no key, the answer of an earlier demo must survive.
        config, key = await _service(config, options, stack)
        sound = await _sound(config, options, stack)
        panel = Panel(config.button.talk_gpio, active_low=config.button.active_low)
        screen = Screen(
            as_json=options.as_json,
            prices=config.prices,
            transcripts=config.log.transcripts,
        )
        watch = Watch()
        box = Appliance(
            sound.config,
            key=key,
            microphone_card=sound.microphone_card,
            speaker_card=sound.speaker_card,
            observers=[
                screen.follow,
                watch.follow,
                LogLines(transcripts=False).follow,
                lambda transition: (
                    sound.ask() if begins_to_listen(transition) else None
                ),
            ],
        )
        async with asyncio.TaskGroup() as group:
            using = group.create_task(
                _use(box, panel, person, watch, scripted=_is_scripted(options))
            )
            await box.run()
            using.cancel()
    _tell(screen, sound, options)
    answered = any(report.outcome == "answered" for report in screen.reports)
    return 0 if answered or not _is_scripted_by_us(options) else 1


async def say_sentence(config: Config, options: Options, name: str) -> int:
    """Play what the box says by the name `name`, and return 0.

    Raises:
        SpeechUnavailable: there is no espeak-ng that speaks.
        And as `demo`.
    """
    pcm = announce.sound_of(name, announce.spoken_language(config))
    async with AsyncExitStack() as stack:
        sound = await _sound(config, options, stack)
        await announce.play(pcm, sound.config, sound.speaker_card)
    if sound.wav:
        say(f"What the speaker played: {sound.wav}", as_json=options.as_json)
    return 0


async def _use(
    box: Appliance,
    panel: Panel,
    person: AsyncIterator[Act],
    watch: Watch,
    *,
    scripted: bool,
) -> None:
    """Act as the person at the box, then wait for the consequences."""
    try:
        await ready(watch, scripted=scripted)
        async for act in person:
            match act:
                case Act.PRESS:
                    panel.press()
                case Act.RELEASE:
                    panel.release()
                case Act.QUIT:
                    return
        panel.release()
        while listens((await watch.until(done(time.monotonic()))).after):
            panel.press()
            panel.release()
    finally:
        box.stop()


async def _sound(config: Config, options: Options, stack: AsyncExitStack) -> Sound:
    if options.virtual_card:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        return virtual_sound(config, Path(directory))
    return await choose_sound(
        config, microphone=options.microphone, speaker=options.speaker
    )


async def _service(
    config: Config, options: Options, stack: AsyncExitStack
) -> tuple[Config, Secret | None]:
    """The endpoint and its key. The built-in simulator gets a key of its own: the real
    one stays here."""
    if options.live:
        return config, read_key()
    if options.endpoint:
        return _talking_to(config, options.endpoint), _key_for(options.endpoint)
    key = secrets.token_urlsafe()
    old = config.turns.mode == "client-content"
    simulator = LiveServer(api_key=key, dialect="2025" if old else "today")
    server = await stack.enter_async_context(simulator)
    return _talking_to(config, server.url), Secret(key)


def _talking_to(config: Config, endpoint: str) -> Config:
    return config.changed(live=config.live.changed(endpoint=endpoint))


def _key_for(endpoint: str) -> Secret:
    """The user's key; a simulator on loopback accepts any."""
    try:
        return read_key()
    except KeyMissing:
        if not endpoint.startswith("ws:"):
            raise
        return Secret("any")


def _person(options: Options, mode: TalkMode) -> AsyncIterator[Act]:
    """Raises ScriptUnusable."""
    if options.script == "-" and sys.stdin:
        return script.acts(script.opened(sys.stdin.fileno()))
    if options.script is not None:
        return script.acts(script.given(script.read(Path(options.script))))
    if _is_scripted_by_us(options):
        return script.acts(script.given(_one_question(mode)))
    say(keyboard.HELP[mode], as_json=options.as_json)
    return keyboard.keys(sys.stdin, mode)


def _one_question(mode: TalkMode) -> list[str]:
    """The script that asks the question, and waits for the answer."""
    asked_s = seconds(question(), CAPTURE_RATE_HZ) + 0.3
    match mode:
        case TalkMode.HOLD:
            return ["wait 1", "press", f"wait {asked_s:.2f}", "release"]
        case TalkMode.TOGGLE:
            return ["wait 1", "tap", f"wait {asked_s:.2f}", "tap"]
        case TalkMode.HANDS_FREE:
            # The answer is as long; before and after it there is a pause.
            return ["wait 1", "tap", f"wait {2 * asked_s + 4:.2f}", "tap"]


def _is_scripted_by_us(options: Options) -> bool:
    return options.script is None and not (sys.stdin and sys.stdin.isatty())


def _is_scripted(options: Options) -> bool:
    return options.script is not None or _is_scripted_by_us(options)


def _tell(screen: Screen, sound: Sound, options: Options) -> None:
    if screen.reports:
        say(f"\nLatencies in ms:\n{screen.table()}", as_json=options.as_json)
    if sound.wav:
        say(f"\nWhat the speaker played: {sound.wav}", as_json=options.as_json)
