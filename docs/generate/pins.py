# SPDX-License-Identifier: MIT
"""The pin table, read: every wire of the box, and what each header pin is."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).parents[2] / "hw" / "pins.toml"

# Raspberry Pi documentation, "GPIO and the 40-pin header".
_GPIO_OF_HEADER = {
    3: 2, 5: 3, 7: 4, 8: 14, 10: 15, 11: 17, 12: 18, 13: 27, 15: 22, 16: 23, 18: 24,
    19: 10, 21: 9, 22: 25, 23: 11, 24: 8, 26: 7, 27: 0, 28: 1, 29: 5, 31: 6, 32: 12,
    33: 13, 35: 19, 36: 16, 37: 26, 38: 20, 40: 21,
}  # fmt: skip
_POWER_OF_HEADER = {1: "3.3 V", 17: "3.3 V", 2: "5 V", 4: "5 V"}


@dataclass(frozen=True, slots=True)
class Wire:
    """One wire from the header to a pad of a part."""

    net: str
    header: int
    part: str
    pad: str
    colour: str
    why: str
    gpio: int | None = None
    #: The key that makes the box use an optional part; None: this one is needed.
    key: str | None = None


def wires() -> list[Wire]:
    """All wires, in the order of the table."""
    with TABLE.open("rb") as file:
        return [Wire(**row) for row in tomllib.load(file)["wire"]]


def gpio_of(header: int) -> int | None:
    """The BCM number at a header pin; None for power and ground."""
    return _GPIO_OF_HEADER.get(header)


def label_of(header: int) -> str:
    """What is printed beside a header pin in the picture."""
    gpio = gpio_of(header)
    if gpio is not None:
        return f"GPIO {gpio}"
    return _POWER_OF_HEADER.get(header, "ground")


def markdown() -> str:
    """The table for hw/README.md of what every box has."""
    rows = [f"{_cells(wire)} {wire.why} |" for wire in wires() if wire.key is None]
    head = "| header pin | it is | to | carries | why, and what to mind |"
    return "\n".join([head, "|---|---|---|---|---|", *rows])


def markdown_of_options() -> str:
    """The table for hw/README.md of what may be left out."""
    rows = [
        f"{_cells(wire)} {f'`{wire.key} = {wire.gpio}`' if wire.key else '–'} "
        f"| {wire.why} |"
        for wire in wires()
        if wire.key is not None
    ]
    head = "| header pin | it is | to | carries | setting | what to mind |"
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])


def _cells(wire: Wire) -> str:
    return (
        f"| {wire.header} | {label_of(wire.header)} | {wire.part} **{wire.pad}** "
        f"| {wire.net} |"
    )
