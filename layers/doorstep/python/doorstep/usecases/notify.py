"""Tell the customer, by mail, what they should not have to find out by themselves."""

from __future__ import annotations

from datetime import datetime

from doorstep.domain.address import Address
from doorstep.domain.events import TimelineItem, Units
from doorstep.domain.order import Order
from doorstep.domain.remedying import CANCELED
from doorstep.domain.shipment import DelayCause
from doorstep.ports import Links, Mail, Notifier, Orders
from doorstep.usecases.remedy_words import words_of_remedy

_COLLECT = (
    "Hello {{name}},\n\nyour order {what} at {{store}}. Say this code: {{code}}."
    "\nIt is kept for you until {{collect_by}}.\n"
)

_SUBJECTS = {
    "shipment.delayed": "Your order {order} is running late",
    "order.canceled": "Canceled from your order {order}",
    "fulfillment_order.ready_for_pickup": "Your order {order} is ready: code {code}",
    "fulfillment_order.pickup_reminded": "Your order {order} is still waiting: code {code}",
    "return.approved": "Your return for order {order} is approved",
    "payment.refunded": "We have refunded {amount} for order {order}",
    "payment.wanted": "Please pay for your order {order} in another way",
    "remedy.offered": "Please choose: part of your order {order} cannot be found",
    "remedy.carried_out": "Your order {order}: {done}",
    "remedy.withdrawn": "Your order {order}: there is nothing to choose any more",
}

_TEXTS = {
    "shipment.delayed": (
        "Hello {name},\n\nwe promised you your parcel by {deliver_by}. {how_late}"
        "\nYou need not do anything. We are sorry.\n"
    ),
    "order.canceled": (
        "Hello {name},\n\nthis has been canceled and will not come:\n\n{units}"
        "\n\nYou do not have to pay for it.\n"
    ),
    "fulfillment_order.ready_for_pickup": _COLLECT.format(
        what="is ready for you, in whole or in part"
    ),
    "fulfillment_order.pickup_reminded": _COLLECT.format(what="is still waiting for you"),
    "return.approved": (
        "Hello {name},\n\nwe are expecting your return {return_id}."
        " Print its label and hand the parcel to the carrier."
        "\nYou get your money back once it has been counted.\n"
    ),
    "payment.refunded": ("Hello {name},\n\n{amount} is on its way back to you the way you paid.\n"),
    "payment.wanted": (
        "Hello {name},\n\nyour order is packed, but {amount} of it could not be charged."
        "\n\nPlease pay in another way by {pay_by}:\n{link}\n\n"
        "We try the way you gave us again. If it does not work by then, we cancel what is not paid;"
        " you are not charged for that.\n"
    ),
    "remedy.offered": (
        "Hello {name},\n\nwe are sorry: we sold you what we cannot find.\n\n{units}\n\n"
        "What would you like us to do?\n\n{options}\n\nPlease choose by {deadline}:\n{link}\n\n"
        "If we do not hear from you by then: {otherwise}\n"
    ),
    "remedy.carried_out": "Hello {name},\n\n{done}.{refund}\n",
    "remedy.withdrawn": (
        "Hello {name},\n\nwe asked you what to do about a part of your order."
        " You need not choose any more: {reason}.\n"
    ),
}

_HOW_LATE: dict[str, str] = {
    DelayCause.WAITING_TOO_LONG: "It has not left yet and may come later; we are looking into it.",
    DelayCause.LATE_HANDOVER: "It has not left yet and may come later; we are looking into it.",
    DelayCause.AT_RISK: "It is on its way but may come later; we are looking into it.",
    DelayCause.LATE_DELIVERY: "It is late, and we are looking into it.",
}


def notify(
    item: TimelineItem,
    *,
    orders: Orders,
    notifier: Notifier,
    links: Links,
    payment_links: Links,
) -> bool:
    """Send the mail for an event; False where nobody is to be told, or nobody can be reached."""
    order = orders.get(item.order_id)
    if item.name not in _SUBJECTS or not order.customer.email or not order.placed_at:
        return False
    if item.name == "order.canceled" and item.data.get("reason") == CANCELED:
        return False  # the mail about the remedy says it
    words = _words(order, item)
    if item.name.startswith("remedy."):
        words |= words_of_remedy(order, order.remedy(str(item.data["remedy_id"])), links)
    if item.name == "payment.wanted":
        words |= _payment_words(item, payment_links)
    notifier.send(
        Mail(
            key=item.event_id,
            to=order.customer.email,
            subject=_SUBJECTS[item.name].format(**words),
            text=_TEXTS[item.name].format(**words),
        )
    )
    return True


def _payment_words(item: TimelineItem, links: Links) -> dict[str, str]:
    """Until when, and where, to pay in another way."""
    pay_by = datetime.fromisoformat(str(item.data["pay_by"]))
    return {
        "pay_by": f"{pay_by:%Y-%m-%d %H:%M} UTC",
        "link": links.to(str(item.data["fulfillment_order_id"]), pay_by),
    }


def _words(order: Order, item: TimelineItem) -> dict[str, str]:
    data = item.data
    amount = data.get("amount")
    return {
        "order": order.external_name or order.order_id,
        "name": order.customer.name or "there",
        "deliver_by": str(data.get("deliver_by", ""))[:10],
        "code": order.pickup_code,
        "store": _store(order.shipping_address) if order.pickup else "",
        "collect_by": str(data.get("collect_by", ""))[:10],
        "how_late": _HOW_LATE.get(str(data.get("cause", "")), ""),
        "units": "\n".join(_counted(order, data.get("units"))),
        "return_id": str(data.get("return_id", "")),
        "amount": _money(amount) if isinstance(amount, dict) else "",
    }


def _counted(order: Order, units: object) -> list[str]:
    """`2 × Blue mug`, for each line of which an event counts units."""
    listed = [Units.model_validate(one) for one in units] if isinstance(units, list) else []
    return [f"{one.quantity} × {order.line(one.line_id).name}" for one in listed]


def _store(at: Address | None) -> str:
    return ", ".join(filter(None, (at.company, at.line1, at.city))) if at else ""


def _money(amount: dict[str, object]) -> str:
    from doorstep.domain.money import Money

    return str(Money.model_validate(amount))
