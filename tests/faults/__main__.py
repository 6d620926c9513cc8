# SPDX-License-Identifier: MIT
"""`python -m tests.faults`: every fault in every phase, and what follows."""

import sys

from tests.faults.bench import main

if __name__ == "__main__":
    sys.exit(main())
