# SPDX-License-Identifier: MIT
"""The words for where the box is to be found."""

from collections.abc import Iterator

from appliance import __version__
from appliance.core.sentences import Sentence
from appliance.speech.espeak import plain
from appliance.speech.network import Wifi
from appliance.speech.words import Words, fill_in, placeholders

#: Of 100, as NetworkManager counts; below that an answer may stutter.
_GOOD, _FAIR = 55, 30


def fixed(words: Words, host: str) -> dict[Sentence, str]:
    """What a process of this version, on this machine, may say whole."""
    dot = f" {words[Sentence.DOT]} "
    filled = {s: fill_in(text, version=__version__) for s, text in words.items()}
    filled[Sentence.HOST] = fill_in(words[Sentence.HOST], host=host.replace(".", dot))
    # A part of another is never said by itself.
    parts = {Sentence.DOT, *_STRENGTHS}
    return {
        sentence: plain(text)
        for sentence, text in filled.items()
        if not placeholders(words[sentence]) - _KNOWN and sentence not in parts
    }


def changing(
    words: Words, address: str | None, wifi: Wifi | None, volume_percent: int
) -> Iterator[str]:
    """What is said between name and version."""
    if address:
        digits = ", ".join(" ".join(part) for part in address.split("."))
        yield plain(fill_in(words[Sentence.ADDRESS], address=digits))
    if wifi:
        strength = words[_strength(wifi.percent)]
        text = fill_in(words[Sentence.WIFI], name=wifi.name, strength=strength)
        yield plain(text)
    yield plain(fill_in(words[Sentence.VOLUME], percent=str(volume_percent)))


def _strength(percent: int) -> Sentence:
    if percent >= _GOOD:
        return Sentence.STRENGTH_GOOD
    return Sentence.STRENGTH_FAIR if percent >= _FAIR else Sentence.STRENGTH_WEAK


_KNOWN = {"{version}", "{host}"}
_STRENGTHS = {Sentence.STRENGTH_GOOD, Sentence.STRENGTH_FAIR, Sentence.STRENGTH_WEAK}
