# SPDX-License-Identifier: MIT
"""`python tests/faults`: every fault in every phase, and what the box makes of it."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from faults.bench import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
