# SPDX-License-Identifier: MIT
"""What has no domain of its own."""
