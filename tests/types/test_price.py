"""Prices of tokens."""

from decimal import Decimal

import pytest

from ai_lib import ConfigurationError
from ai_lib.models import Prices, PriceTier


def test_a_price_keeps_the_digits_it_was_written_with():
    assert Prices(input=0.1, output="2.50") == Prices(input=Decimal("0.1"), output=Decimal("2.50"))


@pytest.mark.parametrize("price", [-1, "much", float("nan"), float("inf"), True])
def test_a_price_that_is_not_an_amount_is_refused(price):
    with pytest.raises(ConfigurationError, match="a price must be a number of US dollars >= 0, got"):
        Prices(input=price)
    with pytest.raises(ConfigurationError, match="a price must be a number of US dollars >= 0, got"):
        PriceTier(above=1000, input=price, output=1)
