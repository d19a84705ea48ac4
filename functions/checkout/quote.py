"""HTTP: GET /availability (public), POST /quotes → prices and dates, as a checkout would promise.

Nothing is held and nothing is written.
"""

from __future__ import annotations

from typing import Annotated

from doorstep.domain.address import Destination
from doorstep.domain.catalog import Sku
from doorstep.domain.money import Currency
from doorstep.domain.rules import Channel
from doorstep.runtime import web, wiring
from doorstep.usecases.availability import Cart, Offer, WantedProduct, offer_cart, offer_product

KEPT_SECONDS = 30
"""How old an answer may be on a product page."""

app = web.api()
handler = web.entered(app)


@app.get("/availability")
def show_availability(
    sku: Annotated[Sku, web.Query()],
    country: Annotated[Destination, web.Query()],
    quantity: Annotated[int, web.Query(ge=1, le=100)] = 1,
    region: Annotated[str, web.Query(max_length=255)] = "",
    postal_code: Annotated[str, web.Query(max_length=20)] = "",
    pickup_location_id: Annotated[str, web.Query(max_length=64)] = "",
    currency: Annotated[Currency | None, web.Query()] = None,
    channel: Annotated[Channel, web.Query()] = "web",
) -> web.Response[Offer]:
    offer = offer_product(
        WantedProduct(
            sku=sku,
            quantity=quantity,
            country=country,
            region=region,
            postal_code=postal_code,
            pickup_location_id=pickup_location_id,
            currency=currency,
            channel=channel,
        ),
        catalog=wiring.catalog(),
        stock=wiring.stock(),
        tax=wiring.tax_engine(),
        clock=wiring.clock,
    )
    return web.public(offer, seconds=offer.holds_for(KEPT_SECONDS))


@app.post("/quotes")
def quote_cart(cart: Cart) -> Offer:
    web.caller(app).may("storefront", "agent", "customer")
    return offer_cart(
        cart,
        catalog=wiring.catalog(),
        stock=wiring.stock(),
        tax=wiring.tax_engine(),
        clock=wiring.clock,
    )
