"""What the use cases need from the world: narrow protocols, five methods at the most."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

from doorstep.domain.address import Address
from doorstep.domain.capacity import Taken
from doorstep.domain.catalog import DeliveryOption, Location, Product, WorkStep
from doorstep.domain.events import StockItem, TimelineItem
from doorstep.domain.fulfillment import FulfillmentOrder
from doorstep.domain.ledger import Drift, LedgerRow
from doorstep.domain.money import Money
from doorstep.domain.order import Order
from doorstep.domain.papers import CycleCount, Paper, Transfer
from doorstep.domain.payment import Payment, PaymentEvent, Terms
from doorstep.domain.reconciling import Booking, Reconciliation
from doorstep.domain.record import Record
from doorstep.domain.remedy import RemedyPolicy
from doorstep.domain.rules import Edition, SourcingRules
from doorstep.domain.shipment import Tracking
from doorstep.domain.standing import Standing
from doorstep.domain.stock import Guard, Movement, StockLevels
from doorstep.domain.stock_file import StockFile
from doorstep.domain.storefront import News
from doorstep.domain.work import WorkItem

Clock = Callable[[], datetime]
"""The time now, in UTC."""


class Orders(Protocol):
    """Orders and everything under them."""

    def get(self, order_id: str) -> Order:
        """The whole aggregate, strongly consistent; raises NotFound."""

    def commit(self, *orders: Order) -> tuple[Order, ...]:
        """Write what changed, all or nothing: rows, events, stock, bookings.

        Answers the orders as they are stored now.

        Raises Conflict where another writer was first, OutOfStock where a level would fall below
        zero, FullyBooked where more of a day would be taken than there is, Duplicate where news of
        a carrier was recorded before.
        """

    def timeline(self, order_id: str) -> Sequence[TimelineItem]:
        """Every event of an order, in order."""


class Waiting(NamedTuple):
    """An order that waits for goods, or for a location to ship them.

    `skus` are those that it does not hold, None where there are too many to tell; `owed` those that
    it holds and no shelf has. `place` is where it stands in the list.
    """

    order_id: str
    skus: tuple[str, ...] | None
    place: str
    owed: tuple[str, ...] = ()


class Queues(Protocol):
    """What waits for somebody.

    Answers may lag behind the last write by a moment: decide on the record itself.
    """

    def due(self, queue: str, before: datetime, limit: int) -> Sequence[str]:
        """Ids of records of a queue whose time has come, the oldest first."""

    def fulfillment_orders(
        self, location_id: str, limit: int, after: str | None
    ) -> tuple[Sequence[FulfillmentOrder], str | None]:
        """What a location has to do, the most urgent first, and a cursor where there is more."""

    def work_items(self, limit: int, after: str | None) -> tuple[Sequence[WorkItem], str | None]:
        """Open work items, the oldest first, and a cursor where there is more."""

    def waiting(self, after: str = "") -> Iterator[Waiting]:
        """Placed orders with units that no stock holds, or no location was found for, the oldest
        first; those behind a place of this list.
        """

    def tracked(self, carrier: str, tracking_number: str) -> str:
        """The id of the order of the newest parcel, or return, that a carrier knows by this number.

        Raises NotFound.
        """


class Catalog(Protocol):
    """Products, places, delivery options."""

    def offer(
        self, skus: Iterable[str], option: str
    ) -> tuple[Mapping[str, Product], DeliveryOption | None]:
        """The products and the delivery option that a checkout needs, in one read; unknown ones are
        absent.
        """

    def products(self, skus: Iterable[str]) -> Mapping[str, Product]:
        """Products by SKU; unknown ones are absent."""

    def locations(self) -> Sequence[Location]:
        """All locations; may be a minute old."""

    def delivery_options(self) -> Sequence[DeliveryOption]:
        """All delivery options; may be a minute old."""

    def rules(self, channel: str) -> SourcingRules:
        """What routing goes by for a channel; may be a minute old."""

    def save(self, *records: Product | Location | DeliveryOption) -> None:
        """Create or replace."""


class RuleBook(Protocol):
    """The sourcing rules of every channel, in all their versions."""

    def write(self, edition: Edition) -> None:
        """Put the next version in force; raises Conflict where it is not the next one."""

    def editions(self, channel: str, limit: int) -> Sequence[Edition]:
        """The versions of a channel's own rules, the newest first."""


class Policies(Protocol):
    """What a merchant has decided once for all orders of a channel."""

    def remedy(self, channel: str) -> RemedyPolicy:
        """The channel's own, or else what is usual."""

    def save(self, policy: RemedyPolicy) -> None:
        """Create or replace."""


