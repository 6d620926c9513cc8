# SPDX-License-Identifier: MIT
"""deploy/install.sh, into a directory that stands for the machine."""

import os
import re
import subprocess
import tomllib

import pytest

from docs.generate.documents import DEPLOY, ROOT

#: Stands for Python: makes a virtual environment whose programs only say yes.
PYTHON = """\
#!/bin/sh
[ "$1 $2" = "-m venv" ] || exit 0
for program in pip python voice-appliance; do
    mkdir -p "$4/bin"
    printf '#!/bin/sh\\nexit 0\\n' > "$4/bin/$program"
    chmod +x "$4/bin/$program"
done
"""
INSTALLED = [
    "etc/systemd/system/voice-appliance-key.service",
    "etc/systemd/system/voice-appliance-provision.service",
    "etc/systemd/system/voice-appliance.service",
    "etc/sysusers.d/voice-appliance.conf",
    "etc/udev/rules.d/60-voice-appliance.rules",
    "etc/voice-appliance/config.toml",
    "opt/voice-appliance/bin/pip",
    "opt/voice-appliance/bin/python",
    "opt/voice-appliance/bin/voice-appliance",
    "usr/bin/voice-appliance",
    "usr/lib/NetworkManager/conf.d/60-voice-appliance.conf",
    "usr/lib/systemd/catalog/voice-appliance.catalog",
    "usr/lib/systemd/journald.conf.d/60-voice-appliance.conf",
    "usr/local/share/man/man1/voice-appliance.1",
    "usr/share/bash-completion/completions/voice-appliance",
    *sorted(
        f"usr/share/voice-appliance/config.txt.d/{path.name}"
        for path in (ROOT / "hw" / "config.txt.d").iterdir()
    ),
    "usr/share/voice-appliance/overlays/voice-appliance.dtbo",
    "usr/share/voice-appliance/sound-card",
    "usr/share/voice-appliance/tools.d/kitchen-timer",
    "usr/share/voice-appliance/tools.d/kitchen_timer.toml",
]


NAME = re.compile(r"[\w-]+")


@pytest.fixture
def machine(tmp_path):
    directory = tmp_path / "machine"
    directory.mkdir()
    return directory


@pytest.fixture
def install(tmp_path, machine):
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "python3").write_text(PYTHON)
    (programs / "python3").chmod(0o755)
    path = f"{programs}:{os.environ['PATH']}"

    def run(*arguments):
        return subprocess.run(
            [DEPLOY / "install.sh", *arguments],
            env={"PATH": path, "DESTDIR": str(machine)},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def files(directory):
    paths = (path for path in directory.rglob("*") if not path.is_dir())
    return sorted(str(path.relative_to(directory)) for path in paths)


def test_it_installs_everything_twice_as_once(install, machine):
    for _ in range(2):
        ended = install()
        assert (ended.returncode, ended.stderr) == (0, "")
        assert files(machine) == INSTALLED
    program = machine / "usr/bin/voice-appliance"
    assert os.readlink(program) == "/opt/voice-appliance/bin/voice-appliance"


@pytest.mark.parametrize("arguments", [(), ("--uninstall",)])
def test_beside_the_package_it_does_nothing(tmp_path, install, machine, arguments):
    dpkg_query = tmp_path / "bin" / "dpkg-query"
    dpkg_query.write_text("#!/bin/sh\nprintf 'install ok installed'\n")
    dpkg_query.chmod(0o755)
    ended = install(*arguments)
    assert (ended.returncode, files(machine)) == (1, [])
    assert "the package is installed" in ended.stderr
    dpkg_query.write_text("#!/bin/sh\nprintf 'deinstall ok config-files'\n")
    assert install(*arguments).returncode == 0


def test_an_update_keeps_the_configuration(install, machine):
    install()
    (machine / "etc/voice-appliance/config.toml").write_text("# mine\n")
    install()
    config = machine / "etc/voice-appliance/config.toml"
    assert config.read_text() == "# mine\n"


def test_uninstall_leaves_the_configuration_alone(install, machine):
    install()
    assert install("--uninstall").returncode == 0
    assert files(machine) == ["etc/voice-appliance/config.toml"]


def test_asked_for_help_it_says_how_it_is_called_and_does_nothing(install, machine):
    ended = install("--help")
    assert (ended.returncode, files(machine)) == (0, [])
    assert "deploy/install.sh --uninstall" in ended.stdout


def test_anything_else_is_refused(install, machine):
    ended = install("--purge")
    assert (ended.returncode, files(machine)) == (1, [])
    assert ended.stderr == "install.sh: unknown: --purge; only --uninstall is\n"


def test_all_that_pip_installs_is_pinned_as_here_and_has_a_hash():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {NAME.match(each)[0] for each in project["project"]["dependencies"]}
    pinned = (ROOT / "constraints.txt").read_text().lower().splitlines()
    for name, names in (("run", wanted), ("build", {"setuptools"})):
        text = (DEPLOY / "pip" / f"{name}.txt").read_text()
        packages = re.findall(r"^(\S+)==\S+ \\\n    --hash=sha256:", text, re.M)
        lines = [line for line in text.splitlines() if not line.startswith((" ", "#"))]
        assert len(packages) == len(lines)
        assert names <= set(packages)
        assert {line.removesuffix(" \\") for line in lines} <= set(pinned)
