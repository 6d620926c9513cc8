# SPDX-License-Identifier: MIT
"""`voice-appliance card`: what it writes to a card, and which cards it refuses."""

import os
import zipfile
from pathlib import Path

import pytest

from appliance.__main__ import main
from appliance.card import card as card_module

KEY = "AIzaNotToBeSeenAnywhere"
RELEASE = {
    "README.txt": "read me\n",
    "vendor-data": "#cloud-boothook\n#!/bin/sh\n# voice-appliance\n",
    "voice-appliance.log.txt": "not run yet\n",
    "voice-appliance/example.toml": "# nothing\n",
    "voice-appliance/setup.sh": "#!/bin/sh\n",
    "voice-appliance/voice-appliance.deb": "package",
}
#: As Imager 2 leaves them for Raspberry Pi OS 13, shortened.
IMAGER = {
    "config.txt": "dtparam=audio=on\n",
    "cmdline.txt": "console=tty1 root=PARTUUID=1 cfg80211.ieee80211_regdom=GB\n",
    "meta-data": "instance-id: rpi-imager-1\n",
    "user-data": "#cloud-config\nusers:\n- name: ada\nssh_pwauth: true\n",
    "network-config": "network:\n  wifis:\n    wlan0:\n      dhcp4: true\n",
}


def write(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)