class Links(Protocol):
    """Addresses with which whoever has them may do one thing, for a while, without a login: choose
    a remedy, or pay in another way.
    """

    def to(self, key: str, until: datetime) -> str:
        """Where to do it, for the record of this id."""

    def check(self, key: str, token: str) -> None:
        """Raise SignatureInvalid unless the token is of a link to this record, and still good."""


class Places(Protocol):
    """Locations as they are at this moment, and what lies there."""

    def get(self, location_id: str) -> Location:
        """Strongly consistent; raises NotFound."""

    def skus(self, location_id: str, after: str | None) -> tuple[Sequence[str], str | None]:
        """What it keeps stock of, page by page, and a cursor where there is more."""

    def settled(self, location: Location) -> None:
        """Take it off the `switched` queue, unless it was switched since."""


class Decisions(Protocol):
    """What routing has decided, over all orders."""

    def routed(
        self, since: datetime, until: datetime, limit: int, after: str | None
    ) -> tuple[Sequence[TimelineItem], str | None]:
        """`order.routed` of all orders, the oldest first, and a cursor where there are more.

        Raises InvalidCommand for a cursor that is none.
        """


class Stock(Protocol):
    """Levels and the ledger, and the days of locations."""

    def levels(self, skus: Iterable[str]) -> Mapping[str, StockLevels]:
        """All levels of these SKUs; empty for an unknown one."""

    def move(
        self, *movements: Movement, guards: Sequence[Guard] = (), paper: Paper | None = None
    ) -> bool:
        """Move stock that no order is about. The same cause moves it once.

        Answers whether it was this call that moved it.

        Nothing is moved where a guard does not hold: a command that was carried out before is left
        at that, and IdempotencyKeyReused tells another one of the same name. Raises Conflict where
        a level that was seen has changed, Stale where a source was heard beyond this, OutOfStock.
        A paper is stored with the movements; Conflict where its version is not the next one.
        """

    def taken(self, first: date, last: date) -> Taken:
        """What is taken of locations' days, from the first to the last of these, in one read."""

    def transfer(self, transfer_id: str) -> Transfer:
        """Raises NotFound."""

    def cycle_count(self, location_id: str, count_id: str) -> CycleCount:
        """Raises NotFound."""

    def stock_file(self, location_id: str, source: str, sequence: int) -> StockFile:
        """Raises NotFound."""


class Ledger(Protocol):
    """The movements of stock, and the levels that they must add up to."""

    def moved(self, before: datetime, limit: int) -> Sequence[str]:
        """SKUs that moved and were not checked since, the longest waiting first."""

    def levels(self, sku: str) -> StockLevels:
        """All levels of a SKU, strongly consistent."""

    def rows(self, levels: StockLevels) -> Sequence[LedgerRow]:
        """Every movement of the SKU, in the network and in these locations."""

    def checked(self, levels: StockLevels) -> None:
        """Take the SKU off the list, but for levels that have moved since they were seen."""

    def correct(self, levels: StockLevels, found: Sequence[Drift], by: str) -> None:
        """Set levels to what the ledger says, with an entry for each place.

        Raises Conflict where they have moved since they were seen.
        """


class Standings(Protocol):
    """What was last told of the stock of SKUs, with the events that told it."""

    def find(self, skus: Iterable[str]) -> Mapping[str, Standing]:
        """By SKU; those that nobody has looked at are absent."""

    def save(self, standing: Standing) -> None:
        """Store it with its events, numbered on, and its work item.

        Raises Conflict where somebody else has stored since it was found.
        """

    def events(self, sku: str) -> Sequence[StockItem]:
        """All that was ever told of it."""


class Authorization(Record):
    """What a provider knows of an authorization, and what may be done with it."""

    reference: str
    terms: Terms = Terms()


class PaymentGateway(Protocol):
    """A payment provider. Every call carries a key of ours: repeated, it has one effect.

    What returns has happened: a request that was only taken in is PaymentOutcomeUnknown.
    """

    def authorize(self, payment: Payment, key: str) -> Authorization:
        """Reserve `payment.amount`.

        Raises PaymentDeclined, PaymentOutcomeUnknown, ProviderUnavailable.
        """

    def find(self, payment: Payment, key: str) -> Authorization | None:
        """What became of the authorization of this key; None where it never arrived, since a
        checkout is undone on that word.

        Changes nothing. Raises PaymentDeclined; PaymentOutcomeUnknown and ProviderUnavailable where
        it cannot be told now.
        """

    def capture(self, payment: Payment, event: PaymentEvent) -> str:
        """Take `event.amount`; answers the provider's reference.

        Raises CaptureDeclined and the failures above.
        """

    def refund(self, payment: Payment, event: PaymentEvent) -> str:
        """Give `event.amount` back; answers the provider's reference.

        Raises PaymentDeclined and the failures above.
        """

    def void(self, payment: Payment, event: PaymentEvent) -> None:
        """Give free what is authorized and not captured."""


