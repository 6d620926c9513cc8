# SPDX-License-Identifier: MIT
"""DECIDES: pure values and functions. No I/O, clock, thread, asyncio or logging."""
