# SPDX-License-Identifier: MIT
"""A hostile boot partition: costly files, links and pipes beside a good key.

As a program, `python -m tests.attack.card_attack BOOT ROOT`, it provisions once,
and prints what that took: peak RSS in kB, CPU in seconds.
"""

import asyncio
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.config.endpoint import KEY_NAME
from appliance.config.provisioning import CONFIG_NAME, Destinations, provision
from tests.attack.outcome import Outcome
from tests.bench.usage import usage

#: On a Zero all takes ten times as long, and the unit gives it 90 s.
_MOST_CPU_S = 5.0
_MOST_LINES = 25
_LIMIT_S = 60.0
_KEY = "AIzaNotToBeSeen"
_PRECIOUS = Path("etc/precious")


@dataclass(frozen=True)
class CardAttack:
    """`put` makes the file of the configuration, beside which lies a key."""

    name: str
    put: Callable[[Path, Path], object]
    key: bool = True


def _text(text: str) -> Callable[[Path, Path], object]:
    return lambda boot, root: (boot / CONFIG_NAME).write_text(text)


def _sparse(boot: Path, root: Path) -> None:
    with (boot / CONFIG_NAME).open("wb") as file:
        file.truncate(1 << 40)


def _link(name: str, target: str) -> Callable[[Path, Path], object]:
    return lambda boot, root: (boot / name).symlink_to(root / target)


ATTACKS = (
    CardAttack("64 KiB of dotted keys", _text("a." * 32_000 + "a=1\n")),
    CardAttack("16 KiB of dotted keys", _text(("a." * 8_000 + "a=1\n")[-16_000:])),
    CardAttack("many dotted keys", _text(f"{'a.' * 40}b=1\n" * 190)),
    CardAttack("8000 unknown keys", _text("".join(f"k{i}=1\n" for i in range(8000)))),
    CardAttack(
        "16 KiB of unknown keys", _text("".join(f"k{i}=1\n" for i in range(1900)))
    ),
    CardAttack("lists in lists", _text("a=" + "[" * 16_000)),
    CardAttack("tables in tables", _text("a=" + "{b=" * 5_000)),
    CardAttack("a number of 16,000 digits", _text("a=" + "9" * 16_000)),
    CardAttack(
        "escapes", _text('"\\u001b[2J\\u0007\\u202e" = 1\n[led]\n"\\n" = "\\u009b"\n')
    ),
    CardAttack(
        "no text", lambda boot, root: (boot / CONFIG_NAME).write_bytes(b"\xff\0" * 8000)
    ),
    CardAttack("a file of 1 TiB", _sparse),
    CardAttack("a pipe", lambda boot, root: os.mkfifo(boot / CONFIG_NAME)),
    CardAttack("/dev/zero", _link(CONFIG_NAME, "/dev/zero")),
    CardAttack(
        "a link in place of the configuration", _link(CONFIG_NAME, str(_PRECIOUS))
    ),
    CardAttack(
        "a link in place of the key", _link(KEY_NAME, str(_PRECIOUS)), key=False
    ),
    CardAttack(
        "a link in place of the verdict",
        _link(f"{CONFIG_NAME}.rejected.txt", str(_PRECIOUS)),
    ),
)


async def run(attack: CardAttack, directory: Path) -> Outcome:
    """Provision in a process of its own, whose usage the kernel counts."""
    boot, root = directory / "boot", directory / "root"
    boot.mkdir(parents=True)
    precious = root / _PRECIOUS
    precious.parent.mkdir(parents=True)
    precious.write_text(_KEY)
    attack.put(boot, root)
    if not (boot / CONFIG_NAME).exists() and not (boot / CONFIG_NAME).is_symlink():
        (boot / CONFIG_NAME).write_text("[led]\ngpio = 99\n")
    if attack.key:
        (boot / KEY_NAME).write_text(_KEY)
    began_at = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.attack.card_attack", str(boot), str(root)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    killer = asyncio.get_running_loop().call_later(_LIMIT_S, process.kill)
    told, said = await process.communicate()
    killer.cancel()
    code = process.returncode
    peak_rss_kb, cpu_s = (float(word) for word in told.split() or (0, _LIMIT_S))
    journal = said.decode(errors="replace").splitlines()
    complaints = list(_broken(attack, boot, root, code, cpu_s, journal))
    verdict = boot / f"{CONFIG_NAME}.rejected.txt"
    return Outcome(
        f"card: {attack.name}",
        "rejected, with the reason beside it" if verdict.is_file() else "taken",
        int(peak_rss_kb),
        cpu_s,
        time.monotonic() - began_at,
        journal,
        tuple(complaints),
    )


def _broken(
    attack: CardAttack,
    boot: Path,
    root: Path,
    code: int | None,
    cpu_s: float,
    journal: list[str],
) -> Iterator[str]:
    if code not in (0, 1):
        yield f"ended with {code}"
    if cpu_s > _MOST_CPU_S:
        yield f"took more than {_MOST_CPU_S:g} s of CPU"
    if len(journal) > _MOST_LINES:
        yield f"{len(journal)} lines in the journal"
    if (root / _PRECIOUS).read_text() != _KEY:
        yield "another file was written"
    if attack.key and not (root / "etc" / KEY_NAME).exists():
        yield "the key was not taken"
    written = {path.name for path in (root / "etc").iterdir()}
    if not written <= {_PRECIOUS.name, KEY_NAME}:
        yield f"wrote {written}"
    told = "\n".join(
        path.read_text() for path in boot.glob("*.rejected.txt") if path.is_file()
    )
    if _KEY in told or any(_KEY in line for line in journal):
        yield "the key was told"


def main(boot: str, root: str) -> int:
    logging.basicConfig(format="%(message)s")
    to = Destinations(
        config=Path(root, "etc", CONFIG_NAME),
        credential=Path(root, "etc", KEY_NAME),
        encrypt=lambda key: key.reveal()[::-1].encode(),
    )
    took_all = provision(Path(boot), to)
    used = usage(os.getpid())
    print(used.peak_rss_kb, used.cpu_s)
    return 0 if took_all else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
