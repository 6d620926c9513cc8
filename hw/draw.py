# SPDX-License-Identifier: MIT
"""Write the pictures and the tables of hw/ anew: `make docs`."""

from pathlib import Path

from drawing import language, path, pins, wiring

HW = Path(__file__).parent
README = HW / "README.md"
BEGIN, END = "<!-- pins: made by `make docs` -->", "<!-- end of pins -->"


def pictures() -> dict[str, str]:
    """What belongs into hw/pictures, by file name."""
    return {
        "wiring.svg": wiring.picture(),
        "language.svg": language.picture(),
        "path.svg": path.picture(),
    }


def updated(readme: str) -> str:
    """`readme` with its table as the pin table has it."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{pins.markdown()}\n{END}{after}"


if __name__ == "__main__":
    for name, picture in pictures().items():
        (HW / "pictures" / name).write_text(picture)
    README.write_text(updated(README.read_text()))
