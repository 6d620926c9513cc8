# SPDX-License-Identifier: MIT
"""The command line: run | demo | doctor | simulate | config."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from appliance.basics.streams import StreamUnwritable, write
from appliance.basics.strict_toml import ConfigError
from appliance.cli import parser
from appliance.config.check import without_effect
from appliance.config.endpoint import (
    KEY_NAME,
    KeyMissing,
    key_or_why_not,
    read_key,
)
from appliance.config.file import DEFAULT_PATH, Config, load
from appliance.config.text import effective
from appliance.core.message_ids import FAILED_ID, NO_EFFECT_ID
from appliance.demo.script import ScriptUnusable
from appliance.hardware.card import CardHung, DeviceUnavailable, DeviceUnknown
from appliance.hardware.gpio import GpioUnavailable, GpioUnknown
from appliance.hardware.sound_card import AlsaCard
from appliance.journal import handler as journal
from appliance.journal import stderr_filter
from appliance.journal.lines import LogLines
from appliance.service import systemd
from appliance.service.app import Appliance
from appliance.simulator.virtual_card import VirtualCardUnavailable
from appliance.simulator.wav import WavUnusable
from appliance.tools.check import user_tools

EXIT_OK, EXIT_CRASH, EXIT_USAGE, EXIT_CONFIG = 0, 1, 2, 78
EXIT_INTERRUPTED, EXIT_NO_READER = 128 + signal.SIGINT, 128 + signal.SIGPIPE

#: What ends the process with one line that says what to do, and its exit code. What
#: time may mend is a crash: systemd starts that anew.
_EXIT_CODES: dict[type[BaseException], int] = {
    CardHung: EXIT_CRASH,
    DeviceUnavailable: EXIT_CRASH,
    GpioUnavailable: EXIT_CRASH,
    StreamUnwritable: EXIT_CRASH,
    ScriptUnusable: EXIT_USAGE,
    WavUnusable: EXIT_USAGE,
    VirtualCardUnavailable: EXIT_USAGE,
    ConfigError: EXIT_CONFIG,
    KeyMissing: EXIT_CONFIG,
    DeviceUnknown: EXIT_CONFIG,
    GpioUnknown: EXIT_CONFIG,
}
_EXPLAINED: tuple[type[BaseException], ...] = (
    BaseExceptionGroup,
    BrokenPipeError,
    *_EXIT_CODES,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0, 1 crash, 2 usage, 78 configuration."""
    try:
        options = parser().parse_args(arguments)
        return _VERBS[options.verb](options)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except _EXPLAINED as error:
        return _explain(error)


def _explain(error: BaseException) -> int:
    """A line for each thing people can mend; anything else is a crash, raised again."""
    cause = error
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    if isinstance(cause, BrokenPipeError | StreamUnwritable):
        # What Python has still to write would fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(cause, BrokenPipeError):
        return EXIT_NO_READER
    if type(cause) not in _EXIT_CODES:
        raise error
    for line in getattr(cause, "lines", [str(cause)]):
        _complain(line)
    return _EXIT_CODES[type(cause)]


def _complain(line: str) -> None:
    if journal.stderr_is_the_journal():
        logging.critical("%s", line, extra={"MESSAGE_ID": FAILED_ID})
    else:
        print(f"voice-appliance: {line}", file=sys.stderr)


def _run(options: argparse.Namespace) -> int:
    stderr_filter.install()
    journal.set_up()
    return asyncio.run(_serve(partial(_config_in_force, options.config)))


def _config_in_force(path: Path | None) -> Config:
    config = _config(path)
    for line in without_effect(config):
        logging.warning("%s", line, extra={"MESSAGE_ID": NO_EFFECT_ID})
    return config


async def _serve(read_config: Callable[[], Config]) -> int:
    config, card = read_config(), AlsaCard()
    lines = LogLines(transcripts=config.log.transcripts, prices=config.prices)
    box = Appliance(
        config,
        key=key_or_why_not(),
        microphone_card=card,
        speaker_card=card,
        observers=[lines.follow, systemd.follow],
        read_config=read_config,
        state_directory=_state_directory(),
    )
    try:
        await box.run()
    except _EXPLAINED as error:
        return _leave(_explain(error))
    return _leave(EXIT_OK)


def _state_directory() -> Path | None:
    """man systemd.exec, StateDirectory=; without systemd nothing is kept."""
    directory = os.environ.get("STATE_DIRECTORY")
    return Path(directory) if directory else None


def _leave(code: int) -> int:
    """End the process now: Python would wait for a name that is being resolved."""
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)


# What a verb alone needs is imported there: `run` shall start fast, and stay small.


def _demo(options: argparse.Namespace) -> int:
    from appliance.demo.demo import Options, demo

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
    try:
        return asyncio.run(demo(_config(options.config), wanted))
    except* DeviceUnknown as group:
        _explain(group)
    return EXIT_USAGE


def _doctor(options: argparse.Namespace) -> int:
    from appliance.doctor.case import this_box
    from appliance.doctor.report import examine

    stderr_filter.install()
    journal.set_up(logging.CRITICAL)
    with this_box(_config(options.config)) as case:
        well = asyncio.run(examine(case, options.section, as_json=options.json))
    return _leave(EXIT_OK if well else EXIT_CRASH)


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
        from appliance.config.provisioning import Destinations, provision

        journal.set_up()
        well = provision(options.provision, Destinations())
        return EXIT_OK if well else EXIT_CONFIG
    text = effective(_config(options.config))
    try:
        read_key()
        key = "is there, and not shown"
    except KeyMissing:
        key = f"is not in this environment; systemd hands the service {KEY_NAME}"
    write(f"{text}\n# The API key {key}.", sys.stdout)
    return EXIT_OK


def _check(path: Path) -> int:
    """What has no effect is said, and right; a tool that cannot be used is not."""
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


def _config(path: Path | None) -> Config:
    """Without a path, the installed file if there is one, else the defaults."""
    if path is None and not DEFAULT_PATH.exists():
        return Config()
    return load(path or DEFAULT_PATH)


_VERBS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "demo": _demo,
    "doctor": _doctor,
    "simulate": _simulate,
    "config": _show_config,
}

if __name__ == "__main__":
    sys.exit(main())
