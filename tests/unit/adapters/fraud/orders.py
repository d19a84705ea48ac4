"""Orders to be judged."""

from collections.abc import Sequence
from datetime import UTC, datetime

from doorstep.domain.address import Address
from doorstep.domain.money import Money
from doorstep.domain.order import Customer, Line, LineKind, Order, OrderStatus, Totals


def order(
    *,
    total: int = 5_000,
    currency: str = "EUR",
    email: str = "zoe@example.com",
    billing: str | None = "DE",
    shipping: str | None = "DE",
    quantities: Sequence[int] = (1,),
    sku: str | None = None,
) -> Order:
    """An ordinary order but for what is said; its lines are of SKU-1, SKU-2… or all of `sku`."""
    zero = Money.zero(currency)
    amount = Money(minor=total, currency=currency)
    lines = tuple(
        Line(
            line_id=f"L{number}",
            sku=sku or f"SKU-{number}",
            name="A thing",
            kind=LineKind.STANDARD,
            unit_price=zero,
            discount=zero,
            tax=zero,
            total=zero,
            ordered=quantity,
            settled=zero,
            refunded=zero,
        )
        for number, quantity in enumerate(quantities, start=1)
    )
    return Order(
        order_id="O-1",
        channel="web",
        status=OrderStatus.PENDING,
        currency=currency,
        customer=Customer(email=email),
        shipping_address=Address(country=shipping) if shipping else None,
        billing_address=Address(country=billing) if billing else None,
        lines=lines,
        totals=Totals(
            lines=amount, discount=zero, shipping=zero, tax=zero, fees=zero, total=amount
        ),
        created_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
    )
