# SPDX-License-Identifier: MIT
"""A scenario file says what the service does, or says in one line what is wrong."""

import re
import wave
from typing import get_args

import pytest

from appliance.basics.strict_toml import ConfigError, keys
from appliance.simulator.live.service import Service
from appliance.simulator.scenario import (
    Call,
    Close,
    Drop,
    Fault,
    Point,
    Scenario,
    read_scenario,
)
from appliance.simulator.scenario_help import scenario_help


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "scenario.toml"
        path.write_text(text)
        return path

    return write


def record(path, frames=b"\0\1" * 480, channels=1):
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(channels)
        recording.setsampwidth(2)
        recording.setframerate(24_000)
        recording.writeframes(frames)


def test_an_empty_file_is_a_well_behaved_service(write):
    assert read_scenario(write("")) == Scenario()


def test_every_key_can_be_set(write):
    scenario = read_scenario(
        write(
            """
            answer = "silent"
            answer_delay_ms = 10
            answer_speed = 0
            waits_for_playback = false
            setup_delay_ms = 0
            interrupt_delay_ms = 0
            pong_delay_s = 30
            go_away_after_s = 2.5
            heeds_stream_end = false

            [[fault]]
            at = "mid_answer"
            turn = 2
            action = "drop"

            [[fault]]
            at = "setup"
            link = 1
            action = "close"
            code = 1008
            reason = "The operation was aborted."
            repeat = true

            [[call]]
            turn = 2
            name = "set_volume"
            args = { percent = 30, how = ["soft", { ly = true }] }

            [[call]]
            name = "device_status"
            """
        )
    )
    assert scenario == Scenario(
        answer="silent",
        answer_delay_ms=10,
        answer_speed=0,
        waits_for_playback=False,
        setup_delay_ms=0,
        interrupt_delay_ms=0,
        pong_delay_s=30,
        go_away_after_s=2.5,
        heeds_stream_end=False,
        faults=(
            Drop(at="mid_answer", turn=2),
            Close(1008, "The operation was aborted.", at="setup", link=1, repeat=True),
        ),
        calls=(
            Call("set_volume", {"percent": 30, "how": ["soft", {"ly": True}]}, 2),
            Call("device_status"),
        ),
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "answer_dely_ms = 1",
            'answer_dely_ms is unknown; did you mean "answer_delay',
        ),
        ("answer_delay_ms = -1", "answer_delay_ms = -1: expected whole number from 0"),
        ("answer_delay_ms = 'x'", "answer_delay_ms = 'x': expected whole number from"),
        ("go_away_after_s = inf", "go_away_after_s = inf: expected number from 0 to"),
        ("answer = 3", "answer = 3: expected text of at most 255 characters"),
        (f"answer = '{'x' * 256}'", "answer = 'xxxxxxxxxxx...': expected text of at"),
        (
            "answer = 'ecco'",
            "answer = 'ecco': expected echo, silent, none or a recordi",
        ),
        (
            "[[fault]]\naction = 'drop'",
            "fault[0].at is missing: expected one of setup,",
        ),
        (
            "[[fault]]\nat = 'setup'",
            "fault[0].action is missing: expected one of drop,",
        ),
        (
            "[[fault]]\nat = 'setup'\naction = 'explode'",
            "fault[0].action = 'explode': expected one of drop, stall, close, go_away,",
        ),
        (
            "[[fault]]\nat = 'noon'\naction = 'drop'",
            "fault[0].at = 'noon': expected one of setup, setup_complete, turn_opened,",
        ),
        (
            "[[fault]]\nat = 'setup'\naction = 'drop'\ncode = 1011",
            "fault[0].code is unknown (known here: action, at, turn, link, repeat)",
        ),
        (
            "[[fault]]\nat = 'setup'\naction = 'close'\ncode = 99",
            "fault[0].code = 99: expected whole number from 1000 to 4999",
        ),
        (
            "[[fault]]\nat = 'setup'\naction = 'close'\ncode = 1006",
            "fault[0].code = 1006: never on the wire",
        ),
        (
            "[[fault]]\nat = 'setup'\naction = 'close'\nreason = '" + "ä" * 62 + "'",
            "fault[0].reason = 'äääääääääää...': longer than 123 bytes",
        ),
        ("fault = 3", "fault = 3: expected tables"),
        ("fault = [3]", "fault[0] = 3: expected table"),
        (
            'answer = "a\\u0000b"',
            "answer = 'a\\x00b': expected echo, silent, none or a recording, but",
        ),
        ("[[call]]\nturn = 1", "call[0].name is missing: expected letters (A"),
        ("[[call]]\nname = 'two words'", "call[0].name = 'two words': expected letter"),
        ("[[call]]\nname = 'f'\nargs = 3", "call[0].args = 3: expected table"),
        ("[[call]]\nname = 'f'\nturn = -1", "call[0].turn = -1: expected whole numb"),
        (
            "[[call]]\nname = 'f'\narg = {}",
            'call[0].arg is unknown; did you mean "args"? (known here: name, args, tu',
        ),
        *(
            (
                f"[[call]]\nname = 'f'\nargs = {{ x = [{value}] }}",
                "call[0].args: expected values that JSON has, at most 50 deep",
            )
            for value in ("nan", "2026-11-22", "9" * 20, "[" * 60 + "]" * 60)
        ),
        ("heeds_stream_end = 1", "heeds_stream_end = 1: expected true or false"),
        ("answer", "not valid TOML: "),
    ],
)
def test_a_wrong_line_is_named_with_what_is_allowed(write, text, complaint):
    path = write(text)
    with pytest.raises(ConfigError) as caught:
        read_scenario(path)
    assert str(caught.value).startswith(f"{path}: {complaint}")
    assert "\n" not in str(caught.value)


