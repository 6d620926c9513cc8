# SPDX-License-Identifier: MIT
"""What may be said on the command line; wrong values end in one line and exit 2.

Each verb imports what its own options need, and only when it is called.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from appliance import __version__
from appliance.basics.streams import write
from appliance.basics.strict_toml import ConfigError

if TYPE_CHECKING:
    from appliance.simulator.scenario import Scenario

_SCRIPT_HELP = """\
Script, one command a line, from when the box is ready:
{script}

With --json, one JSON object a line on stdout: "t" (monotonic seconds), "event", and
its fields:
{events}"""


class _Parser(argparse.ArgumentParser):
    """Takes no abbreviations; argparse leaves unsaid that it could not write."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False)

    def _print_message(self, message: str, file: Any = None) -> None:
        if file and file is sys.stdout:
            write(message.removesuffix("\n"), file)
        else:
            super()._print_message(message, file)


class _Verb(NamedTuple):
    help: str
    add_options: Callable[[argparse.ArgumentParser], None]


def parser(only: str | None = None) -> argparse.ArgumentParser:
    """With the options of each verb, or of one. parse_args also raises as `write`."""
    arguments = _Parser(
        prog="voice-appliance",
        description="A box with one button: hold it, talk, let go; it answers aloud.",
        epilog="Exit codes: 0 success, 1 crash, 2 usage, 78 configuration.",
    )
    arguments.add_argument("--version", action="version", version=__version__)
    verbs = arguments.add_subparsers(required=True, dest="verb", metavar="VERB")
    for name, verb in _VERBS.items():
        options = verbs.add_parser(name, help=verb.help)
        if only in (None, name):
            verb.add_options(options)
    return arguments


def _add_run(run: argparse.ArgumentParser) -> None:
    _add_config_path(run)


def _add_demo(demo: argparse.ArgumentParser) -> None:
    from appliance.demo.script import HELP
    from appliance.demo.timeline import EVENTS

    events = "\n".join(f"  {name:42} {meaning}" for name, meaning in EVENTS.items())
    demo.formatter_class = argparse.RawDescriptionHelpFormatter
    demo.epilog = _SCRIPT_HELP.format(script=HELP, events=events)
    _add_config_path(demo)
    _add_sound(demo)
    _add_sentence(demo)
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


def _add_sentence(demo: argparse.ArgumentParser) -> None:
    from appliance.core.sentences import NAMES

    demo.add_argument(
        "--say",
        choices=NAMES,
        metavar="NAME",
        help="only play this sound and its sentence, in the language of the box: "
        + ", ".join(NAMES),
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


def _add_doctor(doctor: argparse.ArgumentParser) -> None:
    from appliance.doctor.checks import SECTIONS

    doctor.description = (
        "One line a check: OK, FAIL, or SKIP for what cannot be tested. Exit code 0 if "
        "nothing fails, else 1. While the service runs, its sound card and GPIO lines "
        "are not tested: systemctl stop voice-appliance first to test them, too."
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


def _add_sound_verb(sound: argparse.ArgumentParser) -> None:
    sound.description = (
        "Lists the cards, says which ones the service takes, shows the level of the "
        "microphone, and plays two notes. Exit code 0 if both work, else 1."
    )
    _add_config_path(sound)
    sound.add_argument(
        "--fix",
        action="store_true",
        help="open mixer controls that are shut, and store that for the next boot",
    )


def _add_simulate(simulate: argparse.ArgumentParser) -> None:
    from appliance.simulator.scenario import DIALECTS, Scenario
    from appliance.simulator.scenario_help import scenario_help

    simulate.formatter_class = argparse.RawDescriptionHelpFormatter
    simulate.epilog = scenario_help()
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


def _add_config(config: argparse.ArgumentParser) -> None:
    from appliance.config.file import DEFAULT_PATH

    config.description = "Without --check or --provision, show the configuration."
    choice = config.add_mutually_exclusive_group()
    _add_config_path(choice)
    choice.add_argument(
        "--check",
        type=Path,
        nargs="?",
        const=DEFAULT_PATH,
        metavar="FILE",
        help="only say whether FILE is right, or list its mistakes (default: the "
        "installed file, which may be missing)",
    )
    choice.add_argument(
        "--provision",
        type=Path,
        metavar="DIRECTORY",
        help="install voice-appliance.toml and gemini-api-key from there, as happens "
        "at boot from the boot partition",
    )


def _add_card(card: argparse.ArgumentParser) -> None:
    from appliance.config.sections import Kit

    card.description = (
        "Put a release, and a key, onto the boot partition of a card with a new "
        "Raspberry Pi OS 13, as unzipping it does, and say what is missing there."
    )
    card.add_argument(
        "directory", type=Path, metavar="DIRECTORY", help="where bootfs is mounted"
    )
    card.add_argument(
        "--release",
        type=Path,
        metavar="ZIP",
        help="voice-appliance-X-bootfs.zip (default: the newest one here)",
    )
    card.add_argument(
        "--key", type=Path, metavar="FILE", help="holds nothing but the API key"
    )
    card.add_argument(
        "--config", type=Path, metavar="FILE", help="the configuration, TOML"
    )
    card.add_argument("--kit", choices=get_args(Kit), help="the parts that make sound")
    card.add_argument(
        "--wifi-check",
        action="store_true",
        help="write nothing where Wi-Fi or its country is not set up",
    )


def _add_config_path(parser: "_Options") -> None:
    from appliance.config.file import DEFAULT_PATH

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
    from appliance.config.endpoint import check_endpoint

    try:
        return check_endpoint(text, "URL")
    except ConfigError as error:
        # argparse says where.
        reason = str(error).removeprefix("URL: ")
        raise argparse.ArgumentTypeError(reason) from None


def _scenario(text: str) -> "Scenario":
    from appliance.simulator.scenario import read_scenario

    try:
        return read_scenario(Path(text))
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if TYPE_CHECKING:
    _Options = argparse.ArgumentParser | argparse._MutuallyExclusiveGroup

_VERBS = {
    "run": _Verb("what systemd starts: serve until SIGTERM", _add_run),
    "demo": _Verb(
        "the same service on any machine: no key, card or GPIO needed", _add_demo
    ),
    "doctor": _Verb("examine the box: what is wrong, and how to fix it", _add_doctor),
    "simulate": _Verb(
        "the simulated Gemini Live service alone, for any client", _add_simulate
    ),
    "config": _Verb("show, check or install a configuration", _add_config),
    "sound": _Verb(
        "the sound cards: what they can do, which are taken, a tone and a level",
        _add_sound_verb,
    ),
    "card": _Verb("prepare an SD card, so that a Pi installs itself", _add_card),
}