class PaymentReport(Protocol):
    """What a payment provider says has moved."""

    def bookings(self, since: datetime, until: datetime) -> Iterable[Booking]:
        """Captures, refunds and chargebacks of this time."""


class Reconciliations(Protocol):
    """How our payments compared with their providers' reports, day by day."""

    def days(self, provider: str, limit: int) -> Sequence[Reconciliation]:
        """The newest first."""

    def save(self, day: Reconciliation) -> None:
        """Create or replace."""


class Consignment(Record):
    """What a carrier is asked to carry.

    `reference` is our id: repeated, the same label comes back.
    """

    reference: str
    sender: Address
    recipient: Address
    weight_grams: int
    service: str


class Label(Record):
    """A bought label."""

    carrier: str
    tracking_number: str
    pdf: bytes


class CarrierNews(Record):
    """Something a carrier said about one parcel."""

    carrier: str
    tracking_number: str
    tracking: Tracking


class Carrier(Protocol):
    """A carrier or a carrier platform."""

    def buy_label(self, consignment: Consignment) -> Label:
        """Raises InvalidCommand for an address it cannot serve, ProviderUnavailable."""

    def parse(self, body: bytes) -> Sequence[CarrierNews]:
        """Its callback in our words; empty for what is no news of a parcel.

        Raises InvalidCommand.
        """


class Storefront(Protocol):
    """A shop system that sends us its orders."""

    def parse(self, headers: Mapping[str, str], body: bytes) -> News:
        """Its message in our words. Raises InvalidCommand."""


class TaxedAmount(Record):
    """Tax on one amount.

    Where `included`, the amount holds it already; otherwise it comes on top.
    """

    tax: Money
    included: bool


class TaxEngine(Protocol):
    """Tax by destination and category."""

    def tax(
        self, amounts: Sequence[tuple[str, Money]], destination: Address
    ) -> Sequence[TaxedAmount]:
        """One answer per (tax category, amount)."""


class Screening(Record):
    """A fraud decision that explains itself.

    A score from the threshold on is reviewed by a person.
    """

    score: int
    reasons: tuple[str, ...]
    review: bool


class FraudScreen(Protocol):
    """Judges an order before it is paid."""

    def screen(self, order: Order) -> Screening: ...


class Mail(Record):
    """One message to one person. `key` is derived from its cause."""

    key: str
    to: str
    subject: str
    text: str


class Notifier(Protocol):
    """Reaches customers."""

    def send(self, mail: Mail) -> None: ...


class Documents(Protocol):
    """Files: labels, and the raw bodies of webhooks."""

    def put(self, key: str, content: bytes, content_type: str) -> None:
        """Store; the same key again replaces it with a new version."""

    def get(self, key: str) -> bytes:
        """Raises NotFound."""

    def link(self, key: str) -> str:
        """An address that opens the file, for a few minutes."""

    def upload_link(self, key: str) -> str:
        """An address that a file can be put to, for a quarter of an hour."""


class WorkSheet(Record):
    """What a workshop is handed on paper."""

    work_order_id: str
    version: int
    order_name: str
    place: str
    due: str
    """When it has to leave the workshop, and `promised`, when it has to arrive; as they are read
    there.
    """
    promised: str
    name: str
    sku: str
    quantity: int
    instructions: dict[str, str]
    steps: tuple[WorkStep, ...]
    country: str | None
    """How some characters are drawn depends on where they are read."""


Printer = Callable[[WorkSheet], bytes]
"""A work order as PDF. The same sheet makes the same bytes."""


class Workflow(Protocol):
    """The fulfillment workflow: one execution per attempt at a fulfillment order, named by it."""

    def start(self, one: FulfillmentOrder) -> None:
        """Start it; harmless where it is started already."""

    def park(self, fulfillment_order_id: str, token: str) -> None:
        """Keep the token with which the location's answer will wake the execution."""

    def succeed(self, fulfillment_order_id: str) -> None:
        """Wake it: packed. Harmless where it was woken, or has ended, already."""

    def fail(self, fulfillment_order_id: str, error: str) -> None:
        """Wake it: there is nothing to ship (`Rejected`, `Short`, `Withdrawn`, `Canceled`)."""
