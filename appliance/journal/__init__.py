# SPDX-License-Identifier: MIT
"""Tells the journal what happens."""
