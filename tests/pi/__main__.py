# SPDX-License-Identifier: MIT
"""`make pi-test`: what the kernel of an emulated Pi makes of the shipped overlay.

QEMU has the SoC of a Pi 3, Debian's kernel the real drivers of its I2S and of the
amplifier. No sound is played: QEMU's DMA does not wait for I2S, and freezes. Exit code
0 if the card's devices are as the overlay says.
"""

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path

from tests.pi.machine import boot, merge

_OVERLAY = Path(__file__).parents[2] / "hw" / "overlays" / "voice-appliance.dts"
#: What the kernel is to say, a pattern each.
_EXPECTED = {
    "the card's id is voicebox": r"0 \[voicebox +\]: simple-card",
    "device 0 plays": r"00-00: .* : playback 1",
    "device 1 captures": r"00-01: .* : capture 1",
}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="pi-test",
        description="Boot an emulated Pi with the overlay; what card does it have?",
    )
    parser.add_argument("--overlay", type=Path, default=_OVERLAY, help="another source")
    overlay = parser.parse_args().overlay.absolute()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "merged.dtb")
        merge(overlay, tree)
        told = boot(tree, Path(folder, "console"))
    return _judge(told, time.monotonic() - began)


def _judge(told: list[str], took_s: float) -> int:
    wrong = False
    for claim, pattern in _EXPECTED.items():
        found = any(re.fullmatch(rf"{pattern}.*", line) for line in told)
        wrong |= not found
        print(f"{'ok  ' if found else 'FAIL'}  {claim}")
    for line in told if wrong else ():
        print(f"      {line}")
    print(f"pi test: {took_s:.0f} s")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
