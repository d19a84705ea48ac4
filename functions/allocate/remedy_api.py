"""HTTP: orders that cannot be filled, and remedies → listed, offered, chosen, withdrawn.

Repeats are harmless: one offer of an order is open at a time, and a choice is taken once.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from pydantic import Field

from doorstep.domain.errors import InvalidCommand
from doorstep.domain.order import order_of
from doorstep.domain.record import Command, Moment
from doorstep.domain.remedy import Remedy, RemedyKind, RemedyPolicy
from doorstep.domain.remedying import MAX_SUBSTITUTED
from doorstep.runtime import web, wiring
from doorstep.runtime.views import RemedyView, UnfillablePage
from doorstep.usecases.remedy import choose_remedy, offer_remedy, withdraw_remedy
from doorstep.usecases.unfillable import unfillable_orders

app = web.api()
handler = web.entered(app)

Token = Annotated[str, Field(min_length=1, max_length=200)]
Channel = Annotated[str, web.Path(pattern="^[a-z0-9][a-z0-9_-]{0,39}$")]
Page = Annotated[int, web.Query(ge=1, le=50)]


class RemedyOffer(Command):
    """An offer that an agent makes; left out, the policy says until when it stands."""

    deadline: Moment | None = None


class RemedyChoice(Command):
    """What the customer wants done."""

    kind: RemedyKind
    substitutes: dict[str, str] = Field(default_factory=dict, max_length=MAX_SUBSTITUTED)
    """line id → the SKU to be sent instead; a line left out gets the first one offered."""


class LinkedChoice(RemedyChoice):
    """The same, by whoever has the link of the mail."""

    token: Token


@app.get("/unfillable")
def unfillable(limit: Page = 20, after: web.After = None) -> UnfillablePage:
    web.caller(app).may("agent")
    found, cursor = unfillable_orders(limit, after, orders=wiring.orders(), queues=wiring.queues())
    return UnfillablePage.of(found, cursor)


@app.post("/orders/<order_id>/remedies", responses=web.CREATED)
def offer(order_id: web.Id, wanted: RemedyOffer) -> web.Response[RemedyView]:
    caller = web.caller(app)
    caller.may("agent")
    remedy = offer_remedy(
        order_id,
        deadline=wanted.deadline,
        orders=wiring.orders(caller.name),
        catalog=wiring.catalog(),
        stock=wiring.stock(),
        tax=wiring.tax_engine(),
        policies=wiring.policies(),
        clock=wiring.clock,
    )
    return web.answer(RemedyView.of(remedy), HTTPStatus.CREATED)


@app.get("/remedies/<remedy_id>")
def show(remedy_id: web.Id) -> RemedyView:
    return RemedyView.of(_shown(remedy_id))


@app.post("/remedies/<remedy_id>/choose")
def choose(remedy_id: web.Id, choice: RemedyChoice) -> RemedyView:
    _shown(remedy_id)
    return _chosen(remedy_id, choice, by=web.caller(app).name)


@app.post("/remedies/<remedy_id>/withdraw")
def withdraw(remedy_id: web.Id) -> RemedyView:
    caller = web.caller(app)
    caller.may("agent")
    orders = wiring.orders(caller.name)
    return RemedyView.of(withdraw_remedy(remedy_id, orders=orders, clock=wiring.clock))


@app.get("/remedy-offers/<remedy_id>")
def show_by_link(remedy_id: web.Id, token: Annotated[str, web.Query(max_length=200)]) -> RemedyView:
    wiring.links().check(remedy_id, token)
    return RemedyView.of(wiring.orders().get(order_of(remedy_id)).remedy(remedy_id))


@app.post("/remedy-offers/<remedy_id>")
def choose_by_link(remedy_id: web.Id, choice: LinkedChoice) -> RemedyView:
    wiring.links().check(remedy_id, choice.token)
    return _chosen(remedy_id, choice, by="customer by link")


@app.get("/remedy-policies/<channel>")
def show_policy(channel: Channel) -> RemedyPolicy:
    web.caller(app).may("agent")
    return wiring.policies().remedy(channel)


@app.put("/remedy-policies/<channel>")
def save_policy(channel: Channel, policy: RemedyPolicy) -> RemedyPolicy:
    web.caller(app).may()
    if policy.channel != channel:
        raise InvalidCommand({"channel": f"the address says {channel!r}"})
    wiring.policies().save(policy)
    return policy


def _shown(remedy_id: str) -> Remedy:
    """The remedy, if the caller may know of its order."""
    order = web.caller(app).shown(wiring.orders().get(order_of(remedy_id)))
    return order.remedy(remedy_id)


def _chosen(remedy_id: str, choice: RemedyChoice, *, by: str) -> RemedyView:
    remedy = choose_remedy(
        remedy_id,
        choice.kind,
        choice.substitutes,
        orders=wiring.orders(by),
        catalog=wiring.catalog(),
        stock=wiring.stock(),
        gateway=wiring.payment_gateway(),
        clock=wiring.clock,
    )
    return RemedyView.of(remedy)
