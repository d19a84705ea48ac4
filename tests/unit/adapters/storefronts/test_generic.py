"""Orders of any storefront, in Doorstep's own form and in Spree's."""

import json
from pathlib import Path

import pytest

from doorstep.adapters.storefronts import generic
from doorstep.domain.errors import InvalidCommand
from doorstep.domain.money import total
from doorstep.domain.order import LineKind
from doorstep.domain.storefront import CancellationNews, Ignored, OrderNews

PAYLOADS = Path(__file__).resolve().parents[5] / "shared" / "providers" / "payloads" / "generic"


def payload(file):
    path = PAYLOADS / file
    if not path.exists():
        pytest.skip("../shared/providers is absent: no payloads")
    return json.loads(path.read_bytes())


def told(message):
    return generic.parse({}, json.dumps(message).encode())


def fee(order):
    """What neither lines nor shipping explain, in minor units."""
    lines = total((line.total for line in order.lines), order.currency)
    return (order.total - order.shipping - lines).minor


class TestPublishedBodies:
    def test_a_spree_order_that_was_handed_over_there(self):
        """It is news, and says so: nobody may ship it a second time without asking."""
        news = told(payload("order-completed-1.json"))
        assert isinstance(news, OrderNews)
        order = news.order
        assert order.fulfilled
        assert order.external_id == "or_m3Rp9wXz"
        assert order.external_name == "R123456789"
        assert order.created_at.isoformat() == "2025-01-15T10:30:00+00:00"
        assert order.customer.model_dump(exclude_defaults=True) == {"email": "customer@example.com"}
        assert order.shipping_address is None, "it is an id only"
        assert [(x.sku, x.quantity, x.total.minor) for x in order.lines] == [
            ("var_k5nR8xLq", 2, 59_98)
        ]
        assert order.lines[0].name == "Spree Tote Bag (Size: M, Color: Black)"
        assert order.shipping.minor == 10_00
        assert order.total.minor == order.paid.minor == 99_99
        assert fee(order) == 30_01, "one of its three items is not told"

    def test_a_contact_is_no_order(self):
        news = told(payload("standard-webhooks-full-1.json"))
        assert isinstance(news, Ignored)
        assert "contact.created" in news.why

    def test_every_body_is_spoken_of_here(self):
        known = Path(__file__).read_text()
        unknown = [path.name for path in PAYLOADS.glob("*.json") if f'"{path.name}"' not in known]
        assert not unknown


def message(event="order.placed", **changes):
    """The order that the documentation shows."""
    order = {
        "id": "W-1",
        "number": "1001",
        "currency": "EUR",
        "created_at": "2026-11-23T12:00:00+01:00",
        "updated_at": "2026-11-23T12:00:00+01:00",
        "customer": {"id": "c-7", "email": "ana@example.com", "name": "Ana", "language": "pt"},
        "shipping_address": {
            "name": "Ana",
            "line1": "Rua da Fé 1",
            "postal_code": "1150-149",
            "city": "Lisboa",
            "country": "PT",
        },
        "delivery": "Standard",
        "lines": [
            {
                "id": "1",
                "sku": "RING-18K",
                "name": "Ring",
                "quantity": 2,
                "unit_price": "200.00",
                "discount": "20.00",
                "tax": "87.40",
                "instructions": {"engraving": "A ❤ B"},
            },
            {"id": "2", "name": "Gift wrap", "quantity": 1, "unit_price": "5.00"},
            {
                "id": "3",
                "sku": "CARE",
                "name": "Care guide",
                "quantity": 1,
                "unit_price": "1.23",
                "tax": "0.23",
                "total": "1.23",
                "requires_shipping": False,
            },
        ],
        "shipping": "4.90",
        "total": "478.53",
        "paid": "478.53",
    }
    return {"type": event, "timestamp": "2026-11-23T11:00:05Z", "data": order | changes}


