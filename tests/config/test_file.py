# SPDX-License-Identifier: MIT
"""The configuration: what is right, and the lines that say what is wrong."""

from math import inf

import pytest

from appliance.basics.strict_toml import ConfigError, keys, sections
from appliance.config.endpoint import (
    KEY_NAME,
    LIVE_PATH,
    KeyMissing,
    check_endpoint,
    read_key,
)
from appliance.config.file import VOICES, Config, limits, live_settings, load
from appliance.config.pins import I2S_GPIOS
from appliance.config.sections import LiveSection
from appliance.config.text import effective, shipped
from appliance.simulator.live import setup as live_setup
from docs.generate.documents import SHIPPED


@pytest.fixture
def written(tmp_path):
    """Writes a file, and says what is wrong with it."""

    def complaint(text: str | bytes) -> str:
        path = tmp_path / "config.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(ConfigError) as caught:
            load(path)
        line = str(caught.value)
        assert "\n" not in line
        assert line.startswith(f"{path}: ")
        return line.removeprefix(f"{path}: ")

    return complaint


def test_an_endpoint_in_a_file_is_completed_once_for_all(tmp_path):
    (tmp_path / "c.toml").write_text('[live]\nendpoint = "ws://127.0.0.1:80"\n')
    assert load(tmp_path / "c.toml").live.endpoint == "ws://127.0.0.1:80" + LIVE_PATH


def test_an_empty_file_is_the_defaults(tmp_path):
    (tmp_path / "c.toml").touch()
    assert load(tmp_path / "c.toml") == Config()


def test_the_shipped_file_lists_every_default_and_changes_nothing():
    assert load(SHIPPED) == Config()


def test_the_shipped_file_uncommented_is_the_defaults(tmp_path):
    lines = shipped().splitlines()
    plain = [ln[1:] if ln[:1] == "#" and ln[1:2] != " " else ln for ln in lines]
    (tmp_path / "c.toml").write_text("\n".join(plain))
    assert "".join(plain).count(" = ") > 20
    assert load(tmp_path / "c.toml") == Config()


