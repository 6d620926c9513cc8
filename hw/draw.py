# SPDX-License-Identifier: MIT
"""Write the pictures, and what else hw/ makes of the code, anew: `make docs`."""

from pathlib import Path

from drawing import language, path, pins, states, terminal, wiring

HW = Path(__file__).parent
README = HW / "README.md"
FRONT_DOOR = HW.parent / "README.md"
#: What belongs into hw/pictures, by file name.
PICTURES = {
    "wiring.svg": wiring.picture,
    "language.svg": language.picture,
    "path.svg": path.picture,
    "states.svg": states.picture,
    "demo.svg": terminal.picture,
}


def updated(readme: str) -> str:
    """A README with its parts as pin table and recording have them."""
    parts = {
        "pins": pins.markdown,
        "options": pins.markdown_of_options,
        "run": terminal.latencies,
    }
    for name, made in parts.items():
        begin, end = f"<!-- {name}: made by `make docs` -->", f"<!-- end of {name} -->"
        before, found, rest = readme.partition(begin)
        if found:
            _, _, after = rest.partition(end)
            readme = f"{before}{begin}\n{made()}\n{end}{after}"
    return readme


if __name__ == "__main__":
    for name, picture in PICTURES.items():
        (HW / "pictures" / name).write_text(picture())
    for file in (README, FRONT_DOOR):
        file.write_text(updated(file.read_text()))
