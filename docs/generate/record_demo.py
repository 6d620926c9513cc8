# SPDX-License-Identifier: MIT
"""Run the demo, and keep what it says for the README: `make recording`.

It is no part of `make docs`: each run has figures of its own.
"""

import subprocess
import sys
from pathlib import Path

from docs.generate.terminal import COMMAND, RECORDING


def record() -> None:
    """Raises CalledProcessError if the demo fails."""
    program = Path(sys.executable).with_name(COMMAND[0])
    run = subprocess.run(
        [program, *COMMAND[1:]],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=120,
    )
    RECORDING.write_text(run.stdout)


if __name__ == "__main__":
    record()
