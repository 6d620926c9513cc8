# SPDX-License-Identifier: MIT
"""The pictures, and the parts of READMEs that the pin table and a recording make."""

from pathlib import Path

from docs.generate import language, path, pins, states, terminal, wiring

ROOT = Path(__file__).parents[2]
READMES = (ROOT / "hw" / "README.md", ROOT / "README.md")
#: By path.
PICTURES = {
    "hw/pictures/wiring.svg": wiring.picture,
    "docs/pictures/language.svg": language.picture,
    "docs/pictures/path.svg": path.picture,
    "docs/pictures/states.svg": states.picture,
    "docs/pictures/demo.svg": terminal.picture,
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
