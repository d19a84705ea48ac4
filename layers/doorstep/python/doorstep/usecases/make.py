"""Made to order: what a customer said of a piece is corrected, and the piece is made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from doorstep.domain import making
from doorstep.domain.catalog import Location
from doorstep.domain.order import Order
from doorstep.ports import Catalog, Clock, Documents, Orders, Printer, WorkSheet
from doorstep.usecases.change import change


def correct_instructions(
    order_id: str,
    said: Mapping[str, Mapping[str, str]],
    *,
    by: str,
    orders: Orders,
    catalog: Catalog,
    clock: Clock,
) -> Order:
    """Say anew how pieces are to be, as long as nobody has begun to make them.

    `said` maps a line to its instructions. Safe to repeat. Raises NotFound, InvalidCommand,
    IllegalTransition, Conflict.
    """
    order = orders.get(order_id)
    products = catalog.products(line.sku for line in order.lines if line.sku)
    told = making.instruct(order, said, products=products, by=by, at=clock())
    (stored,) = orders.commit(told)
    return stored


def start(key: str, *, orders: Orders, clock: Clock) -> Order:
    """Work on the pieces of a work order has begun."""
    return change(key, orders, partial(making.start, key=key, at=clock()))


def finish(key: str, *, orders: Orders, clock: Clock) -> Order:
    """They are made, and to be checked."""
    return change(key, orders, partial(making.finish, key=key, at=clock()))


def pass_check(key: str, *, orders: Orders, clock: Clock) -> Order:
    """They can be packed."""
    return change(key, orders, partial(making.pass_check, key=key, at=clock()))


def fail_check(key: str, reason: str, *, orders: Orders, clock: Clock) -> Order:
    """They are not as they should be."""
    return change(key, orders, partial(making.fail_check, key=key, reason=reason, at=clock()))


def scrap(
    key: str, scrapped: int, reason: str, *, again: bool, orders: Orders, clock: Clock
) -> Order:
    """So many pieces were spoiled, in all. The same report again is taken for the repeat it is."""
    spoiled = partial(
        making.scrap, key=key, scrapped=scrapped, again=again, reason=reason, at=clock()
    )
    return change(key, orders, spoiled)


def put_on_paper(
    key: str, *, orders: Orders, catalog: Catalog, documents: Documents, printer: Printer
) -> str:
    """The document that shows a work order as its instructions are now: drawn once, and kept.

    Each version has a document of its own, so that what was worked by can be looked up.
    """

    def decide(order: Order) -> Order:
        work = making.work_on(order, key).order
        if work.document:
            return order
        document = f"work-orders/{key}-v{work.version}.pdf"
        documents.put(document, printer(_sheet(order, key, catalog)), "application/pdf")
        return making.printed(order, key, document)

    return making.work_on(change(key, orders, decide), key).order.document


def _sheet(order: Order, key: str, catalog: Catalog) -> WorkSheet:
    work = making.work_on(order, key)
    place = next((p for p in catalog.locations() if p.location_id == work.one.location_id), None)
    return WorkSheet(
        work_order_id=key,
        version=work.order.version,
        order_name=order.external_name or order.order_id,
        place=place.name if place else work.one.location_id,
        due=_day(work.one.ship_by, place),
        promised=_day(work.one.deliver_by, place),
        name=work.line.name,
        sku=work.line.sku or "",
        quantity=work.line.quantity,
        instructions=work.line.instructions,
        steps=work.order.steps,
        country=order.shipping_address.country if order.shipping_address else None,
    )


def _day(moment: datetime | None, place: Location | None) -> str:
    """A day by the calendar on the workshop's wall."""
    zone = ZoneInfo(place.calendar.time_zone) if place else ZoneInfo("UTC")
    return f"{moment.astimezone(zone):%a %-d %b %Y}" if moment else ""
