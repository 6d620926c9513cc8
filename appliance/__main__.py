# SPDX-License-Identifier: MIT
"""The command line: run | demo | doctor | simulate | config."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from appliance import __version__
from appliance.core.secret import Secret
from appliance.core.strict_toml import Unreadable
from appliance.hardware.gpio import GpioUnavailable
from appliance.hardware.sound_card import AlsaCard, CardHung, DeviceUnknown
from appliance.service import journal, systemd
from appliance.service.app import Appliance
from appliance.service.config import (
    DEFAULT_PATH,
    Config,
    check_endpoint,
    load,
    read_key,
)
from appliance.service.config_text import effective
from appliance.service.demo import Options, demo
from appliance.service.log_lines import LogLines
from appliance.service.timeline import EVENTS
from appliance.simulator import script
from appliance.simulator.live_narrator import simulate
from appliance.simulator.scenario import Scenario, read_scenario
from appliance.simulator.virtual_card import VirtualCardUnavailable
from appliance.simulator.wav_card import WavUnusable

EXIT_CRASH, EXIT_USAGE, EXIT_CONFIG = 1, 2, 78

#: Bad input: one line on stderr, and this exit code.
_EXIT_CODES: dict[type[BaseException], int] = {
    script.ScriptUnusable: EXIT_USAGE,
    WavUnusable: EXIT_USAGE,
    VirtualCardUnavailable: EXIT_USAGE,
    Unreadable: EXIT_CONFIG,
    DeviceUnknown: EXIT_CONFIG,
    GpioUnavailable: EXIT_CONFIG,
}
_BAD_ENDS: tuple[type[BaseException], ...] = (
    BaseExceptionGroup,
    CardHung,
    *_EXIT_CODES,
)

_DEMO_HELP = f"""\
Script, one command a line, from when the box is ready:
{script.HELP}

With --json, one JSON object a line on stdout: "t" (monotonic seconds), "event", and
its fields:
""" + "\n".join(f"  {name:42} {meaning}" for name, meaning in EVENTS.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0, 1 crash, 2 usage, 78 configuration."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.verb(options))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except _BAD_ENDS as error:
        return _explain(error)


def _explain(error: BaseException) -> int:
    """One line for an error that people can mend; a crash is raised again."""
    cause = error
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    if isinstance(cause, CardHung):
        # Its thread never returns, and would keep the interpreter from ending.
        logging.critical("%s; ending the process so that it starts anew", cause)
        os._exit(EXIT_CRASH)
    if type(cause) not in _EXIT_CODES:
        raise error
    print(f"voice-appliance: {cause}", file=sys.stderr)
    return _EXIT_CODES[type(cause)]


def _run(options: argparse.Namespace) -> int:
    config, key = _config(options.config), read_key()
    journal.set_up()
    asyncio.run(_serve(config, key))
    return 0


async def _serve(config: Config, key: Secret) -> None:
    card = AlsaCard()
    log_lines = LogLines(transcripts=config.log.transcripts)
    box = Appliance(
        config,
        key=key,
        microphone_card=card,
        speaker_card=card,
        observers=[log_lines.follow, systemd.follow],
    )
    await box.run()


def _demo(options: argparse.Namespace) -> int:
    journal.set_up(logging.WARNING)
    if options.endpoint:
        check_endpoint(options.endpoint, "--endpoint")
    return asyncio.run(
        demo(
            _config(options.config),
            Options(
                microphone=options.mic,
                speaker=options.speaker,
                virtual_card=options.virtual_card,
                endpoint=options.endpoint,
                live=options.live,
                script=options.script,
                as_json=options.json,
            ),
        )
    )


def _simulate(options: argparse.Namespace) -> int:
    scenario = read_scenario(options.scenario) if options.scenario else Scenario()
    asyncio.run(simulate(options.port, scenario))
    return 0


def _show_config(options: argparse.Namespace) -> int:
    if options.check:
        load(options.check)
        print(f"{options.check}: all right")
        return 0
    print(effective(_config(options.config)), end="")
    try:
        key = f"there, masked: {read_key()}"
    except Unreadable:
        key = "missing"
    print(f"\n# The API key is {key}.")
    return 0


def _config(path: Path | None) -> Config:
    """Without a path, the installed file if there is one, else the defaults."""
    if path is None and not DEFAULT_PATH.exists():
        return Config()
    return load(path or DEFAULT_PATH)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="voice-appliance",
        description="A box with one button: hold it, talk, let go; it answers aloud.",
        epilog="Exit codes: 0 well, 1 crash, 2 usage, 78 configuration.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    _add_run(verbs)
    _add_demo(verbs)
    _add_simulate(verbs)
    _add_config(verbs)
    return parser


def _add_run(verbs: "_Verbs") -> None:
    run = verbs.add_parser("run", help="what systemd starts: serve until SIGTERM")
    run.set_defaults(verb=_run)
    _add_config_path(run)


def _add_demo(verbs: "_Verbs") -> None:
    demo = verbs.add_parser(
        "demo",
        help="the same service on any machine: no key, card or GPIO needed",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_DEMO_HELP,
    )
    demo.set_defaults(verb=_demo)
    _add_config_path(demo)
    demo.add_argument(
        "--mic",
        metavar="WAV|alsa:NAME",
        help="heard all the time, a WAV over and over "
        "(default: a recorded question, asked at each press)",
    )
    demo.add_argument(
        "--speaker",
        metavar="WAV|alsa:NAME",
        help="a WAV of all that is played, or a card "
        "(default: answer.wav, and the default card where there is one)",
    )
    demo.add_argument(
        "--virtual-card",
        action="store_true",
        help="real PyAudio on a virtual sound card that is compiled here; "
        "asks the recorded question and writes answer.wav",
    )
    service = demo.add_mutually_exclusive_group()
    service.add_argument(
        "--endpoint",
        metavar="URL",
        help="talk to this server; GEMINI_API_KEY, if set, goes to it as a header "
        "(default: the built-in simulator, which answers with what it heard)",
    )
    service.add_argument(
        "--live", action="store_true", help="talk to the service of the configuration"
    )
    demo.add_argument(
        "--script",
        metavar="FILE|-",
        help="what is done to the button (default: the keys of a terminal, "
        "or one question)",
    )
    demo.add_argument(
        "--json", action="store_true", help="events as JSON lines on stdout"
    )


def _add_simulate(verbs: "_Verbs") -> None:
    simulate = verbs.add_parser(
        "simulate", help="the simulated Gemini Live service alone, for any client"
    )
    simulate.set_defaults(verb=_simulate)
    simulate.add_argument(
        "--port", type=_port, default=0, help="0 to 65535 (default 0: any free one)"
    )
    simulate.add_argument(
        "--scenario", type=Path, metavar="FILE", help="TOML: how it behaves, what fails"
    )


def _add_config(verbs: "_Verbs") -> None:
    config = verbs.add_parser("config", help="show the effective configuration")
    config.set_defaults(verb=_show_config)
    _add_config_path(config)
    config.add_argument(
        "--check", type=Path, metavar="FILE", help="only say whether FILE is right"
    )


def _add_config_path(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"TOML (default: {DEFAULT_PATH}, if it is there)",
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r}: expected 0 to 65535")
    return int(text)


if TYPE_CHECKING:
    _Verbs = argparse._SubParsersAction[argparse.ArgumentParser]

if __name__ == "__main__":
    sys.exit(main())