def test_what_config_prints_can_be_read_back(tmp_path):
    config = Config(speaker=Config().speaker.changed(gain=0.25, device='a "b" \\ ü'))
    (tmp_path / "c.toml").write_text(effective(config))
    assert load(tmp_path / "c.toml") == config


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[speker]\n", '[speker] is unknown; did you mean "speaker"? (known here: '),
        (
            '[live]\nmodel = "gemini-3.8-live"\n',
            "[live] model = 'gemini-3.8-live': expected \"models/\" and a name, as in "
            '"models/gemini-3.8-live"',
        ),
        ("[live]\nendpoint = 'https://h'\n", "[live] endpoint: not a URL of the Live"),
        ('[live]\nmodel = "models/"\n', "[live] model = 'models/': expected"),
        ("[led]\ngppio = 5\n", '[led] gppio is unknown; did you mean "gpio"?'),
        ("[led]\nwarp = 5\n", "[led] warp is unknown (known here: gpio, "),
        (
            "[button]\ntalk_gpio = 28\n",
            "[button] talk_gpio = 28: expected whole number ",
        ),
        (
            "[turns]\ntalk_gpio = 5\n",
            "[turns] talk_gpio is unknown; it belongs in [button] ",
        ),
        ('mode = "hold"\n', "mode is unknown; it belongs in [button] or [turns] (k"),
        (
            '[button]\nmode = "server-vad"\n',
            "[button] mode = 'server-vad': expected one of hold, toggle; "
            "it is one of [turns] mode",
        ),
        (
            '[speaker]\ncard = "hw:1,0"\n',
            "[speaker] card = 'hw:1,0': expected an id of up to 15 letters",
        ),
        (
            "[live]\nendpoint = 'ws://127.0.0.1:99999'\n",
            "[live] endpoint: its port: expected a number from 1 to 65535",
        ),
        (
            '[log]\nkit = "usb"\n',
            "[log] kit is unknown; it belongs above the first [section]",
        ),
        ('kit = "hat"\n', "kit = 'hat': expected one of inmp441-max98357a, voicehat"),
        ("talk_gpio = 5\n", "talk_gpio is unknown; it belongs in [button] (known"),
        ("[led]\ngpio = true\n", "[led] gpio = true: expected whole number from 2"),
        ('[button]\ntalk_gpio = "x"\n', "[button] talk_gpio = 'x': expected whole num"),
        ("[button]\ntalk_gpio = 1.5\n", "[button] talk_gpio = 1.5: expected whole num"),
        (
            "[speaker]\ngain = 4.5\n",
            "[speaker] gain = 4.5: expected number from 0 to 4",
        ),
        (
            "[speaker]\ngain = nan\n",
            "[speaker] gain = nan: expected number from 0 to 4",
        ),
        (
            "[button]\nactive_low = 1\n",
            "[button] active_low = 1: expected true or fals",
        ),
        (
            '[speaker]\ncard = "x"\ndevice = "y"\n',
            "[speaker] card = 'x' and device = 'y': expected one of them",
        ),
        ("[microphone]\ndevice = 1\n", "[microphone] device = 1: expected text"),
        ("led = 1\n", "[led] = 1: expected table"),
        (
            '[live]\nvoice = "Aeode"\n',
            "[live] voice = 'Aeode': not a voice of the serv",
        ),
        (
            '[live]\nturn_coverage = "X"\n',
            '[live] turn_coverage = \'X\': expected "", "T',
        ),
        (
            "[led]\ngpio = 17\n",
            "[button] talk_gpio and [led] gpio are both 17; use two",
        ),
        (
            "[volume]\nup_gpio = 17\n",
            "[button] talk_gpio and [volume] up_gpio are both 17; use two pins",
        ),
        (
            "[volume]\nup_gpio = 22\ndown_gpio = 22\n",
            "[volume] up_gpio and [volume] down_gpio are both 22; use two pins",
        ),
        ("[volume]\nup_gpio = 1\n", "[volume] up_gpio = 1: 0 and 1 are for the memory"),
        (
            "[volume]\nencoder_a_gpio = 5\n",
            "[volume] encoder_b_gpio = 0: an encoder has two lines; give both a pin",
        ),
        (
            "[volume]\nencoder_b_gpio = 5\n",
            "[volume] encoder_a_gpio = 0: an encoder has two lines; give both a pin",
        ),
        (
            "[speaker]\ngain = 1.5\n",
            "[speaker] gain = 1.5: expected at most gain_limit = 1; raise that, too",
        ),
        (
            "[conversation]\ntrigger_tokens = 5000\n",
            "[conversation] target_tokens = 6400: must be less than trigger_tokens =",
        ),
        (
            '[vad]\nend_sensitivity = "loud"\n',
            "[vad] end_sensitivity = 'loud': expected one of \"\", low, high",
        ),
        ("[prices]\naudio_in = -1\n", "[prices] audio_in = -1: expected number from 0"),
        ("[led\n", "not valid TOML: "),
        (b"\xff", "not UTF-8 text"),
    ],
)
def test_a_wrong_file_gets_one_line_with_place_value_and_range(
    written, text, complaint
):
    assert written(text).startswith(complaint)


def lines_about(tmp_path, text: str) -> list[str]:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    return [line.removeprefix(f"{path}: ") for line in caught.value.lines]


def test_a_wrong_value_in_each_section_and_a_key_that_is_none_are_all_named(tmp_path):
    tables = [table for table in sections(Config()) if table.name != "tools"]
    for some in (tables[:9], tables[9:]):
        text = "none = 1\n" + "".join(
            f"[{table.name}]\n{keys(table.value)[0].name} = []\nno = 1\n"
            for table in some
        )
        lines = lines_about(tmp_path, text)
        assert lines[0].startswith("none is unknown (known here: kit, live")
        assert len(lines) == 1 + 2 * len(some)


def test_of_many_mistakes_the_first_twenty_are_named(tmp_path):
    lines = lines_about(tmp_path, "".join(f"k{i} = 1\n" for i in range(30)))
    assert lines[19].startswith("k19 is unknown")
    assert lines[20:] == ["and more mistakes, not listed"]


