"""HTTP: what locations say of their goods → levels and ledger.

Repeats are harmless: by the caller's own id, or a feed's sequence.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from doorstep.runtime import web, wiring
from doorstep.runtime.views import StockFileView, StockView
from doorstep.usecases.feed import MAX_SEQUENCE, FeedEntry, FeedResult, follow_feed
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
from doorstep.usecases.stock_files import WantedStockFile, await_file

app = web.api()
handler = web.entered(app)

Sku = Annotated[str, web.Path(min_length=1, max_length=120)]
Sequence = Annotated[int, web.Path(ge=0, le=MAX_SEQUENCE)]
Entries = Annotated[list[FeedEntry], web.Body(min_length=1, max_length=100)]


@app.post("/locations/<location_id>/receipts", responses=web.CREATED)
def receive(location_id: web.Name, receipt: Receipt) -> web.Response[Receipt]:
    web.keeper(app, location_id)
    receive_goods(location_id, receipt, catalog=wiring.catalog(), stock=wiring.stock())
    return web.answer(receipt, HTTPStatus.CREATED)


@app.post("/locations/<location_id>/adjustments", responses=web.CREATED)
def adjust_stock(location_id: web.Name, adjustment: Adjustment) -> web.Response[StockView]:
    by = web.keeper(app, location_id)
    catalog, stock = wiring.catalog(), wiring.stock()
    adjust(location_id, adjustment, by=by, catalog=catalog, stock=stock)
    return web.answer(_shown(adjustment.sku), HTTPStatus.CREATED)


@app.post("/locations/<location_id>/quality-moves", responses=web.CREATED)
def move_between_conditions(location_id: web.Name, move: QualityMove) -> web.Response[StockView]:
    by = web.keeper(app, location_id)
    move_quality(location_id, move, by=by, catalog=wiring.catalog(), stock=wiring.stock())
    return web.answer(_shown(move.sku), HTTPStatus.CREATED)


@app.put("/locations/<location_id>/safety-stock/<sku>")
def set_safety_stock(location_id: web.Name, sku: Sku, safety: SafetyStock) -> StockView:
    by = web.keeper(app, location_id)
    catalog, stock = wiring.catalog(), wiring.stock()
    keep_safety_stock(
        location_id, sku, safety, by=by, catalog=catalog, stock=stock, clock=wiring.clock
    )
    return _shown(sku)


@app.post("/locations/<location_id>/stock-feeds/<source>")
def feed(location_id: web.Name, source: web.Name, entries: Entries) -> list[FeedResult]:
    web.keeper(app, location_id)
    catalog, stock = wiring.catalog(), wiring.stock()
    return follow_feed(source, location_id, entries, catalog=catalog, stock=stock)


@app.post("/locations/<location_id>/stock-files", responses=web.CREATED)
def await_stock_file(location_id: web.Name, wanted: WantedStockFile) -> web.Response[StockFileView]:
    web.keeper(app, location_id)
    catalog, stock = wiring.catalog(), wiring.stock()
    file = await_file(location_id, wanted, catalog=catalog, stock=stock, clock=wiring.clock)
    link = wiring.inbox().upload_link(file.key)
    return web.answer(StockFileView(file=file, upload_url=link), HTTPStatus.CREATED)


@app.get("/locations/<location_id>/stock-files/<source>/<sequence>")
def show_stock_file(location_id: web.Name, source: web.Name, sequence: Sequence) -> StockFileView:
    web.keeper(app, location_id)
    file = wiring.stock().stock_file(location_id, source, sequence)
    result = wiring.inbox().link(file.result_key) if file.ended and file.parts else None
    return StockFileView(file=file, result_url=result)


def _shown(sku: str) -> StockView:
    return StockView.of(stock_of(sku, catalog=wiring.catalog(), stock=wiring.stock()))
