# SPDX-License-Identifier: MIT
"""What each verb of the command line does; it imports what it alone needs."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.basics.errors import (
    EXIT_CONFIG,
    EXIT_CRASH,
    EXIT_NO_READER,
    EXIT_OK,
    EXIT_USAGE,
    ApplianceError,
)
from appliance.basics.streams import StreamUnwritable, write
from appliance.core.message_ids import FAILED_ID, NO_EFFECT_ID
from appliance.journal import handler as journal

if TYPE_CHECKING:
    from appliance.config.file import Config

#: What `explain` may know: a task group wraps what it raises.
EXPLAINED = (ApplianceError, BaseExceptionGroup, BrokenPipeError)


def explain(error: BaseException) -> int:
    """A line for each thing people can fix; anything else is a crash, raised again."""
    cause = error
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    if isinstance(cause, BrokenPipeError | StreamUnwritable):
        # What Python has still to write would fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(cause, BrokenPipeError):
        return EXIT_NO_READER
    if not isinstance(cause, ApplianceError):
        raise error
    for line in cause.lines:
        _complain(line)
    return cause.exit_code


def _complain(line: str) -> None:
    if journal.stderr_is_the_journal():
        logging.critical("%s", line, extra={"MESSAGE_ID": FAILED_ID})
    else:
        print(f"voice-appliance: {line}", file=sys.stderr)


def _run(options: argparse.Namespace) -> int:
    from appliance.basics import memory
    from appliance.journal import stderr_filter

    memory.hide()
    stderr_filter.install()
    journal.set_up()
    return asyncio.run(_serve(partial(_config_in_force, options.config)))


def _config_in_force(path: Path | None) -> "Config":
    from appliance.config.check import without_effect

    config = _config(path)
    for line in without_effect(config):
        logging.warning("%s", line, extra={"MESSAGE_ID": NO_EFFECT_ID})
    return config


async def _serve(read_config: Callable[[], "Config"]) -> int:
    from appliance.config.endpoint import key_or_why_not
    from appliance.config.file import Config
    from appliance.hardware.sound_card import AlsaCard
    from appliance.journal.lines import LogLines
    from appliance.service import systemd
    from appliance.service.announce import say_why_it_ends
    from appliance.service.app import Appliance
    from appliance.service.build_hardware import status_led
    from appliance.service.gpio_wait import until_claimed

    config, card = Config(), AlsaCard()
    try:
        config = read_config()
        lines = LogLines(transcripts=config.log.transcripts, prices=config.prices)
        build = partial(
            Appliance,
            config,
            key=key_or_why_not(),
            microphone_card=card,
            speaker_card=card,
            observers=[lines.follow, systemd.follow],
            read_config=read_config,
            state_directory=_directory("STATE_DIRECTORY"),
            speech_directory=_speech_directory(),
        )
        box = await until_claimed(build, lambda: status_led(config))
        await box.run()
    except EXPLAINED as error:
        code = explain(error)
        if code == EXIT_CONFIG and systemd.is_there():
            await say_why_it_ends(config, card)
        return _leave(code)
    return _leave(EXIT_OK)


def _directory(name: str) -> Path | None:
    """man systemd.exec, StateDirectory=, RuntimeDirectory=; None without systemd."""
    directory = os.environ.get(name)
    return Path(directory) if directory else None


def _speech_directory() -> Path | None:
    """Where speech is kept: in memory, where the disk cannot be written."""
    state = _directory("STATE_DIRECTORY")
    if state and os.access(state, os.W_OK):
        return state
    return _directory("RUNTIME_DIRECTORY")


def _leave(code: int) -> int:
    """End the process now: Python would wait for a name that is being resolved."""
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)


def _demo(options: argparse.Namespace) -> int:
    from appliance.demo.demo import Options, demo, say_sentence
    from appliance.hardware.card import DeviceUnknown
    from appliance.journal import stderr_filter

    if options.virtual_card and (options.mic or options.speaker):
        _complain("--virtual-card: brings its own; leave --mic and --speaker out")
        return EXIT_USAGE
    stderr_filter.install()
    journal.set_up(logging.WARNING)
    wanted = Options(
        microphone=options.mic,
        speaker=options.speaker,
        virtual_card=options.virtual_card,
        endpoint=options.endpoint,
        live=options.live,
        script=options.script,
        as_json=options.json,
    )
    config = _config(options.config)
    try:
        if options.say:
            return asyncio.run(say_sentence(config, wanted, options.say))
        return asyncio.run(demo(config, wanted))
    except* DeviceUnknown as group:
        explain(group)
    return EXIT_USAGE


def _doctor(options: argparse.Namespace) -> int:
    from appliance.doctor.context import this_box
    from appliance.doctor.report import examine
    from appliance.journal import stderr_filter

    stderr_filter.install()
    journal.set_up(logging.CRITICAL)
    with this_box(_config(options.config)) as context:
        passed = asyncio.run(examine(context, options.section, as_json=options.json))
    return _leave(EXIT_OK if passed else EXIT_CRASH)


def _sound(options: argparse.Namespace) -> int:
    from appliance.doctor.context import this_box
    from appliance.doctor.sound import show_sound
    from appliance.journal import stderr_filter

    stderr_filter.install()
    journal.set_up(logging.CRITICAL)
    tell = partial(write, stream=sys.stdout)
    with this_box(_config(options.config)) as context:
        works = asyncio.run(show_sound(context, tell, fix=options.fix))
    return _leave(EXIT_OK if works else EXIT_CRASH)


def _simulate(options: argparse.Namespace) -> int:
    from appliance.simulator.live.narrator import simulate

    tell = partial(write, stream=sys.stdout)
    try:
        asyncio.run(simulate(options.port, options.scenario, options.dialect, tell))
    except OSError as error:
        _complain(f"--port {options.port}: {error.strerror}; use another, or 0 for any")
        return EXIT_USAGE
    return EXIT_OK


def _show_config(options: argparse.Namespace) -> int:
    if options.check:
        return _check(options.check)
    if options.provision:
        return _provision(options.provision)
    from appliance.config.endpoint import KEY_NAME, KeyMissing, read_key
    from appliance.config.text import effective

    text = effective(_config(options.config))
    try:
        read_key()
        key = "is there, and not shown"
    except KeyMissing:
        key = f"is not in this environment; systemd hands the service {KEY_NAME}"
    write(f"{text}\n# The API key {key}.", sys.stdout)
    return EXIT_OK


def _provision(boot: Path) -> int:
    from appliance.config import outcome
    from appliance.config.provisioning import Destinations, provision

    journal.set_up()
    runtime = _directory("RUNTIME_DIRECTORY")
    to = Destinations(outcome=runtime / outcome.PATH.name if runtime else None)
    return EXIT_OK if provision(boot, to) else EXIT_CONFIG


def _check(path: Path) -> int:
    """What has no effect is named, and allowed; a tool that cannot be used is not."""
    from appliance.config.check import without_effect
    from appliance.config.file import DEFAULT_PATH, load
    from appliance.tools.check import user_tools

    if path == DEFAULT_PATH and not path.exists():
        write(f"{path}: not there; the defaults apply", sys.stdout)
        return EXIT_OK
    config = load(path)
    tools = user_tools(config.tools, str(path))
    pointless = [f"{path}: {line}" for line in without_effect(config)]
    for line in (*pointless, *tools.ignored, *tools.wrong):
        _complain(line)
    if tools.wrong:
        return EXIT_CONFIG
    taken = f"; tools: {', '.join(tools.taken)}" if tools.taken else ""
    write(f"{path}: all right{taken}", sys.stdout)
    return EXIT_OK


def _card(options: argparse.Namespace) -> int:
    from appliance.card.card import Wanted, prepare

    wanted = Wanted(
        release=options.release,
        key=options.key,
        config=options.config,
        kit=options.kit,
        wifi_check=options.wifi_check,
    )
    prepare(options.directory, wanted, partial(write, stream=sys.stdout))
    return EXIT_OK


def _config(path: Path | None) -> "Config":
    """Without a path, the installed file if there is one, else the defaults."""
    from appliance.config.file import DEFAULT_PATH, Config, load

    if path is None and not DEFAULT_PATH.exists():
        return Config()
    return load(path or DEFAULT_PATH)


VERBS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "demo": _demo,
    "doctor": _doctor,
    "simulate": _simulate,
    "config": _show_config,
    "sound": _sound,
    "card": _card,
}