def test_what_only_a_whole_file_shows_is_named_beside_a_wrong_type(tmp_path):
    text = "[led]\ngpio = 17\n[volume]\nup_gpio = 17\ndown_gpio = 18\nmute = 1\n"
    unknown, led, up, down = lines_about(tmp_path, text)
    assert unknown.startswith("[volume] mute is unknown")
    assert led.startswith("[button] talk_gpio and [led] gpio are both 17")
    assert up.startswith("[button] talk_gpio and [volume] up_gpio are both 17")
    assert down.startswith("[volume] down_gpio = 18: 18-21 are the I2S bus")


@pytest.mark.parametrize(
    "text",
    [
        "[button]\ntalk_gpio = 'x'\n[led]\ngpio = 17\n",
        "[speaker]\ngain = 3\ngain_limit = 5\n",
        "[conversation]\ntrigger_tokens = 9000\ntarget_tokens = 65_000\n",
        "[conversation]\ntrigger_tokens = 0\ntarget_tokens = 20_000\n",
        "[volume]\nencoder_a_gpio = 5\nencoder_b_gpio = 28\n",
    ],
)
def test_a_wrong_value_is_not_blamed_on_the_key_beside_it(tmp_path, text):
    (line,) = lines_about(tmp_path, text)
    assert ": expected " in line


def test_each_wrong_item_of_a_list_is_named_by_its_number(tmp_path):
    text = '[tools]\nenabled = ["a", "set_volume", "b"]\n'
    lines = lines_about(tmp_path, text)
    assert [line.partition(":")[0] for line in lines] == [
        "[tools] enabled[0] = 'a'",
        "[tools] enabled[2] = 'b'",
    ]


@pytest.mark.parametrize("gpio", I2S_GPIOS)
@pytest.mark.parametrize(
    "key", ["[button]\ntalk_gpio", "[led]\ngpio", "[volume]\nencoder_b_gpio"]
)
def test_the_pins_of_the_sound_bus_are_refused(written, key, gpio):
    assert "are the I2S bus" in written(f"{key} = {gpio}\n")


@pytest.mark.parametrize(
    "key", ["[button]\ntalk_gpio", "[led]\ngpio", "[volume]\ndown_gpio"]
)
def test_the_pin_that_switches_the_amplifier_is_refused(written, key):
    line = written(f"{key} = 16\n")
    assert line.endswith(
        "= 16: that is the amplifier's SD line; use another pin from 2 to 27"
    )


def test_a_file_that_is_not_there_gets_one_line(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load(tmp_path / "none.toml")


def test_the_voices_are_those_of_the_service():
    assert sorted(VOICES) == sorted(live_setup.VOICES)
    assert len(set(VOICES)) == 30


@pytest.mark.parametrize(
    "url", ["wss://example.org/x", "ws://127.0.0.1:1/x", "ws://[::1]:1/x"]
)
def test_a_good_endpoint_is_taken_as_it_is(url):
    assert check_endpoint(url, "here") == url


@pytest.mark.parametrize("url", ["ws://localhost:80", "wss://example.org/"])
def test_an_endpoint_without_a_path_gets_that_of_the_live_api(url):
    assert check_endpoint(url, "here") == url.rstrip("/") + LIVE_PATH


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("ws://example.org/x", "ws:// is not encrypted and allowed on loopback only"),
        ("ws://10.0.0.1/x", "ws:// is not encrypted and allowed on loopback only"),
        ("https://example.org", "expected wss://HOST/..."),
        ("wss://", "expected wss://HOST/..."),
        ("wss://[::1", "not a URL"),
        ("wss://exa\nmple.org/", "not a URL"),
        ("wss://exa mple.org/", "not a URL"),
        ("wss://h:S3CRET", "its port"),
        ("wss://user:S3CRET\u2100@h/", "not a URL"),
        ("S3CRET:x", "not a URL"),
        ("wss://a..b/", "not a URL"),
        ("wss://example.org:99999/x", "its port"),
        ("wss://example.org/x?key=S3CRET", "no user, query or fragment"),
        ("wss://user:S3CRET@example.org/x", "no user, query or fragment"),
    ],
)
def test_a_bad_endpoint_gets_one_line_and_no_secret_is_repeated(url, complaint):
    with pytest.raises(ConfigError, match="^here") as caught:
        check_endpoint(url, "here")
    assert complaint in str(caught.value)
    assert "S3CRET" not in str(caught.value)


