# SPDX-License-Identifier: MIT
"""The tests; README.md says which harness answers which question."""
