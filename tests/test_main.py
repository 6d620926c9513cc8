# SPDX-License-Identifier: MIT
"""The command line as its user meets it: exit codes, and one line for bad input."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from appliance import __version__
from appliance.simulator.live.server import LiveServer
from appliance.simulator.scenario import Scenario
from appliance.simulator.wav import read_wav
from tests.rig.waiting import in_loop, noise

ROOT = Path(__file__).parents[1]
QUICK_SCRIPT = "wait 0.1\npress\nwait 0.5\nrelease\n"


@pytest.fixture
def voice_appliance(tmp_path, virtual_card):
    """Runs the program in an empty directory, on mock pins and the virtual card."""

    def run(
        *arguments: str, stdin: str = "", stdout=subprocess.PIPE, **environment: str
    ):
        return subprocess.run(
            [sys.executable, "-m", "appliance", *arguments],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "PYTHONPATH": str(ROOT),
                "GPIOZERO_PIN_FACTORY": "mock",
                "GPIOZERO_MOCK_PIN_CLASS": "mockpwmpin",
                **virtual_card.environment,
                **environment,
            },
            input=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )

    return run


def complaint(ended: subprocess.CompletedProcess, code: int) -> str:
    """The one line that a failed run leaves behind."""
    assert ended.returncode == code, ended
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    return line.removeprefix("voice-appliance: ")


def write_wav(path: Path, rate_hz: int, channels: int = 1) -> str:
    with wave.open(str(path), "wb") as wav:
        wav.setparams((channels, 2, rate_hz, 0, "NONE", ""))
        wav.writeframes(bytes(rate_hz))
    return str(path)


def test_version_is_printed(voice_appliance):
    assert voice_appliance("--version").stdout == f"{__version__}\n"


@pytest.mark.parametrize(
    "verb", ["run", "demo", "doctor", "simulate", "config", "card"]
)
def test_each_verb_explains_itself(voice_appliance, verb):
    ended = voice_appliance(verb, "--help")
    assert ended.returncode == 0
    assert f"voice-appliance {verb}" in ended.stdout


#: By verb, what is not loaded for its --help, and for the verb itself.
HEAVY = {"pyaudio", "systemd", "gpiozero", "websockets", "numpy", "asyncio"}
ROOMS = {"core", "live", "hardware", "config", "service", "demo", "doctor", "simulator"}


def loaded(*arguments: str) -> set[str]:
    """The packages and rooms that a run of the program has imported by its end."""
    code = (
        "import sys, atexit; from appliance.__main__ import main\n"
        "def told(): print('LOADED', *sys.modules, file=sys.stderr)\n"
        "atexit.register(told); main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    modules = ended.stderr.split("LOADED")[1].split()
    return {m.removeprefix("appliance.").partition(".")[0] for m in modules}


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["--help"], {"core", "asyncio"}),
        (["run", "--help"], {"core", "asyncio", "config", "live"}),
        (["config"], {"core", "asyncio", "config", "live"}),
        (["simulate", "--help"], {"core", "asyncio", "simulator"}),
        (["simulate", "--port=x"], {"core", "asyncio", "simulator"}),
    ],
)
def test_a_verb_loads_what_it_needs_and_no_more(arguments, needed):
    assert loaded(*arguments) & (HEAVY | ROOMS) <= needed


def test_run_loads_neither_the_simulator_nor_the_demo_nor_the_doctor():
    code = "import appliance.service.app, sys; print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    rooms = {m.split(".")[1] for m in told.stdout.split() if m.startswith("appliance.")}
    assert not rooms & {"simulator", "demo", "doctor"}
    assert not {"pyaudio", "systemd"} & set(told.stdout.split())


@pytest.fixture
def without_c_modules(tmp_path):
    """An environment in which PyAudio and systemd-python cannot be imported."""
    for name in ("pyaudio", "systemd"):
        (tmp_path / "blocked").mkdir(exist_ok=True)
        (tmp_path / "blocked" / f"{name}.py").write_text("raise ImportError('none')")
    return {"PYTHONPATH": f"{tmp_path / 'blocked'}:{ROOT}"}


@pytest.mark.parametrize("arguments", [["--help"], ["config"], ["simulate", "--help"]])
def test_pyaudio_and_systemd_are_not_needed_to_look(
    voice_appliance, without_c_modules, arguments
):
    ended = voice_appliance(*arguments, **without_c_modules)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_demo_with_wav_files_needs_neither_pyaudio_nor_systemd(
    voice_appliance, without_c_modules, tmp_path
):
    ended = voice_appliance(
        *("demo", "--script", "-", "--json", "--speaker", "out.wav"),
        stdin=QUICK_SCRIPT,
        **without_c_modules,
    )
    assert ended.returncode == 0, ended
    assert any(read_wav(tmp_path / "out.wav", 24_000))


def test_a_card_without_pyaudio_is_one_line(voice_appliance, without_c_modules):
    ended = voice_appliance(
        *("demo", "--mic", "alsa:microphone", "--speaker", "o.wav", "--script", "-"),
        stdin=QUICK_SCRIPT,
        **without_c_modules,
    )
    assert ended.returncode == 1
    assert "PyAudio cannot be imported (none); sudo apt" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["config", "--chec", "a.toml"],
        ["config", "--check", "a.toml", "--provision", "boot"],
        ["config", "--config", "a.toml", "--check", "b.toml"],
        ["demo", "--virtual"],
        ["--vers"],
    ],
)
def test_options_are_neither_abbreviated_nor_dropped(voice_appliance, arguments):
    ended = voice_appliance(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")


def test_an_unknown_verb_is_a_usage_error(voice_appliance):
    ended = voice_appliance("dance")
    assert ended.returncode == 2
    assert "invalid choice: 'dance'" in ended.stderr


def test_a_port_out_of_range_is_a_usage_error(voice_appliance):
    ended = voice_appliance("simulate", "--port", "70000")
    assert ended.returncode == 2
    assert "'70000': expected 0 to 65535" in ended.stderr


def test_config_prints_every_key_and_masks_the_key(voice_appliance):
    ended = voice_appliance("config", GEMINI_API_KEY="s3cret")
    assert ended.returncode == 0
    assert 'voice = "Aoede"' in ended.stdout
    assert "# The API key is there, and not shown." in ended.stdout
    assert "s3cret" not in ended.stdout + ended.stderr
    assert "# The API key is not in this env" in voice_appliance("config").stdout


def test_config_check_says_whether_a_file_is_right(voice_appliance, tmp_path):
    (tmp_path / "good.toml").write_text("[speaker]\ngain = 0.5\n")
    (tmp_path / "bad.toml").write_text("[speaker]\ngain = 5\n")
    good = voice_appliance("config", "--check", "good.toml")
    assert (good.returncode, good.stdout) == (0, "good.toml: all right\n")
    bad = voice_appliance("config", "--check", "bad.toml")
    line = "bad.toml: [speaker] gain = 5: expected number from 0 to 4"
    assert complaint(bad, 78) == line


@pytest.mark.parametrize(
    "arguments", [["config", "--check"], ["run", "--config"], ["demo", "--config"]]
)
def test_every_mistake_of_a_file_is_named_a_line_each(
    voice_appliance, tmp_path, arguments
):
    text = '[live]\nvoice = "Aeode"\n[led]\ngpio = 40\nglow = 1\n'
    (tmp_path / "c.toml").write_text(text)
    ended = voice_appliance(*arguments, "c.toml")
    assert (ended.returncode, ended.stdout) == (78, "")
    gpio, glow, voice = ended.stderr.splitlines()
    assert gpio == (
        "voice-appliance: c.toml: [led] gpio = 40: expected whole number from 2 to 27"
    )
    assert "[led] glow is unknown" in glow
    assert 'did you mean "Aoede"?' in voice


def test_config_check_tells_what_has_no_effect_and_which_tools_are_wrong(
    voice_appliance, tmp_path
):
    (tmp_path / "c.toml").write_text(
        '[vad]\nsilence_ms = 9\n[tools]\ndirectory = "t"\n'
    )
    (tmp_path / "t").mkdir()
    door = 'name = "door"\ndescription = "Opens it."\ncommand = ["true"]\n'
    (tmp_path / "t" / "door.toml").write_text(door)
    (tmp_path / "t" / "lamp.json").write_text("{}")
    ended = voice_appliance("config", "--check", "c.toml")
    assert (ended.returncode, ended.stdout) == (0, "c.toml: all right; tools: door\n")
    assert "c.toml: [vad] silence_ms has no effect" in ended.stderr
    assert "t/lamp.json: ignored" in ended.stderr
    (tmp_path / "t" / "lamp.toml").write_text("nme = 'lamp'\n")
    ended = voice_appliance("config", "--check", "c.toml")
    assert (ended.returncode, ended.stdout) == (78, "")
    assert 't/lamp.toml: nme is unknown; did you mean "name"?' in ended.stderr


def test_run_tells_the_journal_what_has_no_effect(voice_appliance, tmp_path):
    text = '[vad]\nsilence_ms = 9\n[speaker]\ndevice = "kazoo"\n'
    (tmp_path / "c.toml").write_text(text)
    ended = voice_appliance("run", "--config", "c.toml")
    assert "WARNING: [vad] silence_ms has no effect" in ended.stderr


def test_a_live_demo_without_a_key_ends_with_one_line(voice_appliance):
    ended = voice_appliance("demo", "--live", "--speaker", "out.wav")
    assert "no API key; put one in" in complaint(ended, 78)


@pytest.mark.parametrize("options", [[], ["--speaker", "answer.wav"]])
def test_a_demo_without_a_key_leaves_an_older_answer_as_it_is(
    voice_appliance, tmp_path, options
):
    (tmp_path / "answer.wav").write_bytes(b"an older answer")
    voice_appliance("demo", "--live", *options)
    assert (tmp_path / "answer.wav").read_bytes() == b"an older answer"


def test_config_provision_says_what_it_does_not_take(voice_appliance, tmp_path):
    (tmp_path / "boot").mkdir()
    assert voice_appliance("config", "--provision", "boot").returncode == 0
    (tmp_path / "boot" / "voice-appliance.toml").write_text("[speaker]\ngain = 5\n")
    ended = voice_appliance("config", "--provision", "boot")
    assert ended.returncode == 78
    assert "gain = 5: expected number from 0 to 4" in ended.stderr
    assert (tmp_path / "boot" / "voice-appliance.toml.rejected.txt").exists()


def test_run_with_a_file_that_is_not_there_ends_with_one_line(voice_appliance):
    ended = voice_appliance("run", "--config", "none.toml")
    assert (
        complaint(ended, 78) == "none.toml: cannot be read: No such file or directory"
    )


@pytest.mark.parametrize("part", ["microphone", "speaker"])
def test_run_with_a_device_that_alsa_does_not_know_ends_with_one_line(
    voice_appliance, tmp_path, part
):
    text = f'[live]\nendpoint = "ws://127.0.0.1:9"\n[{part}]\ndevice = "kazoo"\n'
    (tmp_path / "c.toml").write_text(text)
    ended = voice_appliance("run", "--config", "c.toml", GEMINI_API_KEY="k")
    last = ended.stderr.splitlines()[-1]
    assert ended.returncode == 78
    assert last.startswith(f'voice-appliance: [{part}] device = "kazoo": not defined')
    assert f"there is {part}" in last
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ("ws://example.org/x", "--endpoint: ws:// is not encrypted"),
        (
            "http://127.0.0.1",
            "--endpoint: not a URL of the Live API: "
            "expected wss://HOST/..., or ws:// on loopback",
        ),
        ("wss://example.org/?key=SECRET", "no user, query or fragment is allowed"),
    ],
)
def test_demo_refuses_an_endpoint_that_would_leak(voice_appliance, endpoint, reason):
    ended = voice_appliance("demo", "--endpoint", endpoint)
    assert ended.returncode == 2
    assert reason in ended.stderr.splitlines()[-1]
    assert "SECRET" not in ended.stderr


def test_demo_refuses_a_wav_of_the_wrong_rate(voice_appliance, tmp_path):
    path = write_wav(tmp_path / "high.wav", 44_100)
    line = complaint(voice_appliance("demo", "--mic", path), 2)
    assert "44100 Hz, 1 channel(s), 16 bit; needed: 16000 Hz, mono, 16 bit" in line


@pytest.mark.parametrize("option", ["--mic", "--speaker"])
def test_the_virtual_card_of_a_demo_takes_no_other(voice_appliance, option):
    ended = voice_appliance("demo", "--virtual-card", option, "x.wav")
    assert "leave --mic and --speaker out" in complaint(ended, 2)


@pytest.mark.parametrize("spelling", ["same", "relative", "symlink", "hard link"])
def test_demo_does_not_overwrite_what_it_listens_to(
    voice_appliance, tmp_path, spelling
):
    path = Path(write_wav(tmp_path / "mine.wav", 16_000))
    other = {"same": path, "relative": path.parent / "." / ".." / path.parent.name}
    speaker = other.get(spelling, tmp_path / "link.wav")
    if spelling == "relative":
        speaker /= path.name
    elif spelling == "symlink":
        speaker.symlink_to(path)
    elif spelling == "hard link":
        speaker.hardlink_to(path)
    before = path.read_bytes()
    ended = voice_appliance("demo", "--mic", str(path), "--speaker", str(speaker))
    assert "would overwrite" in complaint(ended, 2)
    assert path.read_bytes() == before


def test_demo_takes_both_directions_of_one_card(voice_appliance, virtual_card):
    virtual_card.say(noise(160_000))
    ended = voice_appliance(
        *("demo", "--mic", "alsa:default", "--speaker", "alsa:default"),
        *("--script", "-", "--json"),
        stdin=QUICK_SCRIPT,
    )
    assert ended.returncode == 0, ended
    assert "answer_started" in ended.stdout


def test_demo_ends_with_a_microphone_that_is_closed_by_then(
    voice_appliance, virtual_card, tmp_path
):
    virtual_card.say(noise(160_000))
    (tmp_path / "c.toml").write_text('[microphone]\nopen = "while-held"\n')
    ended = voice_appliance(
        *("demo", "--mic", "alsa:microphone", "--speaker", "alsa:speaker"),
        *("--config", "c.toml", "--script", "-", "--json"),
        stdin=QUICK_SCRIPT,
    )
    assert ended.returncode == 0, ended
    assert "answer_started" in ended.stdout


def test_demo_refuses_a_wav_that_is_none(voice_appliance, tmp_path):
    (tmp_path / "x.wav").write_text("This is no sound at all.")
    ended = voice_appliance("demo", "--mic", "x.wav")
    assert "not a PCM WAV file" in complaint(ended, 2)


def test_demo_refuses_a_speaker_file_that_cannot_be_written(voice_appliance):
    ended = voice_appliance("demo", "--speaker", "none/x.wav")
    assert "none/x.wav: No such file or directory" in complaint(ended, 2)


def test_demo_refuses_an_unknown_card(voice_appliance):
    ended = voice_appliance("demo", "--mic", "alsa:kazoo", "--speaker", "o.wav")
    assert ended.returncode == 2
    assert 'device = "kazoo": not defined' in ended.stderr
    assert "Traceback" not in ended.stderr


def test_demo_with_a_script_does_not_wait_for_ever_for_a_card(
    voice_appliance, tmp_path
):
    (tmp_path / "asound.conf").write_text(
        "pcm.gone { type hw card 31 }\npcm.default { type null }\n"
    )
    ended = voice_appliance(
        *("demo", "--mic", "alsa:gone", "--speaker", "o.wav", "--script", "-"),
        stdin=QUICK_SCRIPT,
        ALSA_CONFIG_PATH=str(tmp_path / "asound.conf"),
    )
    assert ended.returncode == 1
    fault, waiting, last = ended.stderr.splitlines()
    assert "it is not there" in fault
    what = "waiting for the microphone for 10 s at most; Ctrl-C ends the demo"
    assert waiting == f"voice-appliance: {what}"
    what = "microphone: not there after 10 s: the script was not begun"
    assert last == f"voice-appliance: {what}"


def test_demo_refuses_a_script_with_a_wrong_line(voice_appliance, tmp_path):
    (tmp_path / "s.txt").write_text("press\nwait long\n")
    line = complaint(voice_appliance("demo", "--script", "s.txt"), 2)
    assert line.startswith("s.txt, line 2: 'wait long': expected press, release, tap")


def test_simulate_refuses_a_wrong_scenario(voice_appliance, tmp_path):
    (tmp_path / "s.toml").write_text("answer_delay_ms = -1\n")
    ended = voice_appliance("simulate", "--scenario", "s.toml")
    assert ended.returncode == 2
    assert "s.toml: answer_delay_ms = -1" in ended.stderr.splitlines()[-1]


def test_simulate_refuses_a_dialect_it_does_not_speak(voice_appliance):
    ended = voice_appliance("simulate", "--dialect", "2024")
    assert ended.returncode == 2
    assert "'2024' (choose from 'today', '2025')" in ended.stderr.splitlines()[-1]


def test_simulate_refuses_a_port_that_is_taken(voice_appliance):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = voice_appliance("simulate", "--port", str(port))
    assert complaint(ended, 2).startswith(f"--port {port}: ")


def test_a_script_on_stdin_gives_json_events_and_the_answer_in_a_wav(
    voice_appliance, tmp_path
):
    ended = voice_appliance(
        *("demo", "--script", "-", "--json", "--speaker", "out.wav"),
        stdin=QUICK_SCRIPT,
    )
    assert ended.returncode == 0, ended
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    names = [event["event"] for event in events]
    told = ["press", "turn_opened", "release", "turn_closed", "answer_started"]
    told += ["answer_ended", "turn_over"]
    assert [name for name in names if name in told] == told
    assert [e["t"] for e in events] == sorted(e["t"] for e in events)
    closed = next(event for event in events if event["event"] == "turn_closed")
    assert closed["turn"] == 1
    assert closed["frames"] > 16_000 * 0.5
    assert "Latencies in ms" in ended.stderr
    assert any(read_wav(tmp_path / "out.wav", 24_000))


def test_a_script_that_ends_with_the_microphone_open_closes_it(
    voice_appliance, tmp_path
):
    (tmp_path / "c.toml").write_text('[button]\nmode = "toggle"\n')
    ended = voice_appliance(
        *("demo", "--script", "-", "--json", "--speaker", "out.wav"),
        *("--config", "c.toml"),
        stdin="tap\nwait 0.5\n",
    )
    names = [json.loads(line)["event"] for line in ended.stdout.splitlines()]
    assert names.count("press") == 2
    assert "answer_started" in names


def test_a_script_that_ends_with_the_button_down_lets_go(voice_appliance):
    ended = voice_appliance(
        *("demo", "--script", "-", "--json", "--speaker", "out.wav"),
        stdin="press\nwait 0.5\n",
    )
    names = [json.loads(line)["event"] for line in ended.stdout.splitlines()]
    assert names.count("release") == 1
    assert "answer_started" in names


@pytest.fixture
def simulator_url():
    with subprocess.Popen(
        [sys.executable, "-m", "appliance", "simulate"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as server:
        try:
            yield server.stdout.readline().split()[-1]
        finally:
            server.terminate()


def test_a_demo_talks_to_the_simulator_of_another_process(
    voice_appliance, simulator_url
):
    ended = voice_appliance(
        *("demo", "--endpoint", simulator_url, "--script", "-"),
        *("--speaker", "out.wav"),
        stdin=QUICK_SCRIPT,
    )
    assert "answered" in ended.stdout
    assert ended.stderr == ""


def test_a_demo_that_a_simulator_of_today_does_not_understand_says_what_to_do(
    voice_appliance, simulator_url, tmp_path
):
    (tmp_path / "c.toml").write_text('[turns]\nmode = "client-content"\n')
    ended = voice_appliance(
        *("demo", "--endpoint", simulator_url, "--script", "-", "--config", "c.toml"),
        *("--speaker", "out.wav"),
        stdin=QUICK_SCRIPT,
    )
    refused, *_ = ended.stderr.splitlines()
    assert refused.startswith("WARNING: model or configuration refused (1007 realtime")
    assert "set another [turns] mode, or" in refused
    assert "`voice-appliance simulate --dialect 2025`" in refused


def test_a_demo_says_what_is_wrong_and_what_to_do(voice_appliance):
    ended = voice_appliance(
        *("demo", "--endpoint", "ws://127.0.0.1:9", "--script", "-"),
        *("--speaker", "out.wav"),
        stdin="wait 0.5\nquit\n",
    )
    assert "WARNING: no network (" in ended.stderr
    assert "Check Wi-Fi" in ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo", "--json", "--speaker", "o.wav"],
        ["simulate"],
        ["--help"],
        ["--version"],
    ],
)
def test_what_nobody_reads_ends_without_a_word(voice_appliance, arguments):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as nobody:
        ended = voice_appliance(*arguments, stdout=nobody)
    assert (ended.returncode, ended.stderr) == (128 + signal.SIGPIPE, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo"],
        ["demo", "--json"],
        ["config"],
        ["doctor", "--section", "health"],
        ["simulate"],
        ["--help"],
        ["demo", "--help"],
        ["--version"],
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_cannot_be_shown_ends_with_one_line(
    voice_appliance, arguments, unbuffered
):
    with open("/dev/full", "w") as full:
        ended = voice_appliance(*arguments, stdout=full, PYTHONUNBUFFERED=unbuffered)
    assert ended.returncode == 1
    assert ended.stderr == "voice-appliance: stdout: No space left on device\n"


def test_the_demo_asks_its_question_and_plays_the_answer(voice_appliance, tmp_path):
    ended = voice_appliance("demo")
    assert ended.returncode == 0, ended
    assert "the answer begins" in ended.stdout
    assert "answered" in ended.stdout.splitlines()[-3]
    assert (tmp_path / "answer.wav").stat().st_size > 100_000


@in_loop
async def test_a_demo_whose_question_gets_no_answer_ends_with_1(
    voice_appliance, tmp_path
):
    async with LiveServer(Scenario(answer="silent", setup_delay_ms=0)) as server:
        ended = await asyncio.to_thread(
            voice_appliance, "demo", "--endpoint", server.url
        )
    assert "no answer" in ended.stdout + ended.stderr
    assert ended.returncode == 1, ended
