# SPDX-License-Identifier: MIT
"""What may be said on the command line; wrong values end in one line and exit 2."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance import __version__
from appliance.basics.streams import write
from appliance.basics.strict_toml import ConfigError
from appliance.config.endpoint import check_endpoint
from appliance.config.file import DEFAULT_PATH
from appliance.demo import script
from appliance.demo.events import EVENTS
from appliance.doctor.sections import SECTIONS
from appliance.simulator.scenario import DIALECTS, Scenario, read_scenario
from appliance.simulator.scenario_help import scenario_help

_DEMO_HELP = f"""\
Script, one command a line, from when the box is ready:
{script.HELP}

With --json, one JSON object a line on stdout: "t" (monotonic seconds), "event", and
its fields:
""" + "\n".join(f"  {name:42} {meaning}" for name, meaning in EVENTS.items())


class _Parser(argparse.ArgumentParser):
    """argparse leaves unsaid that it could not write."""

    def _print_message(self, message: str, file: Any = None) -> None:
        if file and file is sys.stdout:
            write(message.removesuffix("\n"), file)
        else:
            super()._print_message(message, file)


def parser() -> argparse.ArgumentParser:
    """Its parse_args raises as `write`, too."""
    arguments: argparse.ArgumentParser = _Parser(
        prog="voice-appliance",
        description="A box with one button: hold it, talk, let go; it answers aloud.",
        epilog="Exit codes: 0 well, 1 crash, 2 usage, 78 configuration.",
    )
    arguments.add_argument("--version", action="version", version=__version__)
    verbs = arguments.add_subparsers(required=True, dest="verb", metavar="VERB")
    _add_run(verbs)
    _add_demo(verbs)
    _add_doctor(verbs)
    _add_simulate(verbs)
    _add_config(verbs)
    return arguments


def _add_run(verbs: "_Verbs") -> None:
    run = verbs.add_parser("run", help="what systemd starts: serve until SIGTERM")
    _add_config_path(run)


def _add_demo(verbs: "_Verbs") -> None:
    demo = verbs.add_parser(
        "demo",
        help="the same service on any machine: no key, card or GPIO needed",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_DEMO_HELP,
    )
    _add_config_path(demo)
    _add_sound(demo)
    _add_service(demo)
    _add_user(demo)


def _add_sound(demo: argparse.ArgumentParser) -> None:
    demo.add_argument(
        "--mic",
        metavar="WAV|alsa:NAME",
        help="heard all the time, a WAV over and over "
        "(default: a recorded question, asked when a press begins to listen)",
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


def _add_service(demo: argparse.ArgumentParser) -> None:
    service = demo.add_mutually_exclusive_group()
    service.add_argument(
        "--endpoint",
        type=_endpoint,
        metavar="URL",
        help="talk to this server; GEMINI_API_KEY, if set, goes to it as a header "
        "(default: the built-in simulator, which answers with what it heard)",
    )
    service.add_argument(
        "--live", action="store_true", help="talk to the service of the configuration"
    )


def _add_user(demo: argparse.ArgumentParser) -> None:
    demo.add_argument(
        "--script",
        metavar="FILE|-",
        help="what is done to the button (default: the keys of a terminal, "
        "or one question)",
    )
    demo.add_argument(
        "--json", action="store_true", help="events as JSON lines on stdout"
    )


def _add_doctor(verbs: "_Verbs") -> None:
    doctor = verbs.add_parser(
        "doctor",
        help="examine the box: what is wrong, and what mends it",
        description="One line a check: OK, FAIL, or SKIP for what cannot be tested. "
        "Exit code 0 if nothing fails, else 1. While the service runs, its card and "
        "lines are left alone: systemctl stop voice-appliance to test them, too.",
    )
    _add_config_path(doctor)
    doctor.add_argument(
        "--section",
        action="append",
        default=[],
        choices=SECTIONS,
        metavar="NAME",
        help="only this one, may be repeated: " + ", ".join(SECTIONS),
    )
    doctor.add_argument(
        "--json", action="store_true", help="one JSON object a check, on stdout"
    )


def _add_simulate(verbs: "_Verbs") -> None:
    simulate = verbs.add_parser(
        "simulate",
        help="the simulated Gemini Live service alone, for any client",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=scenario_help(),
    )
    simulate.add_argument(
        "--port", type=_port, default=0, help="0 to 65535 (default 0: any free one)"
    )
    simulate.add_argument(
        "--scenario",
        type=_scenario,
        default=Scenario(),
        metavar="FILE",
        help="TOML: how it behaves, what fails",
    )
    simulate.add_argument(
        "--dialect",
        choices=DIALECTS,
        default=DIALECTS[0],
        help="2025 also takes media_chunks, and client_content as the end of a turn",
    )


def _add_config(verbs: "_Verbs") -> None:
    config = verbs.add_parser("config", help="show the effective configuration")
    _add_config_path(config)
    config.add_argument(
        "--check",
        type=Path,
        metavar="FILE",
        help="only say whether FILE is right, or all its mistakes",
    )
    config.add_argument(
        "--provision",
        type=Path,
        metavar="DIRECTORY",
        help="take over voice-appliance.toml and gemini-api-key from there, as is done "
        "at boot from the boot partition",
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


def _endpoint(text: str) -> str:
    try:
        return check_endpoint(text, "URL")
    except ConfigError as error:
        # argparse says where.
        reason = str(error).removeprefix("URL: ")
        raise argparse.ArgumentTypeError(reason) from None


def _scenario(text: str) -> Scenario:
    try:
        return read_scenario(Path(text))
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if TYPE_CHECKING:
    _Verbs = argparse._SubParsersAction[argparse.ArgumentParser]