def content(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def bootfs(tmp_path) -> Path:
    directory = tmp_path / "bootfs"
    write(directory, IMAGER)
    return directory


@pytest.fixture(autouse=True)
def release(tmp_path, monkeypatch) -> Path:
    """Lies where it is found without being named."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    path = here / "voice-appliance-0.2.0-bootfs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in RELEASE.items():
            archive.writestr(name, text)
    return path


@pytest.fixture
def card(bootfs, capsys):
    """Runs it: exit code, what it says, what it complains about."""

    def run(*options: object, directory: Path = bootfs):
        code = main(["card", str(directory), *map(str, options)])
        said = capsys.readouterr()
        assert KEY not in said.out + said.err
        return code, said.out.splitlines(), said.err.splitlines()

    return run


@pytest.fixture
def refused(card, bootfs):
    """The one line of a refusal, which leaves the card as it was."""

    def run(*options: object, code: int, directory: Path = bootfs) -> str:
        before = content(bootfs)
        ended, said, complaint = card(*options, directory=directory)
        assert (ended, said) == (code, [])
        assert content(bootfs) == before
        (line,) = complaint
        return line.removeprefix("voice-appliance: ")

    return run


def test_it_puts_the_release_beside_what_imager_wrote(card, bootfs):
    code, said, _ = card()
    assert code == 0
    wanted = {name: text.encode() for name, text in (IMAGER | RELEASE).items()}
    assert content(bootfs) == wanted
    # Nothing starts before the rest is there.
    assert said[-2] == "vendor-data: written"
    assert said[-1] == "note: no key: put gemini-api-key there, or use --key FILE"


def test_run_twice_it_changes_nothing(card, bootfs, tmp_path):
    (tmp_path / "key").write_text(KEY)
    options = ("--key", tmp_path / "key", "--kit", "wm8960")
    card(*options)
    before = {path: path.stat().st_mtime_ns for path in bootfs.rglob("*")}
    assert card(*options)[1] == [f"{bootfs}: everything is there already"]
    assert {path: path.stat().st_mtime_ns for path in bootfs.rglob("*")} == before


def test_what_the_pi_says_in_the_log_stays(card, bootfs):
    (bootfs / "voice-appliance.log.txt").write_text("No network\n")
    card()
    assert (bootfs / "voice-appliance.log.txt").read_text() == "No network\n"


@pytest.mark.parametrize(
    "text", [KEY, f"{KEY}\n", f"\ufeff{KEY}\r\n", f"  {KEY}  ", f"GEMINI_API_KEY={KEY}"]
)
def test_the_key_goes_into_its_own_file_alone(card, bootfs, tmp_path, text):
    (tmp_path / "key").write_bytes(text.encode())
    card("--key", tmp_path / "key", "--kit", "usb")
    holding = {name for name, text in content(bootfs).items() if KEY.encode() in text}
    assert holding == {"gemini-api-key"}
    assert (bootfs / "gemini-api-key").read_text() == f"{KEY}\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", ": no API key"),
        ("two words", ": not a key: expected the key alone"),
        ("x" * 20_000, ": cannot be read: larger than 16384 bytes"),
    ],
)
def test_what_is_no_key_is_refused(refused, tmp_path, text, why):
    (tmp_path / "key").write_text(text)
    assert refused("--key", tmp_path / "key", code=78).startswith(
        f"{tmp_path}/key{why}"
    )


def test_a_key_with_txt_is_the_one_that_is_replaced(card, bootfs, tmp_path):
    (bootfs / "gemini-api-key.txt").write_text("another")
    (tmp_path / "key").write_text(KEY)
    card("--key", tmp_path / "key")
    assert (bootfs / "gemini-api-key.txt").read_text() == f"{KEY}\n"
    assert not (bootfs / "gemini-api-key").exists()


def test_the_kit_is_one_line_above_the_rest(card, bootfs, tmp_path):
    (tmp_path / "c.toml").write_bytes(b"\xef\xbb\xbf[speaker]\r\ngain = 0.5\r\n")
    card("--config", tmp_path / "c.toml", "--kit", "voicehat")
    written = (bootfs / "voice-appliance.toml").read_text()
    assert written == 'kit = "voicehat"\n[speaker]\ngain = 0.5\n'
    card("--kit", "voicehat")
    assert (bootfs / "voice-appliance.toml").read_text() == written


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('kit = "usb"\n', ": kit = 'usb', but --kit wm8960: which?"),
        ("[led]\nwarp = 1\n", ": [led] warp is unknown"),
        (f'[live]\nvoice = "{KEY}abcdefghijklmnopqr"\n', ": [live] voice"),
    ],
)
def test_a_configuration_with_a_mistake_is_refused(card, bootfs, tmp_path, text, why):
    (tmp_path / "c.toml").write_text(text)
    code, said, complaints = card("--config", tmp_path / "c.toml", "--kit", "wm8960")
    assert (code, said, content(bootfs).keys()) == (78, [], IMAGER.keys())
    assert complaints[0].startswith(f"voice-appliance: {tmp_path}/c.toml{why}")


@pytest.mark.parametrize("name", ["gemini-api-key", "voice-appliance.toml"])
def test_two_files_for_one_thing_are_refused(refused, bootfs, tmp_path, name):
    write(bootfs, {name: "", f"{name}.txt": ""})
    (tmp_path / "key").write_text(KEY)
    why = f"{bootfs}: {name} and {name}.txt are there; delete one"
    assert refused("--key", tmp_path / "key", "--kit", "usb", code=2) == why


@pytest.mark.parametrize(
    ("missing", "extra", "why"),
    [
        ("config.txt", {}, "no config.txt: not the boot partition"),
        ("cmdline.txt", {}, "no cmdline.txt: not the boot partition"),
        ("", {"firstrun.sh": ""}, "customised by firstrun.sh, as by an older Imager"),
        (
            "",
            {"cmdline.txt": "root=1 systemd.run=/boot/firmware/firstrun.sh"},
            "customised by firstrun.sh, as by an older Imager",
        ),
        ("", {"etc/os-release": ""}, "the system's partition; give the other, bootfs"),
    ],
)
def test_another_card_is_refused(refused, bootfs, missing, extra, why):
    if missing:
        (bootfs / missing).unlink()
    write(bootfs, extra)
    assert refused(code=2).startswith(f"{bootfs}: {why}")


def test_a_card_without_cloud_init_is_refused(refused, bootfs):
    (bootfs / "meta-data").unlink()
    (bootfs / "user-data").unlink()
    assert "no cloud-init: an older system than 13" in refused(code=2)


def test_anothers_vendor_data_is_not_overwritten(refused, bootfs):
    write(bootfs, {"vendor-data": "#cloud-config\n"})
    assert refused(code=2).endswith("is there, and not ours: move it away first")


def test_a_card_that_is_not_mounted_is_named(refused, tmp_path):
    why = refused(code=2, directory=tmp_path / "none")
    assert why == f"{tmp_path}/none: no such directory; is the card mounted?"


@pytest.mark.parametrize(
    ("name", "text", "note"),
    [
        (
            "user-data",
            "#cloud-config\n#users:\nssh_pwauth: true\n",
            "no user is set up",
        ),
        ("user-data", "users:\n- name: ada\n", "SSH is not switched on"),
        ("network-config", "network: {}\n", "no Wi-Fi is set up"),
        ("cmdline.txt", "root=1\n", "the Wi-Fi has no country"),
    ],
)
def test_what_imager_was_not_told_is_a_note(card, bootfs, name, text, note):
    write(bootfs, {name: text, "gemini-api-key": KEY})
    code, said, _ = card()
    (line,) = (line for line in said if line.startswith("note: "))
    assert (code, line.startswith(f"note: {note}")) == (0, True)


def test_on_a_check_of_the_wifi_nothing_is_written_without_it(refused, bootfs, card):
    write(bootfs, {"network-config": "network: {}\n"})
    assert "no Wi-Fi is set up" in refused("--wifi-check", code=1)
    write(bootfs, IMAGER)
    assert card("--wifi-check")[0] == 0


def test_a_release_in_a_folder_is_pointed_out(card, bootfs):
    write(bootfs / "voice-appliance-0.2.0-bootfs", RELEASE)
    notes = [line for line in card()[1] if "folder" in line]
    assert notes == [
        "note: voice-appliance-0.2.0-bootfs/: a release unzipped into a folder is not "
        "used: delete it"
    ]


def test_the_newest_release_here_is_taken(card, bootfs, release):
    newer = release.with_name("voice-appliance-0.10.0-bootfs.zip")
    with zipfile.ZipFile(newer, "w") as archive:
        for name, text in (RELEASE | {"README.txt": "newer\n"}).items():
            archive.writestr(name, text)
    card()
    assert (bootfs / "README.txt").read_text() == "newer\n"


def test_without_a_release_an_unzipped_one_is_enough(card, refused, bootfs, release):
    release.unlink()
    assert refused(code=2).startswith("no voice-appliance-X-bootfs.zip here")
    write(bootfs, RELEASE)
    assert card("--kit", "usb")[1][0] == "voice-appliance.toml: written"


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["vendor-data"],
        [*RELEASE, "../../escaped"],
        [*RELEASE, "/etc/passwd"],
        [*RELEASE, "overlays/x.dtbo"],
    ],
)
def test_what_is_no_release_is_refused(refused, bootfs, tmp_path, names):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    why = f"{path}: not a release: expected voice-appliance-X-bootfs.zip"
    assert refused("--release", path, code=2) == why
    path.write_bytes(b"no zip")
    assert refused("--release", path, code=2) == why


def test_a_full_card_is_named_before_anything_is_written(refused, bootfs, monkeypatch):
    full = os.statvfs(bootfs)
    fields = list(full)
    fields[4] = 1
    monkeypatch.setattr(card_module.os, "statvfs", lambda _: os.statvfs_result(fields))
    line = refused(code=1)
    assert "are needed and 4 kB are free: delete something there" in line


def test_a_card_that_cannot_be_written_is_one_line(card, bootfs, monkeypatch):
    (bootfs / "README.txt").mkdir()
    code, _, complaints = card()
    assert code == 1
    assert complaints == [f"voice-appliance: {bootfs}/README.txt: Is a directory"]
    assert not list(bootfs.glob(".*"))
