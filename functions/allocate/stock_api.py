"""HTTP: products, locations, delivery options → catalog; how much there is.

Repeats are harmless: by name.
"""

from __future__ import annotations

from typing import Annotated

from doorstep.domain.catalog import DeliveryOption, Location, Product
from doorstep.domain.errors import InvalidCommand
from doorstep.domain.ledger import Drift
from doorstep.domain.standing import Standing
from doorstep.runtime import web, wiring
from doorstep.runtime.views import AuditView, StandingView, StockView
from doorstep.usecases import outage
from doorstep.usecases.products import save_product as save
from doorstep.usecases.reconcile import audit, repair
from doorstep.usecases.stock import stock_of

app = web.api()
handler = web.entered(app)

Sku = Annotated[str, web.Path(min_length=1, max_length=120)]


@app.put("/products/<sku>")
def save_product(sku: Sku, product: Product) -> Product:
    caller = web.caller(app)
    caller.may()
    _same("sku", sku, product.sku)
    return save(
        product,
        by=caller.name,
        catalog=wiring.catalog(),
        stock=wiring.stock(),
        clock=wiring.clock,
    )


@app.put("/locations/<location_id>")
def save_location(location_id: web.Name, location: Location) -> Location:
    web.caller(app).may()
    _same("location_id", location_id, location.location_id)
    return outage.save_location(
        location, catalog=wiring.catalog(), places=wiring.places(), clock=wiring.clock
    )


@app.post("/locations/<location_id>/outage")
def switch_off(location_id: web.Name, why: outage.Outage) -> Location:
    web.caller(app).may("agent")
    return _switched(location_id, why.reason)


@app.delete("/locations/<location_id>/outage")
def switch_on(location_id: web.Name) -> Location:
    web.caller(app).may("agent")
    return _switched(location_id, None)


@app.put("/delivery-options/<code>")
def save_delivery_option(code: web.Name, option: DeliveryOption) -> DeliveryOption:
    web.caller(app).may()
    _same("code", code, option.code)
    wiring.catalog().save(option)
    return option


@app.get("/stock/<sku>")
def show_stock(sku: Sku) -> StockView:
    web.caller(app).may("agent", "storefront", "warehouse")
    return StockView.of(stock_of(sku, catalog=wiring.catalog(), stock=wiring.stock()))


@app.get("/stock/<sku>/standing")
def show_standing(sku: Sku) -> StandingView:
    web.caller(app).may("agent", "storefront", "warehouse")
    levels = stock_of(sku, catalog=wiring.catalog(), stock=wiring.stock())
    at, standings = wiring.clock(), wiring.standings()
    standing = standings.find([sku]).get(sku) or Standing.unknown(sku, at)
    return StandingView.of(standing, max(0, levels.free), standings.events(sku), at)


@app.get("/stock/<sku>/audit")
def show_audit(sku: Sku) -> AuditView:
    web.caller(app).may()
    found = audit(sku, ledger=wiring.ledger(), orders=wiring.orders())
    return AuditView(
        sku=sku,
        sound=found.sound,
        busy=found.busy,
        drift=found.drift,
        unexplained=found.unexplained,
    )


@app.post("/stock/<sku>/repair")
def repair_stock(sku: Sku) -> list[Drift]:
    caller = web.caller(app)
    caller.may()
    mended = repair(
        sku,
        by=caller.name,
        ledger=wiring.ledger(),
        orders=wiring.orders(),
        standings=wiring.standings(),
        catalog=wiring.catalog(),
        clock=wiring.clock,
    )
    return list(mended)


def _switched(location_id: str, reason: str | None) -> Location:
    return outage.switch(
        location_id, reason, catalog=wiring.catalog(), places=wiring.places(), clock=wiring.clock
    )


def _same(name: str, path: str, body: str) -> None:
    if path != body:
        raise InvalidCommand({name: f"the address says {path!r}, the body {body!r}"})
