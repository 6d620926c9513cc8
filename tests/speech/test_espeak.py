# SPDX-License-Identifier: MIT
"""espeak-ng, the real one, and programs of that name that do what they should not."""

import os
import time

import pytest

from appliance.speech.espeak import SpeechUnavailable, plain, synthesize
from tests.speech.conftest import HEADER, octal


def test_it_speaks_whatever_the_locale(monkeypatch):
    monkeypatch.delenv("LC_ALL", raising=False)
    said = set()
    for locale in ("C", "de_DE.UTF-8", "ja_JP.eucJP", "rubbish"):
        monkeypatch.setenv("LANG", locale)
        said.add(synthesize("Schlüssel prüfen.", "de"))
    ((rate_hz, pcm),) = said
    assert rate_hz == 22_050
    assert 0.5 < len(pcm) / 2 / rate_hz < 2.5
    assert synthesize("Schlussel prufen.", "de")[1] != pcm


@pytest.mark.parametrize("text", ["-v fr --path=/tmp", "--help", "-w out.wav"])
def test_a_name_that_looks_like_an_option_is_spoken(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(synthesize(text, "en-gb")[1]) > 11_025
    assert list(tmp_path.iterdir()) == []


def test_it_leaves_nothing_in_the_home_directory(tmp_path, monkeypatch):
    """A sound server's client would."""
    monkeypatch.setenv("HOME", str(tmp_path))
    synthesize("Hello.", "en-gb")
    assert list(tmp_path.iterdir()) == []


def test_control_characters_and_phonemes_are_no_orders():
    assert plain("a\n\x1b[31m\0b[[h@l]]\x9b\u2028c") == "a   31m b  h@l    c"
    assert synthesize("one [[tu:]] two", "en-gb") == synthesize(
        "one   tu:   two", "en-gb"
    )


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (None, "espeak-ng cannot be started: No such file or directory"),
        ("exit 3", "espeak-ng ends with code 3"),
        ("cat >/dev/null; kill -SEGV $$", "espeak-ng is killed by signal 11"),
        ("exec 0<&-; exit 0", "espeak-ng says nothing"),
        ("cat", "espeak-ng says what is no sound: 16-bit mono expected"),
        ("yes", "espeak-ng does not stop talking"),
        ("sleep 60", "espeak-ng is not done within 0.5 s"),
        ("sleep 60 & exit 0", "espeak-ng is not done within 0.5 s"),
        ("exec >&-; sleep 60", "espeak-ng is not done within 0.5 s"),
        (f"printf '{octal(HEADER[:30])}'", "espeak-ng says what is no sound"),
        (
            f"printf '{octal(HEADER[:22] + bytes(60))}'",
            "espeak-ng says what is no sound",
        ),
    ],
)
def test_a_program_that_misbehaves_is_one_line_and_gone_in_time(
    false_espeak, script, why
):
    false_espeak(script)
    before = time.monotonic()
    with pytest.raises(SpeechUnavailable) as error:
        synthesize("Hello.", "en-gb", limit_s=0.5 if "sleep" in str(script) else 10.0)
    assert str(error.value).startswith(why)
    assert time.monotonic() - before < 8


def test_a_program_that_cannot_be_executed_is_one_line(false_espeak, tmp_path):
    false_espeak("exit 0")
    os.chmod(tmp_path / "bin" / "espeak-ng", 0o644)
    with pytest.raises(SpeechUnavailable, match="cannot be started: Permission denied"):
        synthesize("Hello.", "en-gb")


def test_half_a_frame_at_the_end_is_left_out(false_espeak):
    false_espeak(f"cat >/dev/null; printf '{octal(HEADER + bytes(7))}'")
    assert synthesize("Hello.", "en-gb") == (22_050, bytes(6))
