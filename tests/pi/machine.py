# SPDX-License-Identifier: MIT
"""A Raspberry Pi 3 in QEMU, with Debian's kernel; it only tells of its sound card."""

import hashlib
import lzma
import re
import subprocess
import time
from pathlib import Path

from tests.hw.debian_kernel import (
    download,
    flat,
    kept,
    kernel_package,
    label,
    run,
    unpack,
)

_INIT = Path(__file__).with_name("init")
_BOARD = "bcm2837-rpi-3-b.dtb"
#: The microphone's driver is not in Debian's kernel. This one stands in for it: it
#: captures, too, and has no registers, either.
_STANDS_IN = "dmic-codec"
_MODULES = (
    "snd-soc-bcm2835-i2s",
    "snd-soc-max98357a",
    "snd-soc-dmic",
    "snd-soc-simple-card",
)
_WANTED = re.compile(
    rf"\./(?:usr/)?(boot/vmlinuz.*|lib/modules/.*/(?:sound/.*\.ko(?:\.xz)?|modules\.\w+)"
    rf"|lib/linux-image-.*/broadcom/{_BOARD})"
)
_BOOT_LIMIT_S = 180.0


def parts() -> Path:
    """A directory with kernel, initramfs and the board's tree, kept in the cache.

    Raises RuntimeError.
    """

    def fill(target: Path, scratch: Path) -> None:
        kernel, busybox = download(scratch, kernel_package(scratch), "busybox-static")
        tree = scratch / "tree"
        unpack(kernel, tree, lambda name: flat(_WANTED.fullmatch(name)))
        root = scratch / "root"
        unpack(busybox, root, lambda name: name if name.endswith("/busybox") else None)
        next((tree / "boot").iterdir()).rename(target / "kernel")
        next(tree.rglob(_BOARD)).rename(target / "tree.dtb")
        _add_modules(tree, root)
        _pack(root, target / "initramfs")

    made_by = b"".join(path.read_bytes() for path in (Path(__file__), _INIT))
    return kept(f"emulated-pi-{hashlib.sha256(made_by).hexdigest()[:12]}", fill)


def _add_modules(tree: Path, root: Path) -> None:
    """Plain, and named in /modules in the order in which they are to be loaded."""
    (version,) = (path.name for path in (tree / "lib" / "modules").iterdir())
    run(["depmod", "-b", str(tree), version], tree)
    order: dict[str, Path] = {}
    for module in _MODULES:
        show = ["modprobe", "-d", str(tree), "-S", version, "--show-depends", module]
        for line in run(show, tree).splitlines():
            path = Path(line.split()[1])
            order[f"/{path.name.removesuffix('.xz')}"] = path
    for name, path in order.items():
        content = path.read_bytes()
        plain = lzma.decompress(content) if path.suffix == ".xz" else content
        (root / name[1:]).write_bytes(plain)
    (root / "modules").write_text("".join(f"{name}\n" for name in order))


def _pack(root: Path, target: Path) -> None:
    for directory in ("proc", "sys", "dev"):
        (root / directory).mkdir()
    (root / "init").write_bytes(_INIT.read_bytes())
    for program in ("init", "bin/busybox"):
        (root / program).chmod(0o755)
    pack = 'find . | cpio --quiet -o -H newc -R 0:0 >"$1"'
    run(["sh", "-c", pack, "sh", str(target)], root)


def merge(overlay: Path, target: Path) -> None:
    """Write the board's tree with `overlay` (source), as the firmware merges them."""
    base, compiled = (target.with_suffix(end) for end in (".base", ".dtbo"))
    base.write_bytes((parts() / "tree.dtb").read_bytes())
    label(base)
    compile_ = ["dtc", "-q", "-@", "-I", "dts", "-O", "dtb"]
    run([*compile_, "-o", str(compiled), str(overlay)], target.parent)
    run(
        ["fdtoverlay", "-i", str(base), "-o", str(target), str(compiled)], target.parent
    )
    microphone = ["/voicebox-microphone", "compatible", _STANDS_IN]
    run(["fdtput", "-t", "s", str(target), *microphone], target.parent)


def boot(tree: Path, console: Path) -> list[str]:
    """What /proc/asound says of the card and its devices. Raises TimeoutError."""
    kernel, initramfs = (parts() / name for name in ("kernel", "initramfs"))
    command = ["nice", "-n", "15", "qemu-system-aarch64", "-M", "raspi3b", "-m", "1G"]
    command += ["-display", "none", "-monitor", "none", "-no-reboot"]
    # The Pi 3 gives its first serial port to Bluetooth.
    command += ["-serial", "null", "-serial", f"file:{console}"]
    command += ["-kernel", str(kernel), "-initrd", str(initramfs), "-dtb", str(tree)]
    words = "console=ttyS1,115200 loglevel=3 rdinit=/init"
    quiet = subprocess.DEVNULL
    with subprocess.Popen([*command, "-append", words], stderr=quiet) as machine:
        try:
            return _told(console, machine)
        finally:
            machine.terminate()


def _told(console: Path, machine: subprocess.Popen[bytes]) -> list[str]:
    end_at = time.monotonic() + _BOOT_LIMIT_S
    while time.monotonic() < end_at and machine.poll() is None:
        text = console.read_text(errors="replace") if console.exists() else ""
        if told := re.search(r"(?s)=== begin\s*(.*)=== end", text):
            return told[1].splitlines()
        time.sleep(0.2)
    raise TimeoutError(f"the Pi has said nothing: see {console}")
