"""Returns: asked for by the customer, labeled, counted where they arrive.

`refund.py` gives the money back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from doorstep.domain import returning
from doorstep.domain.address import Address
from doorstep.domain.order import Order, order_of
from doorstep.domain.returns import Return, ReturnStatus
from doorstep.ports import Carrier, Catalog, Clock, Consignment, Documents, Orders
from doorstep.usecases.places import address_of


def request_return(
    order_id: str,
    wanted: Sequence[returning.WantedReturn],
    idempotency_key: str,
    *,
    orders: Orders,
    catalog: Catalog,
    carrier: Carrier,
    documents: Documents,
    clock: Clock,
) -> Return:
    """Approve a return and buy its label. The return's id is the carrier's reference.

    Should the label fail the return stands: `label_return` buys it when it is asked for.
    """
    order = orders.get(order_id)
    order, back = returning.request(order, wanted, idempotency_key, at=clock())
    orders.commit(order)
    return label_return(
        back.return_id, orders=orders, catalog=catalog, carrier=carrier, documents=documents
    )


def label_return(
    return_id: str,
    *,
    orders: Orders,
    catalog: Catalog,
    carrier: Carrier,
    documents: Documents,
) -> Return:
    """The return with its label: bought now unless it has one."""
    order = orders.get(order_of(return_id))
    back = order.return_(return_id)
    if back.label or back.status is not ReturnStatus.APPROVED:
        return back
    label = carrier.buy_label(
        Consignment(
            reference=return_id,
            sender=order.shipping_address or Address(),
            recipient=address_of(back.location_id, catalog),
            weight_grams=_weight(order, back),
            service="return",
        )
    )
    document = f"returns/{return_id}.pdf"
    documents.put(document, label.pdf, "application/pdf")
    labeled = returning.labeled(
        order,
        return_id,
        carrier=label.carrier,
        tracking_number=label.tracking_number,
        label=document,
    )
    (order,) = orders.commit(labeled)
    return order.return_(return_id)


def cancel_return(return_id: str, *, orders: Orders) -> Return:
    """The customer keeps the goods. Safe to repeat; raises IllegalTransition once they have come.

    A label that was bought is not used; the carrier bills what it carries.
    """
    order = orders.get(order_of(return_id))
    if order.return_(return_id).status is not ReturnStatus.CANCELED:
        (order,) = orders.commit(returning.cancel(order, return_id))
    return order.return_(return_id)


def receive_return(
    return_id: str,
    counts: Mapping[str, returning.ReceivedUnits],
    *,
    orders: Orders,
    clock: Clock,
) -> Order:
    """Count what came. The same counts again are taken for the repeat that they are."""
    order = orders.get(order_of(return_id))
    back = order.return_(return_id)
    if back.received_at and _counted(back, counts):
        return order
    (order,) = orders.commit(returning.receive(order, return_id, counts, at=clock()))
    return order


def _counted(back: Return, counts: Mapping[str, returning.ReceivedUnits]) -> bool:
    return all(
        (count.received, count.damaged) == (line.received, line.damaged)
        for line in back.lines
        for count in [counts.get(line.line_id, returning.ReceivedUnits(received=0))]
    )


def _weight(order: Order, back: Return) -> int:
    """What the parcels that brought the units weighed; the carrier bills what it weighs itself."""
    wanted = {line.line_id for line in back.lines}
    brought = (s.weight_grams for s in order.parcels if wanted & {x.line_id for x in s.lines})
    return max(brought, default=1000)
