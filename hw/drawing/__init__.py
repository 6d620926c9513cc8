# SPDX-License-Identifier: MIT
"""Pictures and tables of hw/, made from the pin table and the product's own tables."""
