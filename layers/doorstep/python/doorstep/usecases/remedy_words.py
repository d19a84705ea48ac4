"""A remedy in the words of a mail."""

from __future__ import annotations

from doorstep.domain.order import Order
from doorstep.domain.remedy import Remedy, RemedyKind, RemedyOption
from doorstep.ports import Links

_DONE = {
    RemedyKind.WAIT: "we send it as soon as it is there",
    RemedyKind.SUBSTITUTE: "we send you something else instead",
    RemedyKind.PARTIAL: "we have canceled what cannot be found; the rest is delivered",
    RemedyKind.REFUND: "we have canceled what has not left us",
}

_OTHERWISE = {
    RemedyKind.WAIT: "we go on looking, and send it as soon as it is there.",
    RemedyKind.PARTIAL: "we cancel what cannot be found, and you get that money back.",
    RemedyKind.REFUND: "we cancel what has not left us, and you get that money back.",
}


def words_of_remedy(order: Order, remedy: Remedy, links: Links) -> dict[str, str]:
    """What a mail says of it: the options one by one, the link, what was done in the end."""
    refund = remedy.refund or None
    return {
        "options": "\n".join(f"- {_told(order, option)}" for option in remedy.options),
        "deadline": f"{remedy.deadline:%Y-%m-%d %H:%M} UTC",
        "link": links.to(remedy.remedy_id, remedy.deadline),
        "otherwise": _OTHERWISE.get(remedy.at_deadline, ""),
        "done": _DONE[remedy.choice] if remedy.choice else "",
        "refund": f"\nYou get {refund} back, or are not charged for it." if refund else "",
        "reason": remedy.reason,
    }


def _told(order: Order, option: RemedyOption) -> str:
    """One option with what it comes to."""
    match option.kind:
        case RemedyKind.WAIT:
            date = option.promise.deliver_by if option.promise else None
            when = f"it should be with you by {date:%Y-%m-%d}" if date else "we have no date yet"
            return f"Wait: {when}."
        case RemedyKind.SUBSTITUTE:
            others = "; or ".join(
                f"{one.quantity} × {one.name} instead of {order.line(one.line_id).name}"
                f" for {one.total}{f' ({one.refund} back)' if one.refund else ''}"
                for one in option.substitutes
            )
            by = f", by {option.promise.deliver_by:%Y-%m-%d}" if option.promise else ""
            return f"Something else{by}: {others}."
        case RemedyKind.PARTIAL:
            return f"Without it: you get {option.refund} back and the rest is delivered."
        case _:
            return f"Cancel all that has not left us: you get {option.refund} back."
