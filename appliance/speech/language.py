# SPDX-License-Identifier: MIT
"""Which language the box speaks: as configured, else as the machine is set up."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

FALLBACK = "en"
#: Debian's keyboard-configuration; raspi-config and the imager write it.
KEYBOARD = Path("/etc/default/keyboard")


class Language(NamedTuple):
    """A language that there are sentences in."""

    #: As the model is told.
    name: str
    #: As espeak-ng has it.
    voice: str
    #: Keyboards (XKBLAYOUT) of people who most likely speak it.
    keyboards: frozenset[str]


#: ISO 639 code, as in languages/CODE.toml.
LANGUAGES: dict[str, Language] = {
    "en": Language("English", "en-gb", frozenset({"gb", "us", "ie", "au", "nz"})),
    "de": Language("German", "de", frozenset({"de", "at", "ch"})),
    "fr": Language("French", "fr", frozenset({"fr", "ca"})),
    "es": Language("Spanish", "es", frozenset({"es", "latam"})),
    "it": Language("Italian", "it", frozenset({"it"})),
    "pt": Language("Portuguese", "pt-br", frozenset({"pt", "br"})),
    "nl": Language("Dutch", "nl", frozenset({"nl"})),
    "pl": Language("Polish", "pl", frozenset({"pl"})),
    "uk": Language("Ukrainian", "uk", frozenset({"ua"})),
    "ja": Language("Japanese", "ja", frozenset({"jp"})),
}


def language(
    wanted: str, environment: Mapping[str, str], keyboard: Path = KEYBOARD
) -> str | None:
    """The code of the language to speak: `wanted`, or what "auto" comes to; None if
    the machine does not tell, or tells one that is not in LANGUAGES."""
    if wanted in LANGUAGES:
        return wanted
    return _of_locale(environment) or _of_keyboard(keyboard)


def _of_locale(environment: Mapping[str, str]) -> str | None:
    """de_AT.UTF-8@euro is "de"; C and POSIX say nothing (man 7 locale)."""
    names = (environment.get(key) for key in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next(filter(None, names), "")
    for mark in "@._":
        locale = locale.partition(mark)[0]
    code = locale.lower()
    return code if code in LANGUAGES else None


def _of_keyboard(path: Path) -> str | None:
    """Of several layouts the first is meant (man 5 keyboard)."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, value = line.strip().partition("=")
        if name == "XKBLAYOUT":
            layout = value.strip("\"' ").partition(",")[0].strip()
            return _of_layout(layout)
    return None


def _of_layout(layout: str) -> str | None:
    spoken = (code for code, each in LANGUAGES.items() if layout in each.keyboards)
    return next(spoken, None)
