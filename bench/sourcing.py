"""Sourcing alone, on one core: how long one order takes. `python -m bench.sourcing` prints it."""

from __future__ import annotations

import random
import statistics
import time
from datetime import UTC, datetime
from typing import NamedTuple

from doorstep.domain.address import Address
from doorstep.domain.catalog import Location, LocationKind, Product
from doorstep.domain.money import Money
from doorstep.domain.order import Customer, Line, LineKind, Order, OrderStatus, Totals
from doorstep.domain.sourcing import source

ORDERS = 400
SIZES = ((1, 5), (5, 10), (10, 12), (20, 12), (20, 100))
"""Lines and locations of one order."""

_TOWNS = (
    *("10119", "20457", "80331", "50667", "60311", "70173", "40213", "04109", "28195", "01067"),
    *("30159", "90402", "47051", "44135", "45127", "33602", "53111", "48143", "68159", "76133"),
)


class Timing(NamedTuple):
    """Milliseconds of processor time per order."""

    lines: int
    locations: int
    median: float
    p99: float
    most: float


def run(orders: int = ORDERS, seed: int = 1) -> list[Timing]:
    """Source random orders of each size; the seed makes them the same ones every time."""
    return [_timed(lines, places, orders, random.Random(seed)) for lines, places in SIZES]  # noqa: S311


def _timed(lines: int, places: int, orders: int, chance: random.Random) -> Timing:
    locations = [_location(number, chance) for number in range(places)]
    spent = []
    for _ in range(max(20, orders * 12 // max(12, places * lines // 10))):
        order = _order(lines, chance)
        products = {
            sku: Product(sku=sku, name=sku, prices={}, weight_grams=chance.randint(50, 5_000))
            for line in order.lines
            if (sku := line.sku)
        }
        stock = {
            (sku, location.location_id): chance.choice((0, 0, 1, 3, 9))
            for sku in products
            for location in locations
        }
        began = time.process_time()
        source(order, locations, stock, products=products)
        spent.append((time.process_time() - began) * 1000)
    spent.sort()
    p99 = spent[min(len(spent) - 1, len(spent) * 99 // 100)]
    return Timing(lines, places, statistics.median(spent), p99, spent[-1])


def _location(number: int, chance: random.Random) -> Location:
    address = Address(country="DE", postal_code=_TOWNS[number % len(_TOWNS)])
    kind = chance.choice((LocationKind.WAREHOUSE, LocationKind.STORE))
    return Location(location_id=f"L{number:03}", name="Bench", kind=kind, address=address)


def _order(lines: int, chance: random.Random) -> Order:
    nothing = Money.zero("EUR")
    return Order(
        order_id="O-BENCH",
        channel="web",
        status=OrderStatus.PLACED,
        currency="EUR",
        customer=Customer(),
        shipping_address=Address(country="DE", postal_code=chance.choice(_TOWNS)),
        lines=tuple(
            Line(
                line_id=str(number),
                sku=f"SKU-{number}",
                name="Bench",
                kind=LineKind.STANDARD,
                unit_price=nothing,
                discount=nothing,
                tax=nothing,
                total=nothing,
                ordered=chance.randint(1, 3),
                settled=nothing,
                refunded=nothing,
            )
            for number in range(lines)
        ),
        totals=Totals(
            lines=nothing,
            discount=nothing,
            shipping=nothing,
            tax=nothing,
            fees=nothing,
            total=nothing,
        ),
        created_at=datetime(2026, 3, 2, 10, tzinfo=UTC),
    )


def main() -> None:
    print("Sourcing one order, ms of one core: lines × locations, median, p99, most")
    for timing in run():
        print(
            f"  {timing.lines:2} × {timing.locations:3}  {timing.median:7.2f} "
            f"{timing.p99:7.2f} {timing.most:7.2f}"
        )


if __name__ == "__main__":
    main()
