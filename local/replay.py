"""Feed real orders through a fresh Doorstep at full speed, and prove that everything adds up.

  make replay ORDERS=../shared/data/olist/orders.jsonl.gz LIMIT=500

Sellers become locations; products get the stock that the orders need, except that one in twelve
gets half of it on purpose. Every second order goes through the checkout (POST /orders, at the
catalog's price, money reserved and captured); the others arrive as a storefront sold them (a signed
webhook of the generic storefront, paid already). Sellers pack through the warehouse API as soon as
they hear of an order; the carrier reports the real dates by its signed webhook; what was canceled
or unavailable is canceled. Then every row of the tables is read: the outcomes have to add up to
what went in, stock and money have to be conserved. The exit status says whether they do.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from doorstep.domain.events import TimelineItem
from doorstep.domain.order import FulfillmentState, Order, OrderStatus
from local import conservation, hindsight
from local.access import Access, access
from local.aws import Aws
from local.client import Doorstep, Refused, sign
from local.command import command
from local.embedded import HOME, EmbeddedAws, free_port
from local.feed import listening
from local.olist import (
    STOREFRONT,
    Goal,
    OrdersError,
    Replayed,
    catalog,
    is_short,
    read,
    sellers,
    weights,
)
from local.outputs import Outputs
from local.progress import console, step
from local.seed import seed
from local.up import deploy

AT_ONCE = 8
"""Orders on their way. The embedded AWS starts a process for each call of a function that runs at
the same moment: more would only wait for processes to start."""

_QUIET_SECONDS = 3.0
_STUCK_SECONDS = 90.0
_TRIES = 8
_SHOWN = 10


class Replay:
    """The world around Doorstep for a set of orders: buyers, sellers, a carrier."""

    def __init__(
        self,
        orders: Sequence[Replayed],
        outputs: Outputs,
        access: Access,
        at_once: int = AT_ONCE,
    ) -> None:
        self._orders = {one.order_id: one for one in orders}
        self._access = access
        self._shop = Doorstep(outputs.api_url, access.keys["webshop"])
        self._warehouse = Doorstep(outputs.api_url, access.keys["warehouse"])
        self._service = Doorstep(outputs.api_url, access.keys["service"])
        self._anybody = Doorstep(outputs.api_url, "")
        self._buying = ThreadPoolExecutor(at_once)
        self._working = ThreadPoolExecutor(at_once)
        self._room = threading.Semaphore(at_once)
        self._lock = threading.Lock()
        self._heard: set[str] = set()
        self._known: dict[str, dict[str, Any]] = defaultdict(dict)
        self._reached: dict[str, dict[str, int]] = defaultdict(dict)
        self._missing: Counter[str] = Counter()
        self._ended: set[str] = set()
        self._settled: set[str] = set()
        self._over = False
        self.refused: set[str] = set()
        self.checkout_seconds: list[float] = []
        self.faults: list[str] = []
        self.heard_at = time.monotonic()

    def put_in(self) -> None:
        """Sell all orders, as fast as those before them get to their ends."""
        for one in self._orders.values():
            self._room.acquire()
            if self._over:
                return
            sell = self._sell_elsewhere if one.by_storefront else self._buy
            self._submit(self._buying, sell, one)

    def close(self) -> None:
        self._over = True
        for pool in (self._buying, self._working):
            pool.shutdown(cancel_futures=True)
        self._room.release()
        for caller in (self._shop, self._warehouse, self._service, self._anybody):
            caller.close()

    @property
    def settled(self) -> int:
        """How many orders got as far as they are to get."""
        return len(self._settled)

    def hear(self, item: TimelineItem) -> None:
        """React to an event, once, as the party that it is for."""
        with self._lock:
            self.heard_at = time.monotonic()
            if item.event_id in self._heard or item.order_id not in self._orders:
                return
            self._heard.add(item.event_id)
            one = self._orders[item.order_id]
            self._react(one, item.name, item.data)
            self._settle(one)

    def _settle(self, one: Replayed) -> None:
        """Make room for another order where this one has got as far as it is to get."""
        units = sum(self._reached[one.order_id].values()) + self._missing[one.order_id]
        through = one.sold.goal is not Goal.CANCELED and units >= one.sold.units
        ended = one.order_id in self._ended or one.order_id in self.refused
        if (ended or through) and one.order_id not in self._settled:
            self._settled.add(one.order_id)
            self._room.release()

    def _react(self, one: Replayed, name: str, data: Mapping[str, Any]) -> None:
        match name:
            case "order.placed" if one.sold.goal is Goal.CANCELED:
                self._submit(self._working, self._cancel, one)
            case "order.placed" if data["on_hold"]:
                self._ended.add(one.order_id)
            case "order.canceled":
                self._ended.add(one.order_id)
            case "order.shortage":
                self._missing[one.order_id] += sum(unit["quantity"] for unit in data["units"])
            case "shipment.label_bought":
                self._learn(data["shipment_id"], one, number=data["tracking_number"])
            case "shipment.updated" if one.sold.goal is Goal.SHIPPED:
                self._reach(one, data["shipment_id"].rpartition("-P")[0])
            case _ if name.startswith("fulfillment_order."):
                self._react_to_piece(one, name, data["fulfillment_order_id"], data)

    def _react_to_piece(self, one: Replayed, name: str, key: str, data: Mapping[str, Any]) -> None:
        match name:
            case "fulfillment_order.allocated":
                units = {unit["line_id"]: unit["quantity"] for unit in data["units"]}
                self._learn(key, one, units=units)
            case "fulfillment_order.released":
                self._learn(key, one, released=True)
            case "fulfillment_order.shipped":
                for parcel in data["shipment_ids"]:
                    self._learn(parcel, one, shipped=True)
            case "fulfillment_order.delivered":
                self._reach(one, key)
            case "fulfillment_order.set_aside":
                self.faults.append(f"{key} was set aside: {data['reason']}")
                self._ended.add(one.order_id)

    def _learn(self, key: str, one: Replayed, **facts: Any) -> None:
        """Facts of one thing may come in any order; act once they are complete."""
        known = self._known[key]
        known |= facts
        if known.keys() >= {"units", "released"}:
            if one.sold.goal is Goal.PLACED:
                self._reach(one, key)
            elif one.sold.goal is not Goal.CANCELED:
                self._submit(self._working, self._pack, one, key, known["units"])
        elif known.keys() >= {"number", "shipped"}:
            self._submit(self._working, self._carry, one, known["number"])

    def _reach(self, one: Replayed, key: str) -> None:
        self._reached[one.order_id][key] = sum(self._known[key]["units"].values())

    # --- what the parties do ----------------------------------------------------------------------

    def _buy(self, one: Replayed) -> None:
        began = time.monotonic()
        try:
            self._shop.place(one.cart(), one.sold.order_id)
            self.checkout_seconds.append(time.monotonic() - began)
        except Refused as refusal:
            if refusal.problem.get("type", "").endswith(":out-of-stock"):
                with self._lock:
                    self.refused.add(one.order_id)
                    self._settle(one)
                return
            raise

    def _sell_elsewhere(self, one: Replayed) -> None:
        self._send("storefronts/generic", STOREFRONT, one.sold.order_id, one.message())

    def _cancel(self, one: Replayed) -> None:
        if one.by_storefront:
            data = {"id": one.sold.order_id, "reason": one.sold.status}
            message = {"type": "order.canceled", "data": data}
            self._send("storefronts/generic", STOREFRONT, f"{one.sold.order_id}-canceled", message)
            return
        self._insist(lambda: self._service.cancel(one.order_id, one.sold.status))

    def _pack(self, _: Replayed, key: str, units: Mapping[str, int]) -> None:
        grams = 800 * sum(units.values())
        self._insist(lambda: self._warehouse.pack(key, [{"lines": units, "weight_grams": grams}]))

    def _carry(self, one: Replayed, number: str) -> None:
        handed_over = one.sold.handed_to_carrier_at or one.sold.purchased_at
        for code, at in (("picked_up", handed_over), ("delivered", one.sold.delivered_at)):
            if at and (code == "picked_up" or one.sold.goal is Goal.DELIVERED):
                event = {"tracking_number": number, "code": code, "at": at.isoformat()}
                self._send("carriers/sandbox", "sandbox", f"{number}-{code}", {"events": [event]})

    def _send(self, path: str, sender: str, key: str, message: Mapping[str, Any]) -> None:
        body = json.dumps(message).encode()
        headers = sign(self._access.webhooks[sender], f"msg_{key}", body)
        self._anybody.webhook(path, body, headers)

    def _insist(self, ask: Callable[[], object]) -> None:
        """Again where somebody else was faster with the same order, as the API asks for."""
        for attempt in range(_TRIES):
            try:
                ask()
            except Refused as refusal:
                busy = refusal.problem.get("type", "").endswith(":conflict")
                if not busy or refusal.status != HTTPStatus.CONFLICT or attempt == _TRIES - 1:
                    raise
                threading.Event().wait(0.1 * (attempt + 1))
            else:
                return

    def _submit(
        self, pool: ThreadPoolExecutor, work: Callable[..., None], one: Replayed, *given: Any
    ) -> None:
        """Have it done; an order that fails is noted, and over."""

        def note(done: Future[None]) -> None:
            if done.cancelled() or not (error := done.exception()):
                return
            with self._lock:
                self.faults.append(f"{one.order_id}: {type(error).__name__}: {error}")
                self._ended.add(one.order_id)
                self._settle(one)

        pool.submit(work, one, *given).add_done_callback(note)


def run(
    orders: Sequence[Replayed], outputs: Outputs, access: Access, at_once: int = AT_ONCE
) -> tuple[Replay, float]:
    """Feed all orders and wait for their ends; answers the seconds it took."""
    replay = Replay(orders, outputs, access, at_once)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
    )
    try:
        with listening(outputs, replay.hear), Progress(*columns, console=console) as progress:
            what = f"Orders to their ends, {at_once} at a time"
            bar = progress.add_task(what, total=len(orders), rate="")
            began = time.monotonic()
            threading.Thread(target=replay.put_in, daemon=True).start()
            while not _over(replay, len(orders)):
                rate = replay.settled / (time.monotonic() - began)
                progress.update(bar, completed=replay.settled, rate=f"{rate:.1f}/s")
                time.sleep(0.25)
            seconds = replay.heard_at - began
            rate = replay.settled / seconds
            progress.update(bar, completed=replay.settled, rate=f"{rate:.1f}/s")
    finally:
        replay.close()
    return replay, seconds


def _over(replay: Replay, count: int) -> bool:
    """All settled and nothing heard for a moment; or nothing heard for so long that it is stuck."""
    silent = time.monotonic() - replay.heard_at
    return silent > (_QUIET_SECONDS if replay.settled == count else _STUCK_SECONDS)


def outcomes(
    orders: Iterable[Replayed], refused: set[str], stored: Mapping[str, Order]
) -> tuple[Counter[str], list[str]]:
    """How many orders ended how, and those that ended otherwise than they should."""
    counts: Counter[str] = Counter()
    wrong = []
    for one in orders:
        order = stored.get(one.order_id)
        found = "refused" if order is None else _outcome(order)
        counts[found] += 1
        if order is None and one.order_id not in refused:
            wrong.append(f"{one.order_id} is lost")
        elif order is not None and one.order_id in refused:
            wrong.append(f"{one.order_id} was refused and is {found}")
        elif found in ("refused", "held"):
            if not any(is_short(line.product_id) for line in one.sold.lines):
                wrong.append(f"{one.order_id} is {found}, but there was enough for it")
        elif found != one.sold.goal:
            wrong.append(f"{one.order_id} is {found}, not {one.sold.goal}")
        if order is not None and one.by_storefront and order.totals.total.minor != one.sold.total:
            wrong.append(f"{one.order_id}: {order.totals.total}, sold for {one.sold.total}")
    return counts, wrong


def _outcome(order: Order) -> str:
    if order.status is OrderStatus.CANCELED:
        return "canceled"
    if order.on_hold or any(line.backordered for line in order.lines):
        return "held"
    if order.fulfillment_state in (FulfillmentState.DELIVERED, FulfillmentState.SHIPPED):
        return str(order.fulfillment_state)
    return "placed"


@command
def main() -> None:
    began = time.monotonic()
    given = _arguments()
    orders = _read(given.orders, given.limit)
    goods = catalog(
        orders,
        sellers(given.orders.with_name("sellers.jsonl.gz")),
        weights(given.orders.with_name("products.jsonl.gz")),
    )
    home = HOME / "replay"
    aws = EmbeddedAws(free_port(), home)
    try:
        with step("Booting an embedded AWS of its own"):
            aws.start()
        outputs = deploy(aws)
        keys = access(home)
        what = (
            f"{len(goods.products)} products, {len(goods.locations)} sellers, {goods.units} units"
        )
        with step(f"Seeding {what}"), Doorstep(outputs.api_url, keys.keys["admin"]) as admin:
            seed(goods, admin)
        replay, seconds = run(orders, outputs, keys)
        with step("Reading every row of the tables"), Aws(outputs.endpoint) as tables:
            rows = list(tables.rows(outputs.table_name))
            provider = list(tables.rows(outputs.sandbox_table_name))
            stored = {order.order_id: order for order in conservation.orders(rows)}
            counts, wrong = outcomes(orders, replay.refused, stored)
            wrong += conservation.violations(rows, provider)
    finally:
        aws.stop()
        shutil.rmtree(home / "tmp", ignore_errors=True)
    _report(counts, len(orders), seconds, time.monotonic() - began, stored.values())
    for line in hindsight.report(
        hindsight.routing(rows, stored.values()),
        hindsight.remade(orders, stored, goods.locations, goods.delivery_options[0]),
        hindsight.of_the_shop(orders, stored),
        currency=orders[0].sold.currency,
    ):
        console.print(line, soft_wrap=True)
    console.print()
    for fault in (*replay.faults, *wrong)[:_SHOWN]:
        console.print(f"[red]✗[/red] {fault}", soft_wrap=True)
    if replay.faults or wrong or sum(counts.values()) != len(orders):
        console.print(f"[red]✗[/red] {len(replay.faults) + len(wrong)} things do not add up.")
        sys.exit(1)
    console.print("[green]✓[/green] Everything adds up.")


def _report(
    counts: Counter[str], fed: int, seconds: float, whole: float, stored: Iterable[Order]
) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("outcome")
    table.add_column("orders", justify="right")
    meanings = {
        "placed": "with the seller, as in the data",
        "refused": "out of stock at the checkout: nothing held, nothing charged",
        "held": "paid elsewhere, and short: a person decides",
        "shipped": "with the carrier, as in the data",
        "delivered": "at the doorstep",
        "canceled": "as in the data; stock and money given back",
    }
    table.add_column("meaning")
    for outcome, meaning in meanings.items():
        table.add_row(outcome, str(counts[outcome]), meaning)
    table.add_row(
        "[bold]together[/bold]", f"[bold]{sum(counts.values())}[/bold]", f"of {fed} put in"
    )
    console.print()
    console.print(table)
    stored = list(stored)
    parcels = sum(len(order.shipments) for order in stored)
    captured = sum(order.captured.minor for order in stored)
    console.print(
        f"\n{fed / seconds:.1f} orders/s: {fed} orders, {parcels} parcels and {captured / 100:,.2f}"
        f" captured in {seconds:.0f} s ({whole:.0f} s with the deployment and the checks)\n",
        soft_wrap=True,
    )


def _read(file: Path, limit: int) -> list[Replayed]:
    try:
        return read(file, limit)
    except OrdersError as error:
        console.print(f"[red]✗[/red] {error}", soft_wrap=True)
        sys.exit(1)


def _arguments() -> Any:
    parser = argparse.ArgumentParser(
        prog="make replay",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--orders", type=Path, required=True, help="a file of orders, .gz or plain")
    parser.add_argument("--limit", type=int, default=500, help="how many of them (500)")
    given = parser.parse_args()
    if given.limit < 1:
        parser.error("--limit is at least 1")
    return given


if __name__ == "__main__":
    main()
