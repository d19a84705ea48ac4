"""HTTP: products, locations, delivery options, receipts, adjustments → catalog and stock.

Repeats are harmless: by name, or by the caller's own id.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from doorstep.domain.catalog import DeliveryOption, Location, Product
from doorstep.domain.errors import InvalidCommand, NotFound
from doorstep.runtime import web, wiring
from doorstep.runtime.views import StockView
from doorstep.usecases.feed import FeedEntry, FeedResult, follow_feed
from doorstep.usecases.stock import (
    Adjustment,
    QualityMove,
    Receipt,
    SafetyStock,
    adjust,
    keep_safety_stock,
    move_quality,
    receive_goods,
    stock_of,
)

app = web.api()
handler = web.entered(app)

Sku = Annotated[str, web.Path(min_length=1, max_length=120)]
Entries = Annotated[list[FeedEntry], web.Body(min_length=1, max_length=100)]


@app.put("/products/<sku>")
def save_product(sku: Sku, product: Product) -> Product:
    web.caller(app).may()
    _same("sku", sku, product.sku)
    wiring.catalog().save(product)
    return product


@app.put("/locations/<location_id>")
def save_location(location_id: web.Name, location: Location) -> Location:
    web.caller(app).may()
    _same("location_id", location_id, location.location_id)
    wiring.catalog().save(location)
    return location


@app.put("/delivery-options/<code>")
def save_delivery_option(code: web.Name, option: DeliveryOption) -> DeliveryOption:
    web.caller(app).may()
    _same("code", code, option.code)
    wiring.catalog().save(option)
    return option


@app.post("/locations/<location_id>/receipts")
def receive(location_id: web.Name, receipt: Receipt) -> web.Response[Receipt]:
    _keeper(location_id)
    receive_goods(location_id, receipt, catalog=wiring.catalog(), stock=wiring.stock())
    return web.answer(receipt, HTTPStatus.CREATED)


@app.post("/locations/<location_id>/adjustments")
def adjust_stock(location_id: web.Name, adjustment: Adjustment) -> web.Response[StockView]:
    by = _keeper(location_id)
    catalog, stock = wiring.catalog(), wiring.stock()
    adjust(location_id, adjustment, by=by, catalog=catalog, stock=stock)
    return web.answer(_shown(adjustment.sku), HTTPStatus.CREATED)


@app.post("/locations/<location_id>/quality-moves")
def move_between_conditions(location_id: web.Name, move: QualityMove) -> web.Response[StockView]:
    by = _keeper(location_id)
    move_quality(location_id, move, by=by, catalog=wiring.catalog(), stock=wiring.stock())
    return web.answer(_shown(move.sku), HTTPStatus.CREATED)


@app.put("/locations/<location_id>/safety-stock/<sku>")
def set_safety_stock(location_id: web.Name, sku: Sku, safety: SafetyStock) -> StockView:
    by = _keeper(location_id)
    catalog, stock = wiring.catalog(), wiring.stock()
    keep_safety_stock(
        location_id, sku, safety, by=by, catalog=catalog, stock=stock, clock=wiring.clock
    )
    return _shown(sku)


@app.post("/locations/<location_id>/stock-feeds/<source>")
def feed(location_id: web.Name, source: web.Name, entries: Entries) -> list[FeedResult]:
    _keeper(location_id)
    catalog, stock = wiring.catalog(), wiring.stock()
    return follow_feed(source, location_id, entries, catalog=catalog, stock=stock)


@app.get("/stock/<sku>")
def show_stock(sku: Sku) -> StockView:
    web.caller(app).may("agent", "storefront", "warehouse")
    return _shown(sku)


def _shown(sku: str) -> StockView:
    return StockView.of(stock_of(sku, catalog=wiring.catalog(), stock=wiring.stock()))


def _keeper(location_id: str) -> str:
    """The caller's name; raises Forbidden, or NotFound for a location that is not theirs."""
    caller = web.caller(app)
    caller.may("warehouse")
    if not caller.sees(location_id):
        raise NotFound("location", location_id)
    return caller.name


def _same(name: str, path: str, body: str) -> None:
    if path != body:
        raise InvalidCommand({name: f"the address says {path!r}, the body {body!r}"})
