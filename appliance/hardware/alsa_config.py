# SPDX-License-Identifier: MIT
"""The part of ALSA's configuration that the service writes itself, in a file that goes
with the process."""

import os
import tempfile
from pathlib import Path

from appliance.hardware.abilities import Direction
from appliance.hardware.alsa import Alsa
from appliance.hardware.pcm_chain import PCM_NAMES

_VARIABLE = "ALSA_CONFIG_PATH"
_FILE = "voice-appliance-cards.conf"


class AlsaConfig:
    """ALSA's configuration as the machine has it, and then ours.

    Threads: one, the thread that opens and closes streams.
    """

    def __init__(self, alsa: Alsa) -> None:
        self._alsa = alsa
        # PortAudio lists a PCM only if it could be opened then, and lists again only
        # while no stream runs: so both are there from the start.
        self._definitions: dict[Direction, str] = {
            direction: f"pcm.{name} {{ type plug slave.pcm {{ type null }} }}\n"
            for direction, name in PCM_NAMES.items()
        }
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    def define(self, direction: Direction, definition: str) -> None:
        """Have `definition` be the PCM of a direction from now on."""
        path = self._directory() / _FILE
        files = _files_without_ours() or [self._alsa.configuration_files()]
        wanted = ":".join([*files, str(path)])
        known = self._definitions[direction] == definition and path.exists()
        if known and os.environ.get(_VARIABLE) == wanted:
            return
        self._definitions[direction] = definition
        path.write_text("".join(self._definitions.values()))
        os.environ[_VARIABLE] = wanted
        # A configuration that cannot be read is told by who opens a PCM.
        self._alsa.reload()

    def _directory(self) -> Path:
        """man systemd.exec, RuntimeDirectory=; elsewhere one that goes with us."""
        if runtime := os.environ.get("RUNTIME_DIRECTORY"):
            return Path(runtime.partition(":")[0])
        if self._scratch is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="voice-appliance-")
        return Path(self._scratch.name)


def _files_without_ours() -> list[str]:
    """alsa-lib takes names in a row, with ":" or a space between them (conf.c)."""
    named = os.environ.get(_VARIABLE, "").replace(" ", ":").split(":")
    return [name for name in named if name and not name.endswith(f"/{_FILE}")]
