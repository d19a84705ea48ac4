"""The orders that are measured: a catalog that never runs out, and carts from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from doorstep.domain.address import Address
from doorstep.domain.catalog import DeliveryOption, Location, LocationKind, Product
from local.olist import Replayed, Sold
from local.seed import Catalog

SCENARIOS = {
    "one line": ("A1",),
    "three lines": ("A1", "A2", "A3"),
    "two lines, one parcel": ("A1", "A2"),
    "two lines, two parcels": ("A1", "B1"),
}
"""Name → SKUs; those of a letter lie in the same place."""

_UNITS = 1_000_000
_CURRENCY = "BRL"


def catalog() -> Catalog:
    """Two places, each with a million of everything that begins with its letter."""
    skus = sorted({sku for cart in SCENARIOS.values() for sku in cart})
    return Catalog(
        delivery_options=(
            DeliveryOption(code="standard", name="Standard", prices={_CURRENCY: 1500}),
        ),
        locations=tuple(
            Location(
                location_id=letter,
                name=f"Warehouse {letter}",
                kind=LocationKind.WAREHOUSE,
                address=Address(line1="Rua 1", city="São Paulo", region="SP", country="BR"),
            )
            for letter in sorted({sku[0] for sku in skus})
        ),
        products=tuple(
            Product(sku=sku, name=f"Product {sku}", prices={_CURRENCY: 4990}, weight_grams=700)
            for sku in skus
        ),
        stock={
            letter: {sku: _UNITS for sku in skus if sku[0] == letter}
            for letter in {sku[0] for sku in skus}
        },
    )


def orders(name: str, scenario: str, count: int) -> list[Replayed]:
    """So many orders by checkout, to be delivered; `name` makes them different from all others."""
    now = datetime.now(UTC)
    return [
        Replayed(
            Sold.model_validate(
                {
                    "order_id": f"{name}-{number}",
                    "status": "delivered",
                    "purchased_at": now,
                    "handed_to_carrier_at": now + timedelta(hours=8),
                    "delivered_at": now + timedelta(days=2),
                    "customer": {
                        "id": f"customer-{number}",
                        "zip_prefix": "01310",
                        "city": "são paulo",
                        "state": "SP",
                        "country": "BR",
                    },
                    "lines": [
                        {
                            "product_id": sku,
                            "seller_id": sku[0],
                            "quantity": 1,
                            "unit_price": 4990,
                            "unit_freight": 0,
                        }
                        for sku in SCENARIOS[scenario]
                    ],
                    "currency": _CURRENCY,
                    "total": 4990 * len(SCENARIOS[scenario]),
                }
            ),
            by_storefront=False,
        )
        for number in range(count)
    ]
