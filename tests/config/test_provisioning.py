# SPDX-License-Identifier: MIT
"""Files on the boot partition: installed whole, or left with a reason beside them."""

import contextlib
import os
import time
from pathlib import Path

import pytest

from appliance.config import provisioning
from appliance.config.endpoint import KEY_NAME
from appliance.config.file import load
from appliance.config.provisioning import CONFIG_NAME, Destinations, provision

KEY = "AIzaNotToBeSeen"
GOOD = "[speaker]\ngain = 0.5\n"
BAD = "[speaker]\ngain = 5\n"


class PowerCut(BaseException):
    """The process is gone; only what is in files remains."""


@pytest.fixture
def boot(tmp_path):
    directory = tmp_path / "boot"
    directory.mkdir()
    return directory


@pytest.fixture
def to(tmp_path):
    root = tmp_path / "root"
    return Destinations(
        config=root / "etc/voice-appliance/config.toml",
        credential=root / "etc/credstore.encrypted" / KEY_NAME,
        encrypt=lambda key: key.reveal()[::-1].encode(),
    )


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_nothing_there_is_nothing_to_do_but_to_say_so(boot, to, caplog):
    assert provision(boot, to)
    assert not to.config.exists()
    (line,) = caplog.messages
    assert line == f"{boot}: neither {CONFIG_NAME} nor {KEY_NAME} is there"


def test_both_files_are_installed_and_gone_from_the_boot_partition(boot, to):
    (boot / CONFIG_NAME).write_text(GOOD)
    (boot / KEY_NAME).write_text(f"{KEY}\n")
    assert provision(boot, to)
    assert names(boot) == []
    assert load(to.config).speaker.gain == 0.5
    assert to.credential.read_text() == KEY[::-1]
    assert to.credential.stat().st_mode & 0o777 == 0o600
    assert to.config.stat().st_mode & 0o777 == 0o644


def test_what_windows_makes_of_a_text_file_is_taken(boot, to):
    (boot / f"{KEY_NAME}.txt").write_bytes(b"\xef\xbb\xbf" + f"{KEY}\r\n".encode())
    (boot / f"{CONFIG_NAME}.txt").write_bytes(
        b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()
    )
    assert provision(boot, to)
    assert names(boot) == []
    assert to.credential.read_text() == KEY[::-1]
    assert load(to.config).speaker.gain == 0.5


@pytest.mark.parametrize("name", [CONFIG_NAME, KEY_NAME])
def test_of_two_files_for_one_thing_neither_is_guessed_to_be_meant(boot, to, name):
    for path in (boot / name, boot / f"{name}.txt"):
        path.write_text(GOOD if name == CONFIG_NAME else KEY)
    assert not provision(boot, to)
    assert not to.config.exists()
    assert not to.credential.exists()
    verdict = boot / f"{name}.rejected.txt"
    why = f"{boot}/{name}: {name}.txt is there, too; delete one\n"
    assert verdict.read_text() == why
    (boot / name).unlink()
    assert provision(boot, to)
    assert names(boot) == []


def test_a_bad_configuration_stays_with_the_reason_beside_it(boot, to):
    (boot / CONFIG_NAME).write_text(BAD)
    assert not provision(boot, to)
    assert names(boot) == [CONFIG_NAME, f"{CONFIG_NAME}.rejected.txt"]
    reason = (boot / f"{CONFIG_NAME}.rejected.txt").read_text()
    assert reason == f"{boot}/{CONFIG_NAME}: [speaker] gain = 5: " + (
        "expected number from 0 to 4\n"
    )
    assert not to.config.exists()


def test_every_mistake_of_a_bad_configuration_is_a_reason(boot, to, caplog):
    (boot / CONFIG_NAME).write_text(f"{BAD}[led]\ngpio = 1\n")
    assert not provision(boot, to)
    gain, gpio = (boot / f"{CONFIG_NAME}.rejected.txt").read_text().splitlines()
    assert "[speaker] gain = 5: " in gain
    assert "[led] gpio = 1: " in gpio
    assert caplog.messages == [gain, gpio]