class TestOwnForm:
    @pytest.mark.parametrize("event", generic.ORDERS)
    def test_every_event_brings_the_whole_order(self, event):
        news = told(message(f"order.{event}"))
        assert isinstance(news, OrderNews)
        order = news.order
        assert (order.external_id, order.external_name) == ("W-1", "1001")
        assert [line.total.minor for line in order.lines] == [467_40, 5_00, 1_23]
        assert [line.kind for line in order.lines] == [
            LineKind.STANDARD,
            LineKind.CUSTOM,
            LineKind.DIGITAL,
        ]
        assert order.lines[0].instructions == {"engraving": "A ❤ B"}
        assert order.shipping.minor == 4_90
        assert order.tax.minor == 87_63
        assert order.discount.minor == 20_00
        assert fee(order) == 0
        assert order.paid == order.total
        assert order.customer.customer_id == "c-7"
        assert order.shipping_address.printed() == ("Ana", "Rua da Fé 1", "1150-149 Lisboa", "PT")
        assert order.billing_address is None

    def test_totals_it_states_are_kept(self):
        order = told(message(tax="88.55", discount="25.00")).order
        assert (order.tax.minor, order.discount.minor) == (88_55, 25_00)

    def test_without_a_time_of_its_own_an_order_is_as_new_as_its_message(self):
        order = told(message(updated_at=None)).order
        assert order.updated_at.isoformat() == "2026-11-23T11:00:05+00:00"

    def test_the_other_envelopes_are_understood(self):
        sent = message()
        for named in ("name", "event"):
            envelope = {"id": "e-1", named: "order.placed", "data": sent["data"]}
            assert told(envelope) == told(sent)

    def test_fields_of_the_senders_own_are_no_matter(self):
        assert told(message(loyalty_points=7)) == told(message())

    def test_a_cancellation_may_come_before_its_order(self):
        news = told(message("order.canceled", cancel_reason="customer"))
        assert isinstance(news, CancellationNews)
        assert (news.external_id, news.reason) == ("W-1", "customer")
        assert news.order.total.minor == 478_53

    @pytest.mark.parametrize("event", ["order.canceled", "order.cancelled", "Order.Canceled"])
    def test_a_cancellation_may_name_no_more_than_the_order(self, event):
        news = told({"type": event, "data": {"id": 7, "reason": "fraud"}})
        assert news == CancellationNews(external_id="7", reason="fraud")

    @pytest.mark.parametrize("event", ["order.shipped", "order", "cart.created", "x.order.placed"])
    def test_other_types_are_ignored(self, event):
        assert isinstance(told({"type": event, "data": "anything"}), Ignored)

    @pytest.mark.parametrize(
        ("change", "path"),
        [
            ({"id": 1.5}, "data.id"),
            ({"currency": "XYZ"}, "data.currency"),
            ({"total": "1.234"}, "data.total"),
            ({"lines": []}, "data.lines"),
            ({"lines": [{"id": "1"}]}, "data.lines.0.name"),
            ({"lines": [{"id": "1", "quantity": 0}]}, "data.lines.0.quantity"),
            ({"lines": [{"quantity": 1, "removed": 2}]}, "data.lines.0.removed"),
            ({"created_at": "2026-11-23T12:00:00"}, "data.created_at"),
            ({"customer": "Ana"}, "data.customer"),
            ({"shipping_address": ["Rua"]}, "data.shipping_address"),
        ],
    )
    def test_a_fault_is_told_at_its_path(self, change, path):
        with pytest.raises(InvalidCommand) as refused:
            told(message(**change))
        assert path in refused.value.faults

    @pytest.mark.parametrize(
        "sent", [{}, {"type": 7}, {"type": "\ud83d"}, {"type": "order.placed"}, {"data": {}}]
    )
    def test_a_message_without_a_type_or_an_order_is_refused(self, sent):
        with pytest.raises(InvalidCommand):
            told(sent)


def spree(event="order.completed", **changes):
    order = {
        "id": "or_1",
        "number": "R1",
        "email": "ana@example.com",
        "currency": "USD",
        "completed_at": "2026-11-23T12:00:00Z",
        "items": [
            {
                "id": "li_1",
                "variant_id": "var_1",
                "name": "Tote",
                "quantity": 2,
                "price": "29.99",
                "total": "57.38",
                "promo_total": "-5.00",
                "additional_tax_total": "2.40",
            }
        ],
        "delivery_total": "10.00",
        "promo_total": "-5.00",
        "tax_total": "2.40",
        "total": "67.38",
        "fulfillment_status": "pending",
        "payment_state": "paid",
        "ship_address": {
            "first_name": "Ana",
            "last_name": "Ní",
            "address1": "1 Main St",
            "zipcode": "40202",
            "city": "Louisville",
            "state_abbr": "KY",
            "country_iso": "US",
        },
        "fulfillments": [{"id": "ful_1", "delivery_method": {"name": "Ground"}}],
    }
    return {"name": event, "created_at": "2026-11-23T12:00:01Z", "data": order | changes}


class TestSpree:
    def test_an_order_to_ship(self):
        order = told(spree()).order
        assert not order.fulfilled
        assert order.lines[0].discount.minor == order.discount.minor == 5_00
        assert order.lines[0].tax.minor == 2_40
        assert order.lines[0].total.minor == 57_38
        assert order.paid.minor == order.total.minor == 67_38
        assert fee(order) == 0
        assert order.delivery_name == "Ground"
        assert order.customer.name == "Ana Ní"
        assert order.shipping_address.printed() == (
            "Ana Ní",
            "1 Main St",
            "40202 Louisville KY",
            "US",
        )

    def test_the_newer_names_of_its_fields(self):
        address = {"full_name": "Ana Ní", "postal_code": "40202"}
        data = spree(ship_address=None, shipping_address=address, payment_status="paid")["data"]
        del data["payment_state"]
        order = told({"name": "order.completed", "data": data}).order
        assert order.shipping_address.printed() == ("Ana Ní", "40202")
        assert order.paid == order.total

    def test_a_cart_is_nothing_that_was_sold(self):
        for event in ("order.created", "order.updated", "order.canceled"):
            assert isinstance(told(spree(event, completed_at=None)), Ignored)

    def test_payments_that_failed_are_no_payments(self):
        payments = [
            {"state": "completed", "amount": "60.00"},
            {"state": "failed", "amount": "67.38"},
            {"state": "pending", "amount": "7.38"},
        ]
        assert told(spree(payments=payments)).order.paid.minor == 60_00

    def test_a_download_is_digital(self):
        item = spree()["data"]["items"][0] | {"digital_links": [{"id": "dl_1"}]}
        assert told(spree(items=[item])).order.lines[0].kind is LineKind.DIGITAL

    def test_a_cancellation(self):
        news = told(spree("order.canceled", canceled_at="2026-11-24T12:00:00Z"))
        assert isinstance(news, CancellationNews)
        assert (news.external_id, news.order.external_name) == ("or_1", "R1")
