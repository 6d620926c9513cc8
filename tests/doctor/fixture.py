# SPDX-License-Identifier: MIT
"""Boxes to be examined: trees of files as a Pi has them, and scripted commands."""

import asyncio
import threading
from pathlib import Path

import numpy as np

from appliance.config.file import Config
from appliance.doctor.context import Context
from appliance.doctor.machine import Machine, Ran, run
from appliance.doctor.result import Result, Verdict
from appliance.hardware.sound_card import AlsaCard

OK, FAIL, SKIP = Verdict.OK, Verdict.FAIL, Verdict.SKIP

#: As the tests' virtual card is named.
CONFIG = Config().changed(
    microphone=Config().microphone.changed(device="microphone"),
    speaker=Config().speaker.changed(device="speaker", period_frames=2400),
)
#: A Zero 2 W with an I2S microphone and amplifier, and a monitor.
PI = {
    "proc/device-tree/model": "Raspberry Pi Zero 2 W Rev 1.0\0",
    "proc/sys/kernel/osrelease": "6.12.47+rpt-rpi-v8\n",
    "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian"\n'
    'VERSION_ID="13"\nID=debian\n',
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n"
    "voice-appliance:x:993:993:Voice appliance:/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\naudio:x:29:pi,voice-appliance\ngpio:x:986:pi\n",
    "etc/systemd/system/voice-appliance.service": "[Unit]\n",
    "boot/firmware/config.txt": "# For more options see\ndtparam=i2s=on\n"
    "dtoverlay=vc4-kms-v3d\n#dtoverlay=hifiberry-dac\n"
    "dtoverlay=googlevoicehat-soundcard\n[cm4]\ndtoverlay=dwc2,dr_mode=host\n",
    "sys/bus/platform/devices/soc:sound/of_node/compatible": (
        "googlevoicehat,googlevoicehat-soundcard\0"
    ),
    "sys/bus/platform/devices/soc:sound/driver/uevent": "",
    "proc/asound/cards": " 0 [vc4hdmi        ]: vc4-hdmi - vc4-hdmi\n"
    "                      vc4-hdmi\n"
    " 1 [sndrpigooglevoi]: RPi-simple - snd_rpi_googlevoicehat_soundcar\n"
    "                      snd_rpi_googlevoicehat_soundcard\n",
    "proc/asound/card0/pcm0p/info": "",
    "proc/asound/card1/pcm0p/info": "",
    "proc/asound/card1/pcm0c/info": "",
    "usr/lib/aarch64-linux-gnu/alsa-lib/libasound_module_rate_speexrate_medium.so": "",
    "sys/class/thermal/thermal_zone0/temp": "48312\n",
    "sys/class/net/wlan0/wireless/.": None,
    "sys/class/net/wlan0/operstate": "up\n",
    "proc/net/wireless": "Inter-| sta-|   Quality        |   Discarded packets\n"
    " face | tus | link level noise |  nwid  crypt   frag\n"
    " wlan0: 0000   58.  -52.  -256        0      0      0\n",
}
COMMANDS = {
    "systemctl is-active voice-appliance": Ran(3, b"inactive\n"),
    "vcgencmd get_throttled": Ran(0, b"throttled=0x0\n"),
    "espeak-ng --version": Ran(0, b"eSpeak NG text-to-speech: 1.52.0\n"),
    "iw dev wlan0 get power_save": Ran(0, b"Power save: off\n"),
    "timedatectl show --property=NTPSynchronized --value": Ran(0, b"yes\n"),
}


def plant(root: Path, files: dict[str, str | None]) -> Path:
    """Writes `files` below `root`; None: a folder."""
    for name, text in files.items():
        path = root / name
        if text is None:
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def box(
    root: Path = Path("/"),
    *,
    commands: dict[str, Ran] | None = None,
    config: Config = CONFIG,
    in_use: bool = False,
) -> Context:
    """A box whose files are below `root`. Each of `commands` has its answer there; the
    commands of ALSA are run, unless there are no others."""

    def answer(command: list[str]) -> Ran | None:
        if commands and command[0] in ("arecord", "aplay"):
            return run(command)
        return commands.get(" ".join(command))

    machine = Machine(root) if commands is None else Machine(root, answer)
    return Context(config, machine, AlsaCard(), in_use, lambda request: None)


def examined(examine, context: Context) -> Result:
    """What one check comes to."""

    async def limited() -> Result:
        async with asyncio.timeout(60):
            return await examine(context)

    return asyncio.run(limited())


class Room(threading.Thread):
    """The card's microphone hears its speaker, and a little noise, in real time."""

    AHEAD_FRAMES = 3200

    def __init__(self, card) -> None:
        super().__init__()
        self._card = card
        self._ends = threading.Event()
        self._echo = np.zeros(0)
        self._heard = self._said = 0

    def run(self) -> None:
        while not self._ends.wait(0.01):
            self._reflect(np.frombuffer(self._card.heard()[self._heard :], "<i2"))
            wanted = len(self._card.spoken()) // 2 + self.AHEAD_FRAMES
            self._say(wanted - self._said)

    def end(self) -> None:
        self._ends.set()
        self.join()

    def _reflect(self, played) -> None:
        """24 kHz to 16 kHz: of three frames, two."""
        thirds = played[: len(played) // 3 * 3].reshape(-1, 3).astype(float) / 8
        self._heard += 6 * len(thirds)
        two = np.stack([thirds[:, 0], thirds[:, 1:].mean(axis=1)], axis=1)
        self._echo = np.append(self._echo, two)

    def _say(self, frames: int) -> None:
        if frames <= 0:
            return
        noise = np.random.default_rng(self._said).normal(0.0, 20.0, frames)
        echo, self._echo = self._echo[:frames], self._echo[frames:]
        noise[: len(echo)] += echo
        self._card.say(noise.astype("<i2").tobytes())
        self._said += frames