def test_every_mistake_of_a_scenario_is_named(write):
    faults = "[[fault]]\nspeed = 0\n[[fault]]\naction = 'drop'\nat = 'x'\nspeed = 1"
    path = write(f"answer_speed = -1\n[[call]]\n{faults}")
    with pytest.raises(ConfigError) as caught:
        read_scenario(path)
    lines = [line.removeprefix(f"{path}: ") for line in caught.value.lines]
    assert [line.partition(":")[0] for line in lines] == [
        "answer_speed = -1",
        "call[0].name is missing",
        "fault[0].speed = 0",
        "fault[0].action is missing",
        "fault[1].at = 'x'",
        "fault[1].speed is unknown (known here",
    ]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        read_scenario(tmp_path / "nowhere.toml")


def test_a_file_that_is_no_text_is_named(write):
    path = write("")
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="scenario.toml: not UTF-8 text"):
        read_scenario(path)


def test_a_recording_is_found_beside_the_scenario(write, tmp_path):
    record(tmp_path / "hello.wav")
    scenario = read_scenario(write('answer = "hello.wav"'))
    assert Service(scenario).answer_to(None) == b"\0\1" * 480


def test_a_recording_that_is_not_mono_is_refused(write, tmp_path):
    record(tmp_path / "stereo.wav", channels=2)
    with pytest.raises(ConfigError, match="needed: 24000 Hz, mono, 16 bit"):
        read_scenario(write('answer = "stereo.wav"'))


@pytest.mark.parametrize(
    "struct", [Scenario(), Call("f"), *(kind() for kind in get_args(Fault))], ids=repr
)
def test_the_help_has_each_key_with_its_meaning(struct):
    for key in keys(struct):
        if key.name not in ("at", "call", "fault"):
            assert key.meaning
            line = rf"^ +{key.name}( = .+)? +{re.escape(key.meaning)}$"
            assert re.search(line, scenario_help(), re.MULTILINE)


def test_the_help_has_each_point_and_each_action():
    for name in get_args(Point):
        assert f" {name}" in scenario_help()
    for action in get_args(Fault):
        assert f"\n  {action.__struct_config__.tag}  " in scenario_help()
