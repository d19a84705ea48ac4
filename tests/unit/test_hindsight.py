"""What a replay says in hindsight: promises made anew, and held against the real deliveries."""

from collections import Counter
from datetime import datetime, timedelta

import pytest

from doorstep.domain.fulfillment import FulfillmentOrder
from doorstep.domain.order import Order
from local.hindsight import Promises, Routing, of_the_shop, remade, report
from local.olist import Replayed, Sold
from tests.builders import NOW, delivery, draft, line, location

OPTION = delivery(processing_days=0, transit_days=2)
"""From Monday to the end of Wednesday."""


def sold(delivered_at: datetime, promised_for: datetime | None = None) -> Replayed:
    """One pen for a customer in Berlin, on the Monday morning of the builders."""
    return Replayed(
        Sold.model_validate(
            {
                "order_id": "o-1",
                "status": "delivered",
                "purchased_at": NOW,
                "delivered_at": delivered_at,
                "estimated_delivery_at": promised_for,
                "customer": {
                    "id": "c-1",
                    "zip_prefix": "10119",
                    "city": "berlin",
                    "state": "BE",
                    "country": "DE",
                },
                "lines": [
                    {
                        "product_id": "PEN",
                        "seller_id": "berlin",
                        "quantity": 1,
                        "unit_price": 1200,
                        "unit_freight": 0,
                    }
                ],
                "currency": "EUR",
                "total": 1200,
            }
        ),
        by_storefront=False,
    )


def allocated(one: Replayed) -> dict[str, Order]:
    """The order as it is kept: the pen comes from the place in Berlin."""
    order = draft(one.order_id, line("1", "PEN"))
    piece = FulfillmentOrder(
        fulfillment_order_id=f"{one.order_id}-F1", location_id="berlin", lines=(), allocated_at=NOW
    )
    return {one.order_id: order.with_fulfillment_order(piece)}


@pytest.mark.parametrize(("days", "kept"), [(2, 1), (3, 0)])
def test_a_promise_is_made_anew_as_of_the_purchase(days: int, kept: int) -> None:
    one = sold(NOW + timedelta(days=days))
    found = remade([one], allocated(one), [location("berlin")], OPTION)
    assert (found.kept, found.broken) == (kept, 1 - kept)


@pytest.mark.parametrize(("days", "kept"), [(3, 1), (4, 0)])
def test_the_shop_promised_a_day_and_has_until_its_end(days: int, kept: int) -> None:
    thursday = NOW.replace(hour=0) + timedelta(days=3)
    one = sold(NOW + timedelta(days=days), promised_for=thursday)
    found = of_the_shop([one], allocated(one))
    assert (found.kept, found.broken) == (kept, 1 - kept)


def test_what_was_never_allocated_or_delivered_is_not_judged() -> None:
    refused, placed = sold(NOW + timedelta(days=1)), sold(NOW + timedelta(days=1))
    kept = {placed.order_id: draft(placed.order_id, line("1", "PEN"))}
    for known in ({}, kept):
        assert remade([refused], known, [location("berlin")], OPTION) == (0, 0, ())
        assert of_the_shop([refused], known) == (0, 0, ())


def test_the_report_says_splits_distance_cost_and_promises() -> None:
    found = Routing(orders=4, parcels=Counter({1: 3, 2: 1}), kilometers=(10, 20, 60), cost=4000)
    lines = list(report(found, Promises(3, 1, (2.0, 1.0, 0.5, -1.0)), Promises(0, 0, ()), "EUR"))
    assert lines == [
        "Parcels: 3 in 1, 1 in 2; 25.0 % of orders split.",
        "Distance: 20 km to the customer in the middle, 30 km on average, of 3 places chosen.",
        "Cost by the sourcing rules: 40.00 EUR, 10.00 an order.",
        (
            "Doorstep's promises against the real deliveries: 3 kept, 1 broken (75.0 % kept),"
            " 0.8 days early in the middle."
        ),
    ]
