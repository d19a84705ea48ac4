"""Every fraud screen judges an order without changing it, and explains what it says."""

import pytest

from doorstep.adapters import fraud
from doorstep.domain.errors import NotFound
from doorstep.domain.order import Order
from doorstep.ports import FraudScreen
from doorstep.runtime.settings import Settings
from tests.unit.adapters.fraud.orders import order


@pytest.fixture(params=fraud.NAMES)
def screen(request: pytest.FixtureRequest) -> FraudScreen:
    return fraud.load(request.param).build(Settings())


ORDERS = [
    order(),
    order(total=10_000_000),
    order(email="", billing="US", quantities=(500,)),
    order(email="x@mailinator.com"),
]


@pytest.mark.parametrize("one", ORDERS)
def test_a_decision_explains_itself_and_repeats(screen: FraudScreen, one: Order) -> None:
    before = one.model_dump_json()
    decision = screen.screen(one)
    assert decision == screen.screen(one)
    assert one.model_dump_json() == before
    assert bool(decision.reasons) == (decision.score > 0)
    assert not decision.review or decision.reasons


def test_an_ordinary_order_is_not_reviewed(screen: FraudScreen) -> None:
    assert not screen.screen(order()).review


def test_an_unknown_screen_is_refused_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match="rules"):
        fraud.load("crystal_ball")
