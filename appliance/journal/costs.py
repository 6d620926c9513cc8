# SPDX-License-Identifier: MIT
"""What a turn and the day cost, as the journal tells it."""

from appliance.config.sections import PricesSection
from appliance.core.tokens import Spent, Tokens, cost

#: Of a tenth of a thousandth nobody would know.
_DIGITS = 5


def cost_fields(
    tokens: Tokens, spent: Spent, prices: PricesSection
) -> dict[str, int | float | str]:
    """Journal fields: an estimate of what `tokens`, and all of the day's, cost."""
    return {
        "COST": round(cost(tokens, prices), _DIGITS),
        "TOKENS_TODAY": spent.tokens.total,
        "COST_TODAY": round(cost(spent.tokens, prices), _DIGITS),
        "CURRENCY": prices.currency,
    }
