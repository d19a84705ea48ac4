"""A whole shop in memory: every port a fake, every use case in the words of the business.

`settle` does what buses, queues and workflows do: it hands every event to whoever waits for it and
runs each fulfillment order's workflow as far as it goes. `check` holds the invariants against it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from doorstep.adapters.links import MIN_SECRET, SignedLinks
from doorstep.adapters.payments.sandbox import Token
from doorstep.domain import placing
from doorstep.domain.address import Address
from doorstep.domain.catalog import Product
from doorstep.domain.errors import CaptureDeclined, Failure, NotSupported, ProviderUnavailable
from doorstep.domain.events import TimelineItem
from doorstep.domain.fulfillment import FulfillmentOrder
from doorstep.domain.money import Money
from doorstep.domain.order import Order
from doorstep.domain.payment import STOREFRONT, Method, Payment, PaymentEvent
from doorstep.domain.refunding import WantedRefund
from doorstep.domain.refunds import Refund, RefundReason
from doorstep.domain.remedy import Remedy, RemedyKind
from doorstep.domain.returning import ReceivedUnits, WantedReturn
from doorstep.domain.returns import Return
from doorstep.domain.rules import SourcingRules
from doorstep.domain.shipment import ShipmentStatus, Tracking
from doorstep.domain.shipping import Parcel
from doorstep.domain.storefront import CancellationNews, News, OrderNews, StorefrontOrder
from doorstep.ports import CarrierNews, Consignment, Label, Screening, TaxedAmount
from doorstep.usecases import (
    bookkeeping,
    delays,
    dunning,
    expire,
    ingest,
    make,
    outage,
    pickup,
    products,
    refund,
    remedy,
    rerouting,
    returns,
    ship,
    standing,
)
from doorstep.usecases.allocate import Allocated, allocate_orders
from doorstep.usecases.cancel import cancel_order
from doorstep.usecases.cart import Checkout
from doorstep.usecases.checkout import Placed, check_out
from doorstep.usecases.notify import notify
from doorstep.usecases.refill import refill
from doorstep.usecases.retry import request_allocation, retry_waiting
from doorstep.usecases.rules import write_rules
from tests import builders as a
from tests.contract.fakes import (
    FakeDocuments,
    FakeGateway,
    FakeNotifier,
    FakeReconciliations,
    FakeWorkflow,
)
from tests.contract.fakes_orders import (
    FakeCatalog,
    FakeDecisions,
    FakeLedger,
    FakeOrders,
    FakePlaces,
    FakePolicies,
    FakeQueues,
    FakeRuleBook,
    FakeStandings,
    FakeStock,
    Memory,
)
from tests.invariants import Moved, broken

TTL = 900


class FakeTax:
    """19 % on everything, which every price includes."""

    def tax(self, amounts: Iterable[tuple[str, Money]], destination: Address) -> list[TaxedAmount]:
        del destination
        return [
            TaxedAmount(
                tax=Money(minor=amount.minor * 19 // 119, currency=amount.currency), included=True
            )
            for _, amount in amounts
        ]


class FakeFraud:
    """Whoever calls themselves Mallory is looked at by a person."""

    def screen(self, order: Order) -> Screening:
        odd = order.customer.name == "Mallory"
        return Screening(score=90 * odd, reasons=("known name",) if odd else (), review=odd)


class FakeCarrier:
    """A carrier that knows our references; `down` makes it fail."""

    def __init__(self) -> None:
        self.labels: dict[str, Label] = {}
        self.down = False

    def buy_label(self, consignment: Consignment) -> Label:
        if self.down:
            raise ProviderUnavailable("the carrier is down")
        number = f"T{len(self.labels) + 1:04}"
        label = Label(carrier="sandbox", tracking_number=number, pdf=b"%PDF-")
        return self.labels.setdefault(consignment.reference, label)

    def parse(self, body: bytes) -> list[CarrierNews]:
        raise NotImplementedError(body)


class FakeProviders(FakeGateway):
    """Every payment with the provider that it was made with; a storefront keeps its own money."""

    def refund(self, payment: Payment, event: PaymentEvent) -> str:
        if payment.provider == STOREFRONT:
            raise NotSupported("The storefront took this payment.")
        return super().refund(payment, event)


class Shop:
    """Somebody who sells mugs, with all that is behind it."""

    def __init__(self) -> None:
        self.clock = a.Clock()
        self.memory = Memory(clock=self.clock)
        self.orders = FakeOrders(self.memory, self.clock)
        self.stock = FakeStock(self.memory)
        self.catalog = FakeCatalog(self.memory)
        self.queues = FakeQueues(self.memory)
        self.places = FakePlaces(self.memory)
        self.rule_book = FakeRuleBook(self.memory)
        self.decisions = FakeDecisions(self.memory)
        self.standings = FakeStandings(self.memory)
        self.policies = FakePolicies()
        self.links = SignedLinks("https://shop.example/remedies", ("s" * MIN_SECRET,), self.clock)
        self.payment_links = SignedLinks(
            "https://shop.example/pay", ("s" * MIN_SECRET,), self.clock, "payment"
        )
        self.gateway = FakeProviders(self.clock)
        self.reconciliations = FakeReconciliations()
        self.carrier = FakeCarrier()
        self.documents = FakeDocuments()
        self.notifier = FakeNotifier()
        self.workflow = FakeWorkflow()
        self.tax = FakeTax()
        self.fraud = FakeFraud()
        self._heard: dict[str, int] = {}
        self._running: dict[str, str] = {}
        self._receipts = 0
        self.catalog.save(a.delivery(), a.location("BERLIN"))

    # --- what merchants do ----------------------------------------------------------------------

    def sells(self, sku: str, price: str = "12.00", **units: int) -> None:
        """`sells("MUG", BERLIN=3)`: a product, and where it is."""
        self.catalog.save(a.product(sku, price))
        self.gets(sku, **units)

    def saves(self, product: Product) -> None:
        """A product with its terms, as the catalog's API takes it."""
        products.save_product(
            product, by="Ann", catalog=self.catalog, stock=self.stock, clock=self.clock
        )

    def offers(self, order_id: str, *, until: datetime | None = None) -> Remedy:
        """An agent offers the customer a way out."""
        return remedy.offer_remedy(
            order_id,
            deadline=until,
            orders=self.orders,
            catalog=self.catalog,
            stock=self.stock,
            tax=self.tax,
            policies=self.policies,
            clock=self.clock,
        )

    def gets(self, sku: str, **units: int) -> None:
        """Goods arrive."""
        for place, quantity in units.items():
            if place not in self.memory.locations:
                self.catalog.save(a.location(place, a.HAMBURG if place == "HAMBURG" else a.BERLIN))
            self._receipts += 1
            self.stock.move(a.received(sku, place, quantity, cause=f"receipt-{self._receipts}"))

    def rules(self, channel: str = "web", **rules: Any) -> SourcingRules:
        """Routes the orders of a channel by these rules from now on."""
        version = 1 + len(self.memory.editions.get(channel, []))
        given = SourcingRules(channel=channel, version=version, **rules)
        ports: dict[str, Any] = {"rule_book": self.rule_book, "clock": self.clock}
        return write_rules(channel, given, by="ann", **ports).rules

    # --- what customers do ----------------------------------------------------------------------

    def buys(self, *lines: tuple[str, int], key: str = "cart-1", **more: Any) -> Order:
        return self.check_out(a.cart(*lines, **more), key).order

    def check_out(self, command: Checkout, key: str = "cart-1", **ports: Any) -> Placed:
        common: dict[str, Any] = {
            "orders": self.orders,
            "catalog": self.catalog,
            "stock": self.stock,
            "gateway": self.gateway,
            "payment_methods": dict.fromkeys(Method, "sandbox"),
            "tax": self.tax,
            "fraud": self.fraud,
            "clock": self.clock,
            "ttl_seconds": TTL,
        }
        return check_out(command, key, **common | ports)

    def cancels(
        self, order_id: str, reason: str = "changed my mind", *, force: bool = False
    ) -> Order:
        return cancel_order(
            order_id,
            reason,
            orders=self.orders,
            gateway=self.gateway,
            clock=self.clock,
            force=force,
        )

    def wants_back(self, order_id: str, *wanted: WantedReturn, key: str = "r1") -> Return:
        return returns.request_return(
            order_id,
            wanted,
            key,
            orders=self.orders,
            catalog=self.catalog,
            carrier=self.carrier,
            documents=self.documents,
            clock=self.clock,
        )

    def keeps(self, return_id: str) -> Return:
        """They will not send it back after all."""
        return returns.cancel_return(return_id, orders=self.orders)

    def chooses(self, remedy_id: str, kind: str, **substitutes: str) -> Remedy:
        """`chooses("O-A-M1", "substitute", L1="CUP")`: cups in the place of line 1."""
        return remedy.choose_remedy(
            remedy_id,
            RemedyKind(kind),
            {name.removeprefix("L"): sku for name, sku in substitutes.items()},
            orders=self.orders,
            catalog=self.catalog,
            stock=self.stock,
            gateway=self.gateway,
            clock=self.clock,
        )

    # --- what storefronts tell ------------------------------------------------------------------

    def hears(self, news: News | StorefrontOrder, storefront: str = "shopify") -> Order | None:
        return self.hears_through(news, {}, storefront)

    def hears_through(
        self, news: News | StorefrontOrder, ports: Mapping[str, Any], storefront: str = "shopify"
    ) -> Order | None:
        """The same, with some ports replaced."""
        if isinstance(news, StorefrontOrder):
            news = OrderNews(order=news)
        common: dict[str, Any] = {
            "orders": self.orders,
            "catalog": self.catalog,
            "stock": self.stock,
            "clock": self.clock,
        }
        return ingest.follow_storefront(storefront, news, **common | ports)

    def hears_cancellation(
        self, external_id: str, order: StorefrontOrder | None = None
    ) -> Order | None:
        news = CancellationNews(external_id=external_id, reason="customer", order=order)
        return self.hears(news)

    # --- what happens by itself -----------------------------------------------------------------

    def allocates(self, *order_ids: str) -> Allocated:
        return allocate_orders(
            order_ids,
            orders=self.orders,
            stock=self.stock,
            catalog=self.catalog,
            workflow=self.workflow,
            clock=self.clock,
        )

    def requests_allocation(self, order_id: str) -> Order:
        return request_allocation(order_id, by="ann", orders=self.orders, clock=self.clock)

    def holds(self, order_id: str, hold_id: str = "h") -> Order:
        held = placing.put_on_hold(
            self.order(order_id), hold_id, ("odd",), by="ann", at=self.clock()
        )
        return self.orders.commit(held)[0]

    def releases_hold(self, order_id: str, hold_id: str) -> Order:
        freed = placing.release_hold(self.order(order_id), hold_id, by="ann", at=self.clock())
        return self.orders.commit(freed)[0]

    def tries_again(self) -> Allocated:
        """The scheduled look for locations."""
        return retry_waiting(
            orders=self.orders,
            queues=self.queues,
            stock=self.stock,
            catalog=self.catalog,
            workflow=self.workflow,
            clock=self.clock,
        )

    def refills(self, limit: int = 100) -> Allocated:
        """The look for waiting orders, when goods have come."""
        return refill(
            queues=self.queues,
            orders=self.orders,
            stock=self.stock,
            catalog=self.catalog,
            workflow=self.workflow,
            clock=self.clock,
            limit=limit,
        )

    def expires(self) -> expire.Settled:
        """The scheduled settlement: of checkouts, and of money."""
        settlement = expire.Settlement(self.orders, self.gateway, self.fraud, self.clock)
        return expire.settle_unfinished(settlement, queues=self.queues)

    def switches(self, place: str, reason: str | None = "flooded") -> None:
        """Somebody switches a location off, or on without a reason."""
        ports: dict[str, Any] = {"catalog": self.catalog, "places": self.places}
        outage.switch(place, reason, clock=self.clock, **ports)
        self.advance(seconds=1)

    def carries_out_switches(self) -> outage.CarriedOut:
        return outage.carry_out(
            places=self.places,
            queues=self.queues,
            orders=self.orders,
            stock=self.stock,
            clock=self.clock,
        )

    def arrives(self, key: str) -> Order:
        """What was shipped to a store is there."""
        return pickup.arrive(key, orders=self.orders, clock=self.clock)

    def collects(self, key: str, code: str = "", identity: str = "") -> Order:
        said = code or ("" if identity else self.order_of(key).pickup_code)
        collection = pickup.Collection(code=said, identity=identity)
        return pickup.collect(key, collection, orders=self.orders, clock=self.clock)

    def looks_after_pickups(self) -> pickup.Swept:
        """The scheduled look for what nobody collected."""
        return pickup.sweep(orders=self.orders, queues=self.queues, clock=self.clock)

    def takes_back(self) -> tuple[str, ...]:
        """The scheduled look for locations that let their time pass."""
        return rerouting.take_back_late(orders=self.orders, queues=self.queues, clock=self.clock)

    def watches(self) -> standing.Watched:
        """The scheduled look at what moved."""
        return standing.watch(
            ledger=FakeLedger(self.memory),
            queues=self.queues,
            standings=self.standings,
            catalog=self.catalog,
            stock=self.stock,
            clock=self.clock,
        )

    def remedies(self) -> remedy.Swept:
        """The scheduled look at what is to be offered, and at what nobody chose."""
        return remedy.sweep_remedies(
            orders=self.orders,
            queues=self.queues,
            catalog=self.catalog,
            stock=self.stock,
            tax=self.tax,
            policies=self.policies,
            gateway=self.gateway,
            clock=self.clock,
        )

    def alerts(self) -> tuple[str, ...]:
        return delays.raise_delays(orders=self.orders, queues=self.queues, clock=self.clock)

    # --- what is made to order ------------------------------------------------------------------

    def instructs(self, order_id: str, **lines: Mapping[str, str]) -> Order:
        """`instructs(order_id, L1={"engraving": "Bob"})`: an agent says anew how pieces are."""
        return make.correct_instructions(
            order_id,
            {name.removeprefix("L"): said for name, said in lines.items()},
            by="ann",
            orders=self.orders,
            catalog=self.catalog,
            clock=self.clock,
        )

    def begins(self, key: str) -> Order:
        """The workshop begins with a work order."""
        return make.start(key, orders=self.orders, clock=self.clock)

    def finishes(self, key: str) -> Order:
        return make.finish(key, orders=self.orders, clock=self.clock)

    def passes(self, key: str) -> Order:
        """The quality check has nothing to say."""
        return make.pass_check(key, orders=self.orders, clock=self.clock)

    def fails(self, key: str, reason: str = "crooked") -> Order:
        return make.fail_check(key, reason, orders=self.orders, clock=self.clock)

    def scraps(self, key: str, pieces: int, *, again: bool = True, reason: str = "split") -> Order:
        """So many pieces are spoiled, in all."""
        return make.scrap(key, pieces, reason, again=again, orders=self.orders, clock=self.clock)

    def makes(self, *keys: str) -> None:
        """All of it, without a hitch."""
        for key in keys:
            self.begins(key)
            self.finishes(key)
            self.passes(key)

    def prints(self, key: str) -> str:
        """The document of a work order."""
        return make.put_on_paper(
            key,
            orders=self.orders,
            catalog=self.catalog,
            documents=self.documents,
            printer=lambda sheet: sheet.model_dump_json().encode(),
        )

    # --- what locations and carriers do ---------------------------------------------------------

    def releases(self, key: str, token: str = "") -> None:
        ship.release(key, token or f"token of {key}", orders=self.orders, workflow=self.workflow)

    def packs(self, key: str, *parcels: Parcel) -> Order:
        boxes = parcels or a.whole(self.fulfillment_order(key))
        return ship.pack(key, boxes, orders=self.orders, clock=self.clock)

    def retries(self, key: str) -> Order:
        return ship.retry(key, orders=self.orders)

    def sets_aside(self, key: str) -> None:
        ship.set_aside(key, "failed", orders=self.orders, clock=self.clock)

    def unpacks(self, key: str) -> Order:
        return ship.unpack(key, orders=self.orders)

    def rejects(self, key: str, reason: str = "damaged") -> Order:
        return ship.reject(key, reason, orders=self.orders)

    def moves(self, key: str, to: str, reason: str = "nearer") -> Order:
        """An agent gives it to another location."""
        return rerouting.move(
            key,
            rerouting.Move(location_id=to, reason=reason),
            orders=self.orders,
            stock=self.stock,
            catalog=self.catalog,
            clock=self.clock,
        )

    def misses(self, key: str, **missing: int) -> Order:
        """`misses("O-A-F1", L1=2)`: two units of line 1 are not there."""
        units = {name.removeprefix("L"): quantity for name, quantity in missing.items()}
        return ship.report_short(key, units, orders=self.orders)

    def captures(self, key: str) -> None:
        ship.capture(key, orders=self.orders, gateway=self.gateway, clock=self.clock)

    def labels(self, key: str) -> None:
        ship.buy_labels(
            key,
            orders=self.orders,
            catalog=self.catalog,
            carrier=self.carrier,
            documents=self.documents,
        )

    def dispatches(self, key: str) -> None:
        ship.dispatch(key, orders=self.orders, clock=self.clock)

    def ships(self, key: str) -> Order:
        """Everything from packed to handed over."""
        self.captures(key)
        self.labels(key)
        self.dispatches(key)
        return self.order_of(key)

    def says(
        self, shipment_id: str, status: str, at: datetime | None = None, key: str = ""
    ) -> bool:
        """The carrier reports a parcel's status."""
        shipment = self.order_of(shipment_id).shipment(shipment_id)
        when = at or self.clock()
        news = Tracking(
            key=key or f"{status}@{when.isoformat()}", status=ShipmentStatus(status), at=when
        )
        return ship.track(
            CarrierNews(
                carrier=shipment.carrier, tracking_number=shipment.tracking_number, tracking=news
            ),
            orders=self.orders,
            queues=self.queues,
        )

    def counts(self, return_id: str, **units: int | tuple[int, int]) -> Order:
        """What came back: `counts(key, L1=2)`, or `L1=(2, 1)` where one of two is damaged."""
        counted: dict[str, ReceivedUnits] = {}
        for name, came in units.items():
            received, damaged = came if isinstance(came, tuple) else (came, 0)
            counted[name.removeprefix("L")] = ReceivedUnits(received=received, damaged=damaged)
        return returns.receive_return(return_id, counted, orders=self.orders, clock=self.clock)

    def refunds(self, return_id: str) -> Order:
        return refund.refund_return(
            return_id, orders=self.orders, gateway=self.gateway, clock=self.clock
        )

    def gives_back(
        self, order_id: str, amount: str = "", key: str = "refund-1", **more: Any
    ) -> Refund:
        """An agent gives money back without a return."""
        wanted = WantedRefund(
            **{"reason": RefundReason.GOODWILL, "amount": a.eur(amount) if amount else None} | more
        )
        return refund.grant_refund(
            order_id,
            wanted,
            key,
            by="ann",
            orders=self.orders,
            gateway=self.gateway,
            clock=self.clock,
        )

    def pays_again(
        self, key: str, token: str = Token.APPROVE, request: str = "another card"
    ) -> Payment:
        """The customer gives another card."""
        return dunning.pay_again(
            key,
            token,
            request,
            methods=dict.fromkeys(Method, "sandbox"),
            orders=self.orders,
            gateway=self.gateway,
            clock=self.clock,
        )

    def reconciles(self) -> bookkeeping.Compared:
        """The scheduled comparison with the provider's report."""
        return bookkeeping.reconcile_payments(
            "sandbox",
            report=self.gateway.report,
            orders=self.orders,
            queues=self.queues,
            reconciliations=self.reconciliations,
            clock=self.clock,
        )

    # --- a whole life in one breath -------------------------------------------------------------

    def sold(self, *lines: tuple[str, int], key: str = "cart-1", **more: Any) -> Order:
        """Bought and allocated."""
        order = self.buys(*lines, key=key, **more)
        self.allocates(order.order_id)
        return self.order(order.order_id)

    def packed(self, *lines: tuple[str, int], key: str = "cart-1", **more: Any) -> Order:
        """Bought, allocated and packed, by every location."""
        order = self.sold(*lines, key=key, **more)
        for one in order.fulfillment_orders:
            self.releases(one.fulfillment_order_id)
            self.packs(one.fulfillment_order_id)
        return self.order(order.order_id)

    def shipped(self, *lines: tuple[str, int], key: str = "cart-1", **more: Any) -> Order:
        order = self.packed(*lines, key=key, **more)
        for one in order.fulfillment_orders:
            self.ships(one.fulfillment_order_id)
        return self.order(order.order_id)

    def delivered(self, *lines: tuple[str, int], key: str = "cart-1", **more: Any) -> Order:
        order = self.shipped(*lines, key=key, **more)
        for shipment in order.shipments:
            self.says(shipment.shipment_id, "delivered")
        return self.order(order.order_id)

    # --- what buses, queues and workflows do ----------------------------------------------------

    def settle(self, times: int = 1) -> None:
        """Hand out every new event so many times, and run the workflows, until all is quiet."""
        while new := self._new_events():
            for item in new:
                for _ in range(times):
                    self._hand_out(item)
            for _ in range(times):
                self._run_workflows()

    def _new_events(self) -> list[TimelineItem]:
        new = []
        for order_id, timeline in self.memory.timelines.items():
            heard = self._heard.get(order_id, 0)
            new += timeline[heard:]
            self._heard[order_id] = len(timeline)
        return new

    def _hand_out(self, item: TimelineItem) -> None:
        if item.name in _ALLOCATE:
            self.allocates(item.order_id)
        if item.name in _RESUME:
            key = str(item.data["fulfillment_order_id"])
            self._run_workflows()  # the token is parked before an answer is of use
            ship.wake(key, orders=self.orders, workflow=self.workflow)
        if item.name == "fulfillment_order.resumed":
            key = str(item.data["fulfillment_order_id"])
            ship.restart(key, orders=self.orders, workflow=self.workflow)
        if item.name == "return.received":
            self.refunds(str(item.data["return_id"]))
        notify(
            item,
            orders=self.orders,
            notifier=self.notifier,
            links=self.links,
            payment_links=self.payment_links,
        )

    def _run_workflows(self) -> None:
        """Start what was started, go on with what was woken; each execution goes its way once."""
        for name, one in self.workflow.started.items():
            key = one.fulfillment_order_id
            if name not in self._running:
                self._running[name] = "released"
                self.releases(key, token=name)
            if self._running[name] == "released" and name in self.workflow.woken:
                self._running[name] = "ended"
                if not self.workflow.woken[name]:
                    self._go_on(key)

    def _go_on(self, key: str) -> None:
        for step in (self.captures, self.labels, self.dispatches):
            for attempt in range(3):
                try:
                    step(key)
                except CaptureDeclined:
                    return
                except Failure:
                    if attempt == 2:
                        self.sets_aside(key)
                        return
                else:
                    break

    # --- what a test looks at -------------------------------------------------------------------

    def order(self, order_id: str) -> Order:
        return self.orders.get(order_id)

    def order_of(self, key: str) -> Order:
        return self.orders.get("-".join(key.split("-")[:2]))

    def fulfillment_order(self, key: str) -> FulfillmentOrder:
        return self.order_of(key).fulfillment_order(key)

    def left(self, sku: str) -> tuple[int, int]:
        """(available, held) of the network."""
        levels = self.stock.levels([sku])[sku]
        return levels.available, levels.held

    def at(self, place: str, sku: str) -> tuple[int, int, int]:
        """(on hand, available, allocated) at a location."""
        level = self.memory.places[sku, place]
        return level.on_hand, level.available, level.allocated

    def heard(self, order_id: str) -> list[str]:
        """The names of all events of an order."""
        return [item.name for item in self.orders.timeline(order_id)]

    def check(self) -> None:
        """Every invariant of the domain holds, and the provider's books agree with ours."""
        faults = broken(
            [order.loaded() for order in self.memory.orders.values()],
            self.stock.levels(self.memory.products).values(),
            [Moved(m.sku, m.location_id or "", m.kind, m.quantity) for m in self.memory.movements],
            self.memory.timelines,
            self.memory.days,
        )
        assert not faults, "\n".join(faults)

    def advance(self, **by: float) -> None:
        self.clock.advance(**by)

    def past_the_promise(self) -> None:
        self.clock.now += timedelta(days=30)


