# SPDX-License-Identifier: MIT
"""Sound cards of any shape, as a machine's kernel would list them and ALSA open them.

Each direction of a card is the plugin of virtual_card.py behind the name that the
kernel's would have, `hw:CARD=ID,DEV=N`; `proc` is a stand-in for /proc/asound.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.simulator.virtual_card import (
    StreamName,
    VirtualCard,
    build,
    cache_directory,
)

_LETTERS: dict[StreamName, str] = {"microphone": "c", "speaker": "p"}
_PCMS: dict[StreamName, str] = {"microphone": "capture", "speaker": "playback"}
#: `hw:CARD=ID,DEV=N` is `virtual_ID_N`, of which there are those that were plugged in.
_HW = """\
pcm.!hw {
    @args [ CARD DEV SUBDEV ]
    @args.CARD { type string default "none" }
    @args.DEV { type integer default 0 }
    @args.SUBDEV { type integer default -1 }
    type empty
    slave.pcm {
        @func refer
        name { @func concat strings [ "pcm.virtual_" $CARD "_" $DEV ] }
    }
}
pcm.plughw {
    @args [ CARD DEV ]
    @args.CARD { type string default "none" }
    @args.DEV { type integer default 0 }
    type plug
    slave.pcm {
        @func refer
        name { @func concat strings [ "pcm.virtual_" $CARD "_" $DEV ] }
    }
}
pcm.!default { type null }
"""


@dataclass(frozen=True, slots=True)
class Form:
    """What one direction of a card can do, and its device number; a rate of None is
    any."""

    rate_hz: int | None = 48_000
    channels: int = 2
    sample_format: str = "S16_LE"
    device: int = 0


class VirtualMachine:
    """A machine whose sound cards are plugged in and out.

    Threads: any, and any process: all that is shared is files.
    """

    def __init__(self, directory: Path, *, cache: Path | None = None) -> None:
        """Raises VirtualCardUnavailable where the cards cannot be built."""
        self._directory = directory.resolve()
        self._plugin = build(cache or cache_directory())
        self.proc = self._directory / "proc"
        self.proc.mkdir(parents=True)
        self._cards: dict[str, str] = {}
        self._lines: list[str] = []
        self._plugged = 0
        self._write()

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to see these cards, and no other."""
        return {"ALSA_CONFIG_PATH": str(self._directory / "asound.conf")}

    def plug_in(
        self,
        card_id: str,
        *,
        microphone: Form | None = None,
        speaker: Form | None = None,
        driver: str = "USB-Audio",
    ) -> VirtualCard:
        """A card of that id; what it hears and plays goes through the VirtualCard."""
        number = self._plugged
        self._plugged += 1
        card = VirtualCard(self._directory / card_id, cache=self._plugin.parent)
        forms: dict[StreamName, Form | None]
        forms = {"microphone": microphone, "speaker": speaker}
        halves: dict[int, list[str]] = {}
        for stream, form in forms.items():
            if form is None:
                continue
            listed = self.proc / f"card{number}" / f"pcm{form.device}{_LETTERS[stream]}"
            listed.mkdir(parents=True)
            rate = f" rate {form.rate_hz}" if form.rate_hz else ""
            pinned = f'channels {form.channels} format "{form.sample_format}"{rate}'
            half = card.definition(stream, pinned)
            halves.setdefault(form.device, []).append(
                f"{_PCMS[stream]}.pcm {{ {half} }}"
            )
        self._cards[card_id] = "".join(
            f"pcm.virtual_{card_id}_{device} {{ type asym {' '.join(both)} }}\n"
            for device, both in halves.items()
        )
        self._lines.append(f"{number:2} [{card_id:15}]: {driver} - {card_id}\n")
        self._write()
        return card

    def pull_out(self, card_id: str, *, still_listed: bool = False) -> None:
        """It cannot be opened any more."""
        del self._cards[card_id]
        if not still_listed:
            self._lines = [line for line in self._lines if f"[{card_id} " not in line]
        self._write()

    def _write(self) -> None:
        listing = "".join(
            f"{line}{' ' * 22}{line.rpartition(' - ')[2]}" for line in self._lines
        )
        (self.proc / "cards").write_text(listing or "--- no soundcards ---\n")
        plugin = f'pcm_type.vcard {{ lib "{self._plugin}" }}\n'
        text = plugin + "".join(self._cards.values()) + _HW
        draft = self._directory / "draft.conf"
        draft.write_text(text)
        draft.replace(self._directory / "asound.conf")
