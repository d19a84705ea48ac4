"""The fraud rules, one by one and added up."""

import pytest

from doorstep.adapters.fraud import rules
from doorstep.domain.money import exponent
from doorstep.domain.order import Order
from doorstep.runtime.settings import Settings
from tests.unit.adapters.fraud.orders import order

SCREEN = rules.build(Settings())


@pytest.mark.parametrize(
    ("one", "score", "reasons"),
    [
        pytest.param(order(), 0, (), id="ordinary"),
        pytest.param(order(total=250_000), 0, (), id="at the limit"),
        pytest.param(
            order(total=250_001),
            50,
            ("the total of 2500.01 EUR is above 2500.00 EUR",),
            id="above the limit",
        ),
        pytest.param(
            order(total=400_001, currency="JPY"),
            50,
            ("the total of 400001 JPY is above 400000 JPY",),
            id="above the limit of a currency without cents",
        ),
        pytest.param(order(total=10**9, currency="KWD"), 0, (), id="no limit for the currency"),
        pytest.param(
            order(billing="US"), 30, ("billed in US, shipped to DE",), id="countries differ"
        ),
        pytest.param(order(billing=None), 0, (), id="no billing address"),
        pytest.param(order(shipping=None), 0, (), id="no shipping address"),
        pytest.param(order(quantities=(20, 20, 10)), 0, (), id="many units"),
        pytest.param(
            order(quantities=(20, 20, 11)), 20, ("51 units in one order",), id="too many units"
        ),
        pytest.param(
            order(quantities=(10, 11), sku="RING"),
            30,
            ("21 units of RING",),
            id="too many of one SKU, over two lines",
        ),
        pytest.param(order(email=""), 20, ("no e-mail address",), id="no e-mail address"),
        pytest.param(
            order(email="x@Mailinator.com"),
            50,
            ("a disposable e-mail address at mailinator.com",),
            id="disposable e-mail",
        ),
        pytest.param(
            order(email="x@inbox.mailinator.com"),
            50,
            ("a disposable e-mail address at inbox.mailinator.com",),
            id="disposable e-mail at a subdomain",
        ),
        pytest.param(order(email="x@notmailinator.com"), 0, (), id="another domain"),
    ],
)
def test_each_rule_by_itself(one: Order, score: int, reasons: tuple[str, ...]) -> None:
    decision = SCREEN.screen(one)
    assert (decision.score, decision.reasons) == (score, reasons)
    assert decision.review == (score >= 50)


def test_small_findings_add_up_to_a_review() -> None:
    decision = SCREEN.screen(order(email="", billing="US"))
    assert decision.score == 50
    assert decision.review
    assert decision.reasons == ("billed in US, shipped to DE", "no e-mail address")


def test_canceled_units_do_not_count() -> None:
    one = order(quantities=(60,))
    (line,) = one.lines
    assert SCREEN.screen(one.with_lines([line.changed(canceled=59)])).score == 0


def test_every_rule_has_its_numbers_and_every_number_its_rule() -> None:
    numbers = SCREEN._numbers
    assert {rule.__name__ for rule in rules.RULES} == set(numbers) - {"review_from"}
    for currency, limit in numbers["amount"]["above"].items():
        assert len(limit.partition(".")[2]) == exponent(currency)
