"""The chapters of the demonstration: what goes well, what goes wrong, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from doorstep.domain.fulfillment import FulfillmentOrder
from doorstep.domain.order import storefront_order_id
from doorstep.runtime.views import OrderView
from local.access import sign_in
from local.client import Doorstep, Refused
from local.narrate import money, place
from local.story import Story

Cart = dict[str, Any]

_BUYERS: Mapping[str, Mapping[str, Any]] = json.loads(
    Path(__file__).with_name("buyers.json").read_text()
)


def two_places(story: Story) -> None:
    """One order, two places, two parcels."""
    story.act("Anna", "signs in and buys a casserole and two salad bowls. No place has both.")
    cart = _cart("Anna", {"POT-CAST-24": 1, "BOWL-SALAD-OLIVE": 2})
    order_id = _anna(story).place(cart, "demo-two-places").order_id
    story.orders[order_id] = "two parcels, one bowl back"
    for one in story.released(order_id, 2):
        _pack(story, one, grams=3500)
        story.shipped(order_id, one)
        order = story.service.order(order_id)
        taken, whole = money(order.payments[0].captured), money(order.totals.total)
        story.note(f"Taken so far: {taken} of {whole}. What has not been packed is not paid.")
    story.act("Carrier", "reports on both parcels: out of order, and the same thing twice.")
    parcels = story.service.order(order_id).shipments
    news = ("picked_up", "out_for_delivery", "delivered")
    story.carry(parcels, *news, said=(1, 0, 1, 2, 2))
    story.delivered(order_id)


def declined_card(story: Story) -> None:
    """A declined card."""
    before = story.service.stock("GRINDER-COFFEE").available
    story.act("Bruno", "buys three coffee grinders with an empty account.")
    cart = _cart("Bruno", {"GRINDER-COFFEE": 3}, pays="tok_decline")
    refusal = _refusal(lambda: story.shop.place(cart, "demo-declined"))
    story.act("Doorstep", f"{refusal.status}, {refusal.problem['detail']}")
    after = story.service.stock("GRINDER-COFFEE").available
    story.note(f"To be sold before: {before}; after: {after}. His stock is free again.")


def last_one(story: Story) -> None:
    """Two buyers, one vase."""
    names = ("Chiara", "David")
    story.act(" + ".join(names), "check out the last vase at the same moment.")

    def buy(name: str) -> OrderView | Refused:
        try:
            return story.shop.place(_cart(name, {"VASE-NR7": 1}), f"demo-vase-{name}")
        except Refused as refusal:
            return refusal

    with ThreadPoolExecutor(len(names)) as pool:
        answers = dict(zip(names, pool.map(buy, names), strict=True))
    for name, answer in answers.items():
        if isinstance(answer, Refused):
            left = answer.problem["short"][0]["left"]
            story.act(
                name, f"gets {answer.status}, {answer.problem['title'].lower()}: {left} left."
            )
            story.note("Stock is held before money is touched: that card was never asked.")
    for name, answer in answers.items():
        if isinstance(answer, OrderView):
            story.act(name, f"gets it for {money(answer.totals.total)}.")
            story.orders[answer.order_id] = "the last vase"
            _to_the_doorstep(story, answer.order_id, grams=1700)


def made_to_order(story: Story) -> None:
    """Made to order."""
    story.act("Émilie", "orders an engraved board, and forgets to say what to engrave.")
    cart = _cart("Émilie", {"BOARD-OAK-ENGRAVED": 1})
    refusal = _refusal(lambda: story.shop.place(cart, "demo-board-1"))
    for fault in refusal.problem["faults"]:
        story.act("Doorstep", f"{refusal.status}, {fault['path']}: {fault['fault']}")
    story.act("Émilie", "says it: “Pour Mamie Jeanne, 90 ans”.")
    cart["lines"][0]["instructions"] = {"engraving": "Pour Mamie Jeanne, 90 ans"}
    order_id = story.shop.place(cart, "demo-board-2").order_id
    story.orders[order_id] = "made to order"
    (one,) = story.released(order_id)
    for listed in story.warehouse.work(one.location_id).fulfillment_orders:
        for line in listed.lines:
            text = ", ".join(f"{name} “{text}”" for name, text in line.instructions.items())
            story.act(place(one.location_id), f"reads on its list: {line.name}: {text}")
    _make(story, order_id, one)
    _to_the_doorstep(story, order_id, grams=2300)


def turned_down(story: Story) -> None:
    """A warehouse that cannot."""
    story.act("Femke", "buys two pans. Rotterdam is next door, and has had a burst pipe.")
    cart = _cart("Femke", {"PAN-STEEL-26": 2}, option="express")
    order_id = story.shop.place(cart, "demo-pans").order_id
    story.orders[order_id] = "routed again"
    (one,) = story.released(order_id)
    story.warehouse.reject(one.fulfillment_order_id, "water damage in aisle 7")
    _to_the_doorstep(story, order_id, grams=3600)


def collected(story: Story) -> None:
    """Collected in the store."""
    story.act("David", "buys a linen apron, to collect in the store around his corner.")
    cart = _cart("David", {"LINEN-APRON-INK": 1}, option="pickup")
    cart |= {"pickup_location_id": "vienna", "shipping_address": None}
    order = story.shop.place(cart, "demo-pickup")
    story.orders[order.order_id] = "collected in the store"
    (one,) = story.released(order.order_id)
    _pack(story, one, grams=400)
    story.note("It is paid, and lies ready: no label, no carrier. His mail has the code.")
    story.mail(story.mail_to(cart["customer"]["email"], "is ready"))
    story.act("David", f"says his code: {order.pickup_code}.")
    story.warehouse.collect(one.fulfillment_order_id, order.pickup_code)
    story.delivered(order.order_id)


def sold_elsewhere(story: Story) -> None:
    """Sold on Shopify, and not all there."""
    story.act("Shopify", "reports a paid order for that same vase, and mugs. It says so twice.")
    sold = _shopify_order()
    for delivery in ("first", "again"):
        story.shopify("orders/create", sold, f"demo-{delivery}")
    order_id = storefront_order_id("shopify", str(sold["id"]))
    story.orders[order_id] = "a shortage, and a way out"
    (one,) = story.released(order_id)
    story.note("Its money is taken, so it is never refused: what is there goes out.")
    _pack(story, one, grams=1900)
    story.carry(story.shipped(order_id, one), "picked_up", "delivered")
    story.follow(order_id, "its mugs to arrive", lambda o: any(s.delivered_at for s in o.shipments))
    for short in story.service.unfillable().orders:
        names = ", ".join(f"{line.quantity} × {line.name}" for line in short.lines)
        story.act("Service", f"finds on its list: {names}, and offers a way out.")
    story.service.offer_remedy(order_id)
    _choose_by_mail(story, order_id)


def _choose_by_mail(story: Story, order_id: str) -> None:
    """The customer picks something else, by the link of the mail."""
    mail = story.mail_to(_BUYERS["Hedwig"]["customer"]["email"], "cannot be found")
    story.mail(mail)
    link = next(word for word in mail.split() if "?token=" in word)
    path, _, token = link.partition("?token=")
    story.act("Hedwig", "has no login, opens the link and takes no. 8 instead.")
    story.anybody.choose_by_link(path.rpartition("/")[2], token, "substitute")
    story.note("It costs less: the difference is the storefront's to give back, and a work item.")
    (one,) = story.released(order_id)
    _pack(story, one, grams=1600)
    story.carry(story.shipped(order_id, one), "picked_up", "delivered")
    story.delivered(order_id)
    for item in story.service.work_items().work_items:
        story.act("Service", f"finds on its list: {item.text}")


def late(story: Story) -> None:
    """A promise that was broken before we heard of it."""
    now = datetime.now(UTC)
    sold_at, promised = now - timedelta(days=3), now - timedelta(hours=6)
    story.act("Old shop", "reports an order three days after it was sold: its queue was stuck.")
    story.callback("storefronts/generic", "generic", _placed_elsewhere(sold_at, promised))
    order_id = storefront_order_id("generic", "OLD-1001")
    story.orders[order_id] = "late"
    story.released(order_id)
    story.act("Doorstep", "looks for broken promises, as it does every five minutes.")
    story.run("ship-delays")
    story.follow(order_id, "a delay alert", lambda o: any(f.alerts for f in o.fulfillment_orders))
    story.mail(story.mail_to(_BUYERS["Gustav"]["customer"]["email"], "late"))
    story.note("One alert, one mail and one work item per cause, however often it looks.")
    _to_the_doorstep(story, order_id, grams=900)


def sent_back(story: Story) -> None:
    """And back again."""
    order_id = next(iter(story.orders))
    bowls = next(x for x in story.service.order(order_id).lines if x.sku == "BOWL-SALAD-OLIVE")
    story.act("Anna", "sends both bowls back: they are wider than her shelf.")
    wanted = {"line_id": bowls.line_id, "quantity": 2, "reason": "unwanted"}
    back = _anna(story).request_return(order_id, [wanted], "demo-return")
    story.follow(order_id, "a label for the way back", lambda o: o.returns[-1].label)
    story.act(place(back.location_id), "opens the parcel. There is one bowl in it.")
    story.warehouse.receive_return(back.return_id, {bowls.line_id: {"received": 1}})
    story.follow(order_id, "the refund", lambda o: o.returns[-1].status == "refunded")
    story.note(f"Two bowls were {money(bowls.total)}: paid back is what came, not what was said.")
    story.mail(story.mail_to(_BUYERS["Anna"]["customer"]["email"], "refunded"))


CHAPTERS: tuple[Callable[[Story], None], ...] = (
    two_places,
    declined_card,
    last_one,
    made_to_order,
    turned_down,
    collected,
    sold_elsewhere,
    late,
    sent_back,
)
"""In the order in which they build on one another; each is titled by its docstring."""


def _anna(story: Story) -> Doorstep:
    """The API as Anna sees it: a customer, signed in."""
    email = _BUYERS["Anna"]["customer"]["email"]
    return story.caller(sign_in(story.outputs, email))


def _cart(
    buyer: str, units: Mapping[str, int], *, option: str = "standard", pays: str = "tok_approve"
) -> Cart:
    return {
        "channel": "web",
        "currency": "EUR",
        "customer": _BUYERS[buyer]["customer"],
        "shipping_address": _BUYERS[buyer]["address"],
        "delivery_option": option,
        "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in units.items()],
        "payment_token": pays,
    }


def _pack(story: Story, one: FulfillmentOrder, *, grams: int) -> None:
    story.act(place(one.location_id), "picks, packs and weighs.")
    story.pack(one, grams=grams)


def _make(story: Story, order_id: str, one: FulfillmentOrder) -> None:
    """A workshop makes what is made to order, not without a slip."""
    (key,) = [line.work_order.work_order_id for line in one.lines if line.work_order]
    florence = place(one.location_id)
    story.act(florence, "prints the work order.")
    story.note(story.warehouse.work_order(key))
    story.warehouse.work_on(key, "start")
    story.follow(order_id, "work to begin", lambda o: o.not_cancelable)
    story.act("Émilie", "has found another present, and tries to cancel.")
    refusal = _refusal(lambda: story.shop.cancel(order_id, "found another present"))
    story.act("Doorstep", f"{refusal.status}, {refusal.problem['detail']}")
    story.warehouse.work_on(key, "finish")
    story.act(florence, "looks at it by daylight.")
    for step, body in (("fail", {"reason": "the 9 is too faint"}), ("finish", {}), ("pass", {})):
        story.warehouse.work_on(key, step, **body)
    story.follow(
        order_id, "the piece to be done", lambda o: not o.fulfillment_orders[-1].unfinished
    )


def _to_the_doorstep(story: Story, order_id: str, *, grams: int) -> None:
    """The plain rest of the way."""
    (one,) = story.released(order_id)
    _pack(story, one, grams=grams)
    story.carry(story.shipped(order_id, one), "picked_up", "out_for_delivery", "delivered")
    story.delivered(order_id)


def _refusal(ask: Callable[[], object]) -> Refused:
    """How it is refused; raises AssertionError if it is not."""
    try:
        ask()
    except Refused as refusal:
        return refusal
    raise AssertionError("this was to be refused")


def _shopify_order() -> dict[str, Any]:
    """The part of Shopify's order that matters here, in its own form."""
    buyer = _BUYERS["Hedwig"]
    first, _, last = buyer["customer"]["name"].partition(" ")
    home = buyer["address"]
    now = datetime.now(UTC).isoformat(timespec="seconds")

    def line(number: int, sku: str, title: str, price: str, quantity: int) -> dict[str, Any]:
        tax = f"{Decimal(price) * quantity / 6:.2f}"
        return {
            "id": 14_000_000_000_000_000 + number,
            "product_id": 8_100_000_000_000 + number,
            "variant_id": 46_100_000_000_000 + number,
            "sku": sku,
            "title": title,
            "name": title,
            "quantity": quantity,
            "price": price,
            "total_discount": "0.00",
            "tax_lines": [{"price": tax, "rate": 0.2, "title": "USt"}],
        }

    return {
        "id": 6_100_000_000_000_001,
        "name": "#1001",
        "created_at": now,
        "updated_at": now,
        "currency": "EUR",
        "financial_status": "paid",
        "taxes_included": True,
        "email": buyer["customer"]["email"],
        "customer": {"id": 7_200_000_000_001, "first_name": first, "last_name": last},
        "customer_locale": "de",
        "line_items": [
            line(1, "VASE-NR7", "Vase no. 7", "240.00", 1),
            line(2, "MUG-STONE-2", "Stoneware mugs", "34.00", 2),
        ],
        "shipping_lines": [{"title": "Standard", "price": "4.95"}],
        "shipping_address": {
            "first_name": first,
            "last_name": last,
            "address1": home["line1"],
            "zip": home["postal_code"],
            "city": home["city"],
            "province_code": home["region"],
            "country_code": home["country"],
        },
        "total_price": "312.95",
        "total_tax": "52.16",
    }


def _placed_elsewhere(sold_at: datetime, promised: datetime) -> dict[str, Any]:
    """An order of a shop of one's own, with the promise that shop made."""
    return {
        "type": "order.placed",
        "timestamp": datetime.now(UTC).isoformat(),
        "data": {
            "id": "OLD-1001",
            "number": "OLD-1001",
            "created_at": sold_at.isoformat(),
            "currency": "EUR",
            "customer": _BUYERS["Gustav"]["customer"],
            "shipping_address": _BUYERS["Gustav"]["address"],
            "delivery": "Standard",
            "deliver_by": promised.isoformat(),
            "lines": [
                {
                    "id": "1",
                    "sku": "LINEN-TOWEL-3",
                    "name": "Linen kitchen towels, set of 3",
                    "quantity": 2,
                    "unit_price": "36.00",
                    "tax": "14.40",
                    "total": "72.00",
                }
            ],
            "shipping": "4.95",
            "total": "76.95",
            "paid": "76.95",
        },
    }
