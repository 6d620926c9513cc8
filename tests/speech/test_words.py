# SPDX-License-Identifier: MIT
"""The sentences in each language: all are there, and short when they are spoken."""

import re

import pytest

from appliance.basics.pcm import PLAYBACK_RATE_HZ, seconds
from appliance.basics.strict_toml import ConfigError
from appliance.core.sentences import Sentence, sentence_of
from appliance.core.signals import TABLE, Signal
from appliance.speech.espeak import synthesize
from appliance.speech.language import LANGUAGES
from appliance.speech.sound import fitted
from appliance.speech.words import LANGUAGES_DIRECTORY, fill_in, placeholders, words

MOST_S = 5.0
#: Such as somebody's box may have.
EXAMPLE = {
    "version": "0.2.0",
    "host": "kitchen.local",
    "address": "1 9 2, 1 6 8, 1, 2 3",
    "name": "Home",
    "strength": "",
    "percent": "70",
}
each_language = pytest.mark.parametrize("code", LANGUAGES)


def test_each_language_has_a_file_and_each_file_a_language():
    assert {path.stem for path in LANGUAGES_DIRECTORY.iterdir()} == set(LANGUAGES)


def test_each_failure_that_has_a_sound_has_a_sentence():
    heard = {signal for signal, row in TABLE.items() if row.earcon}
    assert {s for s in Signal if sentence_of(s)} == heard - {
        Signal.STARTING,
        Signal.LISTENING_ENDS,
    }


def test_each_sentence_is_said_somewhere():
    package = LANGUAGES_DIRECTORY.parents[1]
    paths = set(package.rglob("*.py")) - {package / "core" / "sentences.py"}
    source = "".join(path.read_text() for path in paths)
    named = {s for s in Sentence if re.search(rf"\bSentence\.{s.name}\b", source)}
    assert named | {sentence_of(signal) for signal in Signal} >= set(Sentence)


@each_language
def test_a_language_has_each_sentence_with_the_same_blanks_to_fill_in(code):
    english, translated = words("en"), words(code)
    for sentence in Sentence:
        blanks = placeholders(translated[sentence])
        assert blanks == placeholders(english[sentence]), sentence


@each_language
def test_each_sentence_is_spoken_in_five_seconds(code):
    for sentence, text in words(code).items():
        rate_hz, pcm = synthesize(fill_in(text, **EXAMPLE), LANGUAGES[code].voice)
        spoken_s = seconds(fitted(pcm, rate_hz), PLAYBACK_RATE_HZ)
        assert 0.2 < spoken_s <= MOST_S, sentence


def test_japanese_is_written_in_kana_as_espeak_ng_reads_no_kanji():
    text = "".join(words("ja").values())
    assert not [c for c in text if "\u4e00" <= c <= "\u9fff"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            lambda text: text.replace("no-answer =", "noanswer ="),
            "no-answer is missing",
        ),
        (
            lambda text: text.replace("lost =", "losst ="),
            "'losst' is unknown; did you mean \"lost\"?",
        ),
        (lambda text: text + 'more = "x"\n', "'more' is unknown"),
        (lambda text: text.replace('"That got', '7 # "'), "lost: expected text of 1"),
        (lambda text: text.replace("That got", 90 * "very "), "lost: expected text"),
        (lambda text: "quota = [", "not valid TOML"),
        (lambda text: "\x7fELF\0", "not valid TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_line_a_mistake(tmp_path, change, why):
    english = (LANGUAGES_DIRECTORY / "en.toml").read_text()
    path = tmp_path / "en.toml"
    path.write_text(change(english))
    with pytest.raises(ConfigError) as error:
        words("en", tmp_path)
    assert any(why in line for line in error.value.lines)
    assert all(line.startswith(f"{path}: ") for line in error.value.lines)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path, content):
    if content:
        (tmp_path / "en.toml").write_bytes(content)
    with pytest.raises(ConfigError):
        words("en", tmp_path)


def test_what_is_filled_in_is_not_looked_at():
    assert fill_in("I am {host}.", host="{version} {0.__class__}") == (
        "I am {version} {0.__class__}."
    )
