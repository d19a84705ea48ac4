"""The ports as this deployment has them: made on first use, kept while the process lives.

The only module that imports adapters, each only when it is asked for: a function pays for what it
uses.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from doorstep.runtime.settings import settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from doorstep.domain.payment import Method
    from doorstep.ports import (
        Carrier,
        Catalog,
        Decisions,
        Documents,
        FraudScreen,
        Ledger,
        Links,
        Notifier,
        Orders,
        PaymentGateway,
        PaymentReport,
        Places,
        Policies,
        Printer,
        Queues,
        Reconciliations,
        RuleBook,
        Standings,
        Stock,
        Storefront,
        TaxEngine,
        Workflow,
    )


def clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


@cache
def _dynamodb() -> DynamoDBClient:
    from doorstep.adapters import aws

    return aws.client("dynamodb")


def orders(actor: str = "system") -> Orders:
    """Orders; what is written is written in the name of `actor`."""
    from doorstep.adapters.dynamo.orders import DynamoOrders

    return DynamoOrders(_dynamodb(), settings().require("table_name"), actor, clock)


@cache
def queues() -> Queues:
    from doorstep.adapters.dynamo.queues import DynamoQueues

    return DynamoQueues(_dynamodb(), settings().require("table_name"))


@cache
def catalog() -> Catalog:
    from doorstep.adapters.dynamo.catalog import DynamoCatalog

    return DynamoCatalog(_dynamodb(), settings().require("table_name"))


@cache
def decisions() -> Decisions:
    from doorstep.adapters.dynamo.decisions import DynamoDecisions

    return DynamoDecisions(_dynamodb(), settings().require("table_name"))


@cache
def rule_book() -> RuleBook:
    from doorstep.adapters.dynamo.rules import DynamoRuleBook

    return DynamoRuleBook(_dynamodb(), settings().require("table_name"))


@cache
def places() -> Places:
    from doorstep.adapters.dynamo.places import DynamoPlaces

    return DynamoPlaces(_dynamodb(), settings().require("table_name"))


@cache
def stock() -> Stock:
    from doorstep.adapters.dynamo.stock import DynamoStock

    return DynamoStock(_dynamodb(), settings().require("table_name"), clock)


@cache
def ledger() -> Ledger:
    from doorstep.adapters.dynamo.ledger import DynamoLedger

    return DynamoLedger(_dynamodb(), settings().require("table_name"), clock)


@cache
def standings() -> Standings:
    from doorstep.adapters.dynamo.standings import DynamoStandings

    return DynamoStandings(_dynamodb(), settings().require("table_name"), clock)


@cache
def policies() -> Policies:
    from doorstep.adapters.dynamo.policies import DynamoPolicies

    return DynamoPolicies(_dynamodb(), settings().require("table_name"))


def links() -> Links:
    """Links to choose a remedy without a login."""
    from doorstep.adapters.links import SignedLinks

    return SignedLinks(settings().require("remedy_page"), _link_secrets(), clock)


def payment_links() -> Links:
    """Links to pay in another way without a login."""
    from doorstep.adapters.links import SignedLinks

    return SignedLinks(settings().require("payment_page"), _link_secrets(), clock, "payment")


def _link_secrets() -> Sequence[str]:
    """What links are signed with, the newest first; read anew to see a rotation."""
    from doorstep.adapters.secrets import read

    known = read(settings().require("links_secret"))
    return [str(known[name]) for name in ("current", "previous") if known.get(name)]


@cache
def payment_gateway() -> PaymentGateway:
    """All payment providers in one: a payment stays with the one that it was made with."""
    from doorstep.adapters.payments import EachItsOwn

    return EachItsOwn(settings())


@cache
def payment_report() -> PaymentReport:
    """What the provider of new payments says has moved."""
    from doorstep.adapters import payments

    return payments.load(settings().payment_provider).report(settings())


@cache
def reconciliations() -> Reconciliations:
    from doorstep.adapters.dynamo.reconciliations import DynamoReconciliations

    return DynamoReconciliations(_dynamodb(), settings().require("table_name"))


@cache
def payment_methods() -> Mapping[Method, str]:
    """The provider that takes new payments of each method that is taken."""
    from doorstep.adapters import payments

    return payments.methods(settings())


@cache
def carrier(name: str = "") -> Carrier:
    from doorstep.adapters import carriers

    return carriers.load(name or settings().carrier).build(settings())


@cache
def storefront(name: str) -> Storefront:
    """The storefront of this name; raises NotFound for one that Doorstep does not know."""
    from doorstep.adapters import storefronts

    return storefronts.load(name)


@cache
def tax_engine() -> TaxEngine:
    from doorstep.adapters import tax

    return tax.load(settings().tax_engine).build(settings())


@cache
def fraud_screen() -> FraudScreen:
    from doorstep.adapters import fraud

    return fraud.load(settings().fraud_screen).build(settings())


@cache
def notifier() -> Notifier:
    from doorstep.adapters import notifications

    return notifications.load(settings().notifier).build(settings())


@cache
def documents() -> Documents:
    from doorstep.adapters.documents import S3Documents

    return S3Documents(settings().require("documents_bucket"))


def printer() -> Printer:
    """How work orders come on paper; the fonts are loaded with the first one."""
    from doorstep.adapters.work_orders import render

    return render


@cache
def inbox() -> Documents:
    """The raw bodies of webhooks."""
    from doorstep.adapters.documents import S3Documents

    return S3Documents(settings().require("inbox_bucket"))


@cache
def workflow() -> Workflow:
    from doorstep.adapters.workflow import StepFunctionsWorkflow

    return StepFunctionsWorkflow(
        settings().state_machine_arn, settings().require("table_name"), _dynamodb()
    )


def send(queue_url: str, body: str) -> None:
    """Put one message on a queue."""
    from doorstep.adapters import aws

    aws.client("sqs").send_message(QueueUrl=queue_url, MessageBody=body)


def publish(entries: list[Mapping[str, str]]) -> list[int]:
    """Put events on the bus, ten a call; answers the positions of those that it did not take."""
    from doorstep.adapters.bus import put

    return put(settings().require("event_bus_name"), entries)


def webhook_secrets(name: str) -> tuple[str, ...]:
    """The secrets a sender may sign with; none for a sender that is not set up."""
    from doorstep.adapters.secrets import read

    known = read(settings().require("webhooks_secret")).get(name, [])
    return tuple(known if isinstance(known, list) else [known])


def api_keys() -> Mapping[str, Mapping[str, object]]:
    """API callers by the SHA-256 of their key."""
    from doorstep.adapters.secrets import read

    return read(settings().require("api_keys_secret"))


def token_claims(token: str) -> Mapping[str, Any]:
    """The claims of a valid access token; raises Forbidden."""
    from doorstep.adapters.tokens import claims

    return claims(
        token,
        user_pool_id=settings().require("user_pool_id"),
        client_id=settings().require("user_pool_client_id"),
    )


def verify_webhook(sender: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raise SignatureInvalid unless the body is signed by this sender."""
    from doorstep.adapters.signatures import verify

    verify(sender, headers, body, webhook_secrets(sender), int(clock().timestamp()))


def storefronts() -> Sequence[str]:
    """The names of the storefronts that Doorstep knows."""
    from doorstep.adapters.storefronts import NAMES

    return NAMES


def carriers() -> Sequence[str]:
    """The names of the carriers that Doorstep knows."""
    from doorstep.adapters.carriers import NAMES

    return NAMES