def test_the_core_gets_seconds():
    assert limits(Config()).pre_roll_s == 0.3
    assert limits(Config()).tail_s == 0.5
    assert limits(Config()).min_hold_s == 0.25
    assert limits(Config()).forget_after_s == 1800


def test_a_microphone_that_is_closed_has_no_pre_roll():
    microphone = Config().microphone.changed(open="while-held", pre_roll_ms=500)
    assert limits(Config().changed(microphone=microphone)).pre_roll_s == 0


def test_what_is_not_wanted_never_comes():
    config = Config()
    off = config.changed(conversation=config.conversation.changed(forget_after_min=0))
    assert limits(off).forget_after_s == inf
    assert limits(config).tokens_per_day == inf


@pytest.fixture
def no_key(monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    return monkeypatch


def test_the_key_comes_from_the_credential_before_the_environment(no_key, tmp_path):
    no_key.setenv("GEMINI_API_KEY", "from-environment")
    assert read_key().reveal() == "from-environment"
    no_key.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_key().reveal() == "from-environment"
    (tmp_path / KEY_NAME).write_text(" from-credential\n")
    assert read_key().reveal() == "from-credential"


@pytest.mark.parametrize("text", ["", "two words", "umläut", "a\nb"])
def test_a_key_that_is_none_is_refused_without_repeating_it(no_key, tmp_path, text):
    (tmp_path / KEY_NAME).write_text(text)
    no_key.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(ConfigError, match="key") as caught:
        read_key()
    assert not text or text not in str(caught.value)


def test_a_missing_key_says_where_to_put_one(no_key):
    with pytest.raises(KeyMissing, match="GEMINI_API_KEY: no API key; put one in"):
        read_key()


def test_a_key_never_shows_in_a_repr(no_key):
    no_key.setenv("GEMINI_API_KEY", "s3cret")
    assert "s3cret" not in f"{read_key()!r} {read_key()}"


def test_the_model_is_asked_to_answer_in_the_language_of_the_box():
    asked = live_settings(Config(), language="German").system_instruction
    assert asked.startswith(LiveSection().system_instruction)
    assert asked.endswith(
        "in the user's language. Unless you hear another one, that is German."
    )


@pytest.mark.parametrize("own", ["", "Parle comme un pirate."])
def test_an_instruction_of_the_user_says_itself_which_language(own):
    live = Config().live.changed(system_instruction=own)
    config = Config().changed(live=live)
    assert live_settings(config, language="German").system_instruction == own


def test_a_language_that_is_not_known_is_not_named():
    assert (
        live_settings(Config()).system_instruction == LiveSection().system_instruction
    )


@pytest.mark.parametrize(
    "text",
    [
        '[live]\nmodel = "{}"\n',
        '[live]\nmodel = "models/{}"\n',
        '[live]\nvoice = "{}"\n',
        '[live]\nsystem_instruction = "{}"\n',
        '[live]\nturn_coverage = "{}"\n',
        '[live]\nendpoint = "{}"\n',
        '[speaker]\ndevice = "{}"\n',
        '[speaker]\ngain = "{}"\n',
        "{} = 1\n",
        "[{}]\n",
        "[live]\n{} = 1\n",
        '[tools]\nenabled = ["{}"]\n',
        '[tools]\ndirectory = "/etc/{}"\n',
    ],
)
def test_a_key_in_the_wrong_place_is_refused_and_not_repeated(tmp_path, text):
    key = "AIzaNotToBeSeen-0123456789_abcdefghijk"
    (tmp_path / "c.toml").write_text(text.format(key))
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "c.toml")
    assert "NotToBe" not in "".join(refused.value.lines)
