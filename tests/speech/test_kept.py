# SPDX-License-Identifier: MIT
"""Speech on the disk: as it was written, or not at all."""

import pytest

from appliance.speech import kept

PCM = b"\1\2" * 5000


def test_what_was_written_is_read(tmp_path):
    path = kept.path_of("Hello.", "en-gb", tmp_path)
    kept.write(path, PCM)
    assert kept.read(path) == PCM


def test_a_text_in_another_voice_or_another_text_is_kept_apart(tmp_path):
    told = [
        ("Hello.", "de"),
        ("Hello.", "en-gb"),
        ("Hello", "de"),
        ("こんにちは", "ja"),
    ]
    assert len({kept.path_of(*each, tmp_path) for each in told}) == 4


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:100],
        lambda content: content[:-2],
        lambda content: content[:5000] + bytes(4096) + content[9096:],
        lambda content: content + bytes(10_000_000),
    ],
)
def test_what_the_disk_has_damaged_is_not_heard(tmp_path, damage):
    path = kept.path_of("Hello.", "en-gb", tmp_path)
    kept.write(path, PCM)
    path.write_bytes(damage(path.read_bytes()))
    assert kept.read(path) == b""


def test_what_is_not_there_is_silence(tmp_path):
    assert kept.read(tmp_path / "nothing.pcm") == b""


def test_what_is_too_long_is_cut(tmp_path):
    path = tmp_path / "long.pcm"
    kept.write(path, bytes(kept.LONGEST_S * 48_000 + 100))
    assert len(kept.read(path)) == kept.LONGEST_S * 48_000


def test_only_what_is_wanted_stays(tmp_path):
    for name in ("a.pcm", "b.pcm", ".c.pcm.draft"):
        (tmp_path / name).touch()
    kept.remove_others(tmp_path, [tmp_path / "a.pcm", tmp_path / "d.pcm"])
    assert [path.name for path in tmp_path.iterdir()] == ["a.pcm"]
