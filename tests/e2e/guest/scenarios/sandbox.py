# SPDX-License-Identifier: MIT
"""What a program can do that took the service over: it runs in the unit's sandbox."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import box
from verdict import expect, run, scenario

_UNIT = Path("/run/systemd/system/probe.service")
_PROBE = Path(__file__).parents[1] / "probe.py"
#: What is not taken over from the service's unit: the probe runs once, and is over.
_NOT_TAKEN = r"(?m)^(Type|NotifyAccess|Exec\w+|WatchdogSec|Restart\w*)=.*"
#: Of the process whose number it is given.
_READS_MEMORY = """
import sys
process = f"/proc/{sys.argv[1]}"
with open(f"{process}/maps") as maps:
    first = int(maps.readline().split("-")[0], 16)
with open(f"{process}/mem", "rb") as memory:
    memory.seek(first)
    memory.read(1)
"""
_TAKES_ITS_PLACE = f"""[Service]
Type=oneshot
ExecStart=/usr/bin/python3 {_PROBE}
RuntimeDirectoryPreserve=yes
"""


@scenario("the sandbox holds, and lets the service do its work")
def _sandbox() -> str:
    box.is_ready()
    run("systemctl", "stop", box.UNIT)
    _open_to_group_gpio()
    unit = Path(box.shows("FragmentPath")).read_text()
    probe = re.sub(_NOT_TAKEN, "", unit).replace("[Service]\n", _TAKES_ITS_PLACE)
    _UNIT.write_text(probe)
    run("systemctl", "daemon-reload")
    run("systemctl", "start", _UNIT.name)
    report = _report(Path("/run/voice-appliance"))
    wrong = [what for what, as_it_should in report.items() if not as_it_should]
    expect(not wrong, "; ".join(wrong))
    return f"{len(report)} probes"


def _open_to_group_gpio() -> None:
    """As Raspberry Pi OS's udev rules do with /sys/class/pwm."""
    for file in Path("/sys/devices/platform").glob("gpio-sim.*/gpiochip*/*/pull"):
        shutil.chown(file, group="gpio")
        file.chmod(0o664)


@scenario("a program of the same user cannot read the memory of the service")
def _memory() -> None:
    run("systemctl", "start", box.UNIT)
    box.is_ready()
    user = "voice-appliance"
    with subprocess.Popen(["sleep", "60"], user=user, group=user) as other:
        try:
            expect(_reads_memory(other.pid, user), "it reads no other's either")
            expect(not _reads_memory(box.main_pid(), user), "it reads it")
        finally:
            other.kill()
            # It has the sound card.
            run("systemctl", "stop", box.UNIT)


def _reads_memory(pid: int, user: str) -> bool:
    command = ["python3", "-c", _READS_MEMORY, str(pid)]
    spied = subprocess.run(command, user=user, group=user, capture_output=True)
    return spied.returncode == 0


@scenario("systemd's own verdict on the unit")
def _security() -> str:
    report = run("systemd-analyze", "security", "--no-pager", box.UNIT)
    verdict = report.strip().splitlines()[-1]
    exposure = re.search(r": ([\d.]+) ", verdict)
    expect(exposure and float(exposure[1]) <= 1.5, verdict)
    return verdict.removeprefix("→ ")


@scenario("the probes are worth something: without the sandbox, all of it is possible")
def _without() -> None:
    run("mkdir", "--parents", "/run/free")
    credentials = f"CREDENTIALS_DIRECTORY={box.KEY.parent}"
    run("env", "RUNTIME_DIRECTORY=/run/free", credentials, "python3", _PROBE)
    report = _report(Path("/run/free"))
    vacuous = [what for what, held in report.items() if held == ("not" in what)]
    expect(not vacuous, "; ".join(vacuous))


def _report(folder: Path) -> dict[str, bool]:
    report: dict[str, bool] = json.loads((folder / "probe.json").read_text())
    return report