def test_the_reason_goes_when_the_file_is_mended(boot, to):
    (boot / CONFIG_NAME).write_text(BAD)
    provision(boot, to)
    (boot / CONFIG_NAME).write_text(GOOD)
    assert provision(boot, to)
    assert names(boot) == []


@pytest.mark.parametrize(
    "text",
    [
        *("", "AIza Not", "AIza\nNot", "AIzaNöt", "\0AIza"),
        *("KEY=AIzaNot", '{"key":"AIzaNot"}', "'AIzaNot'", "GEMINI_API_KEY=AIza\nA=1"),
    ],
)
def test_a_bad_key_stays_and_the_reason_does_not_repeat_it(boot, to, caplog, text):
    (boot / KEY_NAME).write_text(text)
    assert not provision(boot, to)
    assert (boot / KEY_NAME).exists()
    told = caplog.text + (boot / f"{KEY_NAME}.rejected.txt").read_text()
    assert KEY_NAME in told
    assert "AIza" not in told
    assert not to.credential.exists()


@pytest.mark.parametrize(
    "text",
    [
        "GEMINI_API_KEY={}\n",
        "export GEMINI_API_KEY={}",
        'GEMINI_API_KEY = "{}"\r\n',
        "GEMINI_API_KEY='{}'",
    ],
)
def test_a_key_that_is_assigned_is_taken_without_its_name(boot, to, text):
    (boot / KEY_NAME).write_text(text.format(KEY))
    assert provision(boot, to)
    assert names(boot) == []
    assert to.credential.read_text() == KEY[::-1]


#: 16 KiB that take tomllib long, or have a mistake in each line.
COSTLY = {
    "one deep key": "a." * 8_000 + "a = 1",
    "a deep table": f"[{'a.' * 4_000}a]\n" + "".join(f"b.k{i}=1\n" for i in range(800)),
    "quoted": f"""[{'"".' * 2_500}""]\n""" + "b.c=1\n" * 500,
    "unknown keys": "".join(f"k{i}=1\n" for i in range(2_000)),
    "unknown tables": "".join(f"[t{i}]\n" for i in range(1_500)),
    "nothing but brackets": "a=" + "[" * 16_000,
}


@pytest.mark.parametrize("text", COSTLY.values(), ids=COSTLY)
def test_a_costly_file_keeps_the_key_waiting_for_nothing(boot, to, caplog, text):
    (boot / CONFIG_NAME).write_text(text)
    (boot / KEY_NAME).write_text(KEY)
    began = time.process_time()
    assert not provision(boot, to)
    assert time.process_time() - began < 0.5
    assert to.credential.read_text() == KEY[::-1]
    assert 1 <= len(caplog.messages) <= 21