_ALLOCATE = {
    "order.placed",
    "order.hold_released",
    "order.allocation_requested",
    "fulfillment_order.rejected",
    "fulfillment_order.short",
    "fulfillment_order.withdrawn",
}
_RESUME = {
    "fulfillment_order.packed",
    "fulfillment_order.rejected",
    "fulfillment_order.short",
    "fulfillment_order.withdrawn",
    "fulfillment_order.canceled",
}


class Watched:
    """A port that announces every call before it is made: here a test kills, or lets others in."""

    def __init__(self, port: object, announce: Callable[[], None]) -> None:
        self._port = port
        self._announce = announce

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._announce()
            return method(*args, **kwargs)

        return call


class Killed(BaseException):
    """The process is gone: no `except` and no `else` of ours runs any more."""


class Countdown:
    """Does something before the n-th call of any port that it watches; counts from zero."""

    def __init__(self, calls: int, do: Callable[[], None]) -> None:
        self._left = calls
        self._do = do
        self.done = False

    def __call__(self) -> None:
        if self._left == 0 and not self.done:
            self.done = True
            self._do()
        self._left -= 1

    def watching(self, ports: Mapping[str, object]) -> dict[str, Any]:
        return {name: Watched(port, self) for name, port in ports.items()}


def kill() -> None:
    raise Killed
