# SPDX-License-Identifier: MIT
"""The Debian package, built, and what it would do to a machine."""

import re
import subprocess
import tomllib

import pytest

from appliance import __version__
from docs.generate.documents import DEPLOY, ROOT

PROGRAM = "./usr/lib/python3/dist-packages/"
UNITS = "./usr/lib/systemd/system/"
SHARE = "./usr/share/voice-appliance/"
#: What is not the program itself.
FILES = {
    "./usr/bin/voice-appliance",
    f"{UNITS}voice-appliance.service",
    f"{UNITS}voice-appliance-key.service",
    f"{UNITS}voice-appliance-provision.service",
    "./usr/lib/NetworkManager/conf.d/60-voice-appliance.conf",
    "./usr/lib/systemd/catalog/voice-appliance.catalog",
    "./usr/lib/systemd/journald.conf.d/60-voice-appliance.conf",
    "./usr/lib/sysusers.d/voice-appliance.conf",
    "./usr/lib/udev/rules.d/60-voice-appliance.rules",
    "./usr/share/bash-completion/completions/voice-appliance",
    "./usr/share/doc/voice-appliance/README.md.gz",
    "./usr/share/doc/voice-appliance/changelog.gz",
    "./usr/share/doc/voice-appliance/copyright",
    "./usr/share/man/man1/voice-appliance.1.gz",
    "./usr/share/lintian/overrides/voice-appliance",
    f"{SHARE}config.toml",
    f"{SHARE}overlays/voice-appliance.dtbo",
    f"{SHARE}sound-card",
    f"{SHARE}tools.d/kitchen-timer",
    f"{SHARE}tools.d/kitchen_timer.toml",
    *(
        f"{SHARE}config.txt.d/{path.name}"
        for path in (ROOT / "hw" / "config.txt.d").iterdir()
    ),
}


def dpkg_deb(*arguments) -> str:
    return subprocess.check_output(["dpkg-deb", *arguments], text=True)


@pytest.fixture(scope="module")
def script(package, tmp_path_factory):
    """The text of a maintainer script."""
    control = tmp_path_factory.mktemp("control")
    dpkg_deb("--control", package, control)
    return lambda name: (control / name).read_text()


def test_it_has_the_program_and_each_file_of_deploy_and_nothing_else(package):
    listed = {line.split()[-1] for line in dpkg_deb("--contents", package).splitlines()}
    files = {path for path in listed if not path.endswith("/")}
    program = {path for path in files if path.startswith(PROGRAM)}
    assert files - program == FILES
    ours = {
        f"{PROGRAM}{path.relative_to(ROOT)}"
        for path in (ROOT / "appliance").rglob("*.*")
        if "__pycache__" not in path.parts
    }
    assert program == ours


def test_its_version_is_the_programs(package):
    assert dpkg_deb("--field", package, "Version") == f"{__version__}\n"


def test_it_depends_on_what_the_program_imports(package):
    depends = dpkg_deb("--field", package, "Depends")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for dependency in project["dependencies"]:
        name, _, version = dependency.partition(">=")
        name = {"gpiod": "libgpiod"}.get(name, name)
        debian = f"python3-{name.removesuffix('-python')}"
        assert re.search(rf"{debian} \(>= (1:)?{re.escape(version)}\)", depends)
    assert "libasound2-plugins" in depends


def test_installing_makes_user_and_groups_then_devices_then_starts(script):
    postinst = script("postinst")
    assert (
        postinst.index("systemd-sysusers")
        < postinst.index("udevadm trigger")
        < postinst.index("deb-systemd-helper enable 'voice-appliance.service'")
        < postinst.index("systemctl --no-block restart voice-appliance.service")
    )


def test_apt_does_not_wait_for_a_service_that_waits_for_its_sound_card(script):
    postinst = script("postinst")
    for line in postinst.splitlines():
        if "deb-systemd-invoke" in line:
            assert "voice-appliance.service" not in line


def test_removing_stops_the_service(script):
    prerm = script("prerm")
    stop = r"= remove \].*\n\s*deb-systemd-invoke stop voice-appliance\.service"
    assert re.search(stop, prerm)


def test_the_journal_is_on_the_disk_at_once_and_as_before_when_it_is_removed(script):
    restart = "deb-systemd-invoke restart systemd-journald.service"
    installed = script("postinst")
    assert installed.index(restart) < installed.index("journalctl --flush")
    removed = script("postrm").partition('"$1" = remove')[2]
    assert f"{restart} || true" in removed


def test_purging_leaves_neither_configuration_nor_key_nor_what_hid_its_files(script):
    purge = script("postrm").partition('"$1" = purge')[2]
    assert "/etc/voice-appliance" in purge
    assert "/var/lib/voice-appliance" in purge
    assert "/etc/credstore.encrypted/gemini-api-key" in purge
    assert "/etc/credstore/gemini-api-key-plain" in purge
    for folder in ("systemd/journald.conf.d", "NetworkManager/conf.d"):
        assert f"/etc/{folder}/60-voice-appliance.conf" in purge


def test_the_configuration_is_no_conffile(package, script):
    """dpkg would ask about it at an upgrade, and nobody is there to answer."""
    with pytest.raises(FileNotFoundError):
        script("conffiles")
    assert '[ ! -e "$config" ]' in script("postinst")


def test_shellcheck_has_no_complaints():
    scripts = [DEPLOY / "install.sh", *(DEPLOY / "debian").glob("p*")]
    assert subprocess.run(["shellcheck", *scripts], check=False).returncode == 0
