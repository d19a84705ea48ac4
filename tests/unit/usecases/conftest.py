"""A shop for every test, whose invariants hold when the test is over."""

from collections.abc import Iterator

import pytest

from tests.shop import Shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.check()