def another_file(path: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text(KEY)
    path.symlink_to(tmp_path / "precious")


def directory(path: Path, tmp_path: Path) -> None:
    path.mkdir()


def fifo(path: Path, tmp_path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("put", [another_file, directory, fifo])
@pytest.mark.parametrize("name", [CONFIG_NAME, KEY_NAME])
def test_what_is_no_regular_file_is_left_with_its_reason(boot, to, tmp_path, name, put):
    put(boot / name, tmp_path)
    assert not provision(boot, to)
    assert names(boot) == [name, f"{name}.rejected.txt"]
    assert not to.config.exists()
    assert not to.credential.exists()


def test_a_wipe_does_not_follow_a_link(boot, tmp_path):
    another_file(boot / KEY_NAME, tmp_path)
    with pytest.raises(OSError, match="Too many levels"):
        provisioning.wipe(boot / KEY_NAME)
    assert (tmp_path / "precious").read_text() == KEY


def test_a_flood_is_refused_unread(boot, to):
    (boot / CONFIG_NAME).write_text("#" * 70_000)
    assert not provision(boot, to)
    reason = (boot / f"{CONFIG_NAME}.rejected.txt").read_text()
    assert reason.endswith(": larger than 16384 bytes\n")


def test_a_bad_configuration_does_not_keep_the_key_out(boot, to):
    (boot / CONFIG_NAME).write_text(BAD)
    (boot / KEY_NAME).write_text(KEY)
    assert not provision(boot, to)
    assert to.credential.exists()
    assert not (boot / KEY_NAME).exists()


def test_a_key_that_cannot_be_encrypted_stays(boot, to, monkeypatch, tmp_path):
    failing = tmp_path / "systemd-creds"
    failing.write_text("#!/bin/sh\necho no room left >&2; exit 1\n")
    failing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    to = Destinations(to.config, to.credential)
    (boot / KEY_NAME).write_text(KEY)
    assert not provision(boot, to)
    assert (boot / KEY_NAME).read_text() == KEY
    reason = (boot / f"{KEY_NAME}.rejected.txt").read_text()
    assert "cannot be installed: systemd-creds: no room left" in reason


def test_an_encryption_that_hangs_is_a_reason(boot, to, monkeypatch, tmp_path):
    hanging = tmp_path / "systemd-creds"
    hanging.write_text("#!/bin/sh\nexec sleep 60\n")
    hanging.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(provisioning, "ENCRYPT_LIMIT_S", 0.1)
    (boot / KEY_NAME).write_text(KEY)
    assert not provision(boot, Destinations(to.config, to.credential))
    assert (boot / KEY_NAME).read_text() == KEY
    reason = (boot / f"{KEY_NAME}.rejected.txt").read_text()
    assert "systemd-creds: not done within 0.1 s" in reason


def test_a_destination_that_cannot_be_written_is_a_reason(boot, to, tmp_path):
    (tmp_path / "root").write_text("in the way")
    (boot / CONFIG_NAME).write_text(GOOD)
    assert not provision(boot, to)
    reason = (boot / f"{CONFIG_NAME}.rejected.txt").read_text()
    assert "cannot be installed: Not a directory" in reason


def test_a_key_is_overwritten_before_it_is_removed(boot, to, monkeypatch):
    (boot / KEY_NAME).write_text(KEY)
    os.link(boot / KEY_NAME, boot / "the same sectors")
    provision(boot, to)
    assert (boot / "the same sectors").read_bytes() == bytes(len(KEY))


STEPS = ["open", "fsync", "replace", "unlink", "fchmod"]


def cut_power(monkeypatch, at: int) -> None:
    """End the process before its file operation number `at`."""
    left = [at]

    def counting(operation):
        def counted(*args, **kwargs):
            left[0] -= 1
            if left[0] < 0:
                raise PowerCut
            return operation(*args, **kwargs)

        return counted

    for step in STEPS:
        monkeypatch.setattr(os, step, counting(getattr(os, step)))


@pytest.mark.parametrize("at", range(30))
def test_a_power_cut_at_any_step_leaves_old_or_new(boot, to, monkeypatch, at):
    to.config.parent.mkdir(parents=True)
    to.credential.parent.mkdir(parents=True)
    to.config.write_text("[speaker]\ngain = 0.25\n")
    to.credential.write_text("old")
    (boot / CONFIG_NAME).write_text(GOOD)
    (boot / KEY_NAME).write_text(KEY)
    with monkeypatch.context() as patched:
        cut_power(patched, at)
        with contextlib.suppress(PowerCut):
            provision(boot, to)
    assert load(to.config).speaker.gain == 0.5 or (boot / CONFIG_NAME).exists()
    assert load(to.config).speaker.gain in (0.25, 0.5)
    assert to.credential.read_text() == KEY[::-1] or (boot / KEY_NAME).exists()
    assert to.credential.read_text() in ("old", KEY[::-1])

    assert provision(boot, to)
    assert names(boot) == []
    assert load(to.config).speaker.gain == 0.5
    assert to.credential.read_text() == KEY[::-1]
    assert names(to.config.parent) == [to.config.name]
    assert names(to.credential.parent) == [to.credential.name]


def test_a_key_half_removed_by_a_power_cut_is_not_taken_for_a_key(boot, to):
    to.credential.parent.mkdir(parents=True)
    to.credential.write_text("taken over")
    (boot / KEY_NAME).write_bytes(bytes(39))
    assert provision(boot, to)
    assert names(boot) == []
    assert to.credential.read_text() == "taken over"
