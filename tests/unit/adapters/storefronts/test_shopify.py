"""Shopify's orders, in the words of the business."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.storefronts import shopify
from doorstep.domain.errors import InvalidCommand
from doorstep.domain.money import exponent, total
from doorstep.domain.order import LineKind
from doorstep.domain.storefront import CancellationNews, Ignored, OrderNews

PAYLOADS = Path(__file__).resolve().parents[5] / "shared" / "providers" / "payloads" / "shopify"


def payload(file, topic):
    path = PAYLOADS / file
    if not path.exists():
        pytest.skip("../shared/providers is absent: no payloads")
    return shopify.parse({"X-Shopify-Topic": topic}, path.read_bytes())


def fee(order):
    """What neither lines nor shipping explain, in minor units."""
    return (order.total - order.shipping - total((x.total for x in order.lines), "USD")).minor


class TestPublishedBodies:
    def test_the_test_notification_is_known_as_one(self):
        """Its plain ids have lost their last digits; the global ones have not."""
        news = payload("orders-create-1.json", "orders/create")
        assert isinstance(news, OrderNews)
        order = news.order
        assert order.test
        assert order.external_id == "820982911946154508"
        assert order.external_name == "#9999"
        assert order.canceled_at is not None
        assert order.paid.minor == 0, "it was voided"
        assert order.total.minor == 404_95
        assert [line.total.minor for line in order.lines] == [89_99, 19_99, 24_99, 159_99, 119_99]
        assert order.shipping.minor == 0, "10.00, given free"
        assert order.discount.minor == 20_00
        assert fee(order) == -10_00, "a discount that was laid on no line"

    def test_lines_without_a_product_are_custom_and_keep_their_name_in_stock(self):
        order = payload("orders-create-1.json", "orders/create").order
        assert [(line.sku, line.kind) for line in order.lines] == [
            ("SKU2006-001", LineKind.STANDARD),
            ("LENS-PROTECT-2YR", LineKind.CUSTOM),
            ("CASE-LEATHER-PREM", LineKind.CUSTOM),
            ("SKU2006-020", LineKind.STANDARD),
            ("SKU2006-035", LineKind.STANDARD),
        ]

    def test_an_unpaid_order_without_an_address(self):
        news = payload("orders-create-2.json", "orders/create")
        assert isinstance(news, OrderNews)
        order = news.order
        assert order.external_id == "1073459983"
        assert order.total.minor == 199_00
        assert order.paid.minor == 0
        assert order.shipping_address is None, "an address of the account is no place to ship to"
        assert order.customer.name == "Bob Norman"
        assert order.customer.email == "bob.norman@mail.example.com"
        assert order.lines[0].sku == "IPOD2009BLACK"
        assert fee(order) == 0

    def test_a_paid_order_of_nobody(self):
        news = payload("orders-paid-1.json", "orders/paid")
        assert isinstance(news, OrderNews)
        assert news.order.paid.minor == 199_00
        assert news.order.customer.customer_id == ""
        assert news.order.updated_at.isoformat() == "2025-07-02T16:30:59+00:00"

    def test_a_canceled_order_comes_whole_for_whoever_has_never_heard_of_it(self):
        news = payload("orders-cancelled-1.json", "orders/cancelled")
        assert isinstance(news, CancellationNews)
        assert news.external_id == "450789469"
        assert news.reason == "other"
        order = news.order
        assert order.total.minor == 598_94
        assert [line.total.minor for line in order.lines] == [199_64, 199_65, 199_65]
        assert [line.discount.minor for line in order.lines] == [3_34, 3_33, 3_33]
        assert [line.tax.minor for line in order.lines] == [3_98, 3_98, 3_98]
        assert fee(order) == 0
        assert order.paid.minor == 598_94, "captured, whatever was refunded since"
        assert [line.removed for line in order.lines] == [1, 0, 1], (
            "refunded, and not to be shipped"
        )
        assert order.lines[0].instructions == {
            "Custom Engraving Front": "Happy Birthday",
            "Custom Engraving Back": "Merry Christmas",
        }
        assert order.shipping_address.printed() == (
            "Bob Norman",
            "Chestnut Street 92",
            "40202 Louisville KY",
            "US",
        )

    @pytest.mark.parametrize(
        ("file", "topic", "why"),
        [
            ("app-uninstalled-1.json", "app/uninstalled", "no orders will follow"),
            ("customers-redact-1.json", "customers/redact", "erased by the operator"),
            ("draft_orders-create-1.json", "draft_orders/create", "an offer"),
            ("fulfillment_events-create-1.json", "fulfillment_events/create", "from here"),
            (
                "fulfillment_orders-placed_on_hold-1.json",
                "fulfillment_orders/placed_on_hold",
                "chosen here",
            ),
            ("fulfillments-create-1.json", "fulfillments/create", "from here"),
            ("inventory_items-update-1.json", "inventory_items/update", "stock is kept here"),
            ("inventory_levels-update-1.json", "inventory_levels/update", "stock is kept here"),
            (
                "order_transactions-create-1.json",
                "order_transactions/create",
                "read from the order",
            ),
            ("orders-delete-1.json", "orders/delete", "stays on record"),
            ("orders-edited-1.json", "orders/edited", "brings the whole order"),
            ("refunds-create-1.json", "refunds/create", "given back there"),
            ("returns-approve-1.json", "returns/approve", "received here"),
        ],
    )
    def test_what_is_no_order_is_ignored_and_says_why(self, file, topic, why):
        news = payload(file, topic)
        assert isinstance(news, Ignored)
        assert why in news.why

    def test_every_body_is_spoken_of_here(self):
        known = Path(__file__).read_text()
        unknown = [path.name for path in PAYLOADS.glob("*.json") if f'"{path.name}"' not in known]
        assert not unknown


def line(**changes):
    one = {
        "id": 1,
        "admin_graphql_api_id": "gid://shopify/LineItem/1",
        "name": "Lamp",
        "sku": "LAMP",
        "product_id": 11,
        "variant_id": 111,
        "quantity": 1,
        "price": "10.00",
    }
    return one | changes


def sold(topic="orders/create", **changes):
    """An order of one lamp, with these changes, as it is understood."""
    order = {
        "id": 1,
        "currency": "USD",
        "created_at": "2026-11-23T12:00:00+01:00",
        "updated_at": "2026-11-23T12:00:01+01:00",
        "total_price": "10.00",
        "line_items": [line()],
    }
    news = shopify.parse({"X-Shopify-Topic": topic}, json.dumps(order | changes).encode())
    return news.order


class TestIdentity:
    def test_the_global_id_wins_over_a_number_that_went_through_a_float(self):
        order = sold(
            id=8.209829119461545e17, admin_graphql_api_id="gid://shopify/Order/820982911946154508"
        )
        assert order.external_id == "820982911946154508"

    def test_a_number_is_taken_whole_where_there_is_no_global_id(self):
        assert sold(id=2**63 + 1).external_id == "9223372036854775809"
        assert sold(id="9223372036854775809").external_id == "9223372036854775809"

    @pytest.mark.parametrize("lost", [8.209829119461545e17, 1.5, True, None, "", "a b", [], {}])
    def test_an_id_that_is_none_is_refused(self, lost):
        with pytest.raises(InvalidCommand) as refused:
            sold(id=lost)
        assert list(refused.value.faults) == ["id"]

    def test_two_lines_with_one_id_are_refused(self):
        with pytest.raises(InvalidCommand, match="same id"):
            sold(line_items=[line(), line()])


class TestGoods:
    def test_two_lines_of_one_sku_stay_two(self):
        other = line(admin_graphql_api_id="gid://shopify/LineItem/2", quantity=2)
        order = sold(line_items=[line(), other])
        assert [(one.sku, one.quantity) for one in order.lines] == [("LAMP", 1), ("LAMP", 2)]

    @pytest.mark.parametrize("sku", [None, "", "  ", "A#1", "x" * 121])
    def test_a_product_without_a_usable_sku_is_known_by_its_variant(self, sku):
        one = sold(line_items=[line(sku=sku, variant_id=2**60 + 1)]).lines[0]
        assert (one.sku, one.kind) == ("shopify:1152921504606846977", LineKind.STANDARD)

    def test_a_line_without_a_product_is_custom(self):
        one = sold(line_items=[line(sku=None, product_id=None, variant_id=None)]).lines[0]
        assert (one.sku, one.kind) == (None, LineKind.CUSTOM)

    def test_a_product_that_nothing_names_is_custom_too(self):
        one = sold(line_items=[line(sku=None, variant_id=None)]).lines[0]
        assert (one.sku, one.kind) == (None, LineKind.CUSTOM)

    def test_what_needs_no_shipping_is_digital(self):
        one = sold(line_items=[line(gift_card=True, requires_shipping=False)]).lines[0]
        assert one.kind is LineKind.DIGITAL

    def test_a_gift_card_of_plastic_is_shipped(self):
        one = sold(line_items=[line(gift_card=True, requires_shipping=True)]).lines[0]
        assert one.kind is LineKind.STANDARD

    def test_removed_units_are_sold_but_not_to_be_shipped(self):
        one = sold(line_items=[line(quantity=3, current_quantity=1)]).lines[0]
        assert (one.quantity, one.removed) == (3, 2)

    def test_goods_that_were_handed_over_there_are_reported(self):
        assert sold(line_items=[line(fulfillment_status="fulfilled")]).fulfilled
        assert sold(line_items=[line(fulfillment_status="partial")]).fulfilled
        assert not sold(line_items=[line(fulfillment_status=None)]).fulfilled

    def test_a_download_that_was_handed_over_is_no_matter(self):
        download = line(fulfillment_status="fulfilled", requires_shipping=False)
        assert not sold(line_items=[download]).fulfilled

    def test_what_apps_note_for_themselves_is_no_instruction(self):
        properties = [
            {"name": "Engraving", "value": "für Ana ❤"},
            {"name": "_bundle", "value": "7"},
            {"name": "Wrap", "value": None},
            {"name": "Size", "value": 12},
            {"name": "Sides", "value": ["left", "right"]},
        ]
        one = sold(line_items=[line(properties=properties)]).lines[0]
        assert one.instructions == {
            "Engraving": "für Ana ❤",
            "Size": "12",
            "Sides": '["left", "right"]',
        }

    @pytest.mark.parametrize("lines", [None, [], [line(quantity=0)], [line(tip={})], {}])
    def test_an_order_of_nothing_is_refused(self, lines):
        with pytest.raises(InvalidCommand):
            sold(line_items=lines)


class TestMoney:
    def test_prices_with_their_tax_in_them(self):
        taxed = line(price="12.00", quantity=2, tax_lines=[{"price": "4.00"}])
        order = sold(line_items=[taxed], taxes_included=True, total_price="24.00", total_tax="4.00")
        assert (order.lines[0].total.minor, order.lines[0].tax.minor) == (24_00, 4_00)

    def test_shipping_with_its_discount_and_tax(self):
        parcel = {
            "title": "Express",
            "price": "15.00",
            "discounted_price": "15.00",
            "discount_allocations": [{"amount": "5.00"}],
            "tax_lines": [{"price": "1.90"}],
        }
        order = sold(shipping_lines=[parcel], total_price="21.90")
        assert order.shipping.minor == 11_90
        assert order.delivery_name == "Express"
        assert fee(order) == 0

    def test_shipping_that_only_states_its_discounted_price(self):
        parcel = {"title": "Mail", "price": "5.00", "discounted_price": "0.00"}
        assert sold(shipping_lines=[parcel]).shipping.minor == 0

    def test_shipping_that_was_taken_off_again_is_not_delivered(self):
        parcel = {"title": "Express", "price": "15.00", "is_removed": True}
        order = sold(shipping_lines=[parcel])
        assert (order.delivery_name, order.shipping.minor) == ("", 0)

    def test_tips_duties_and_roundings_are_fees(self):
        tip = line(
            admin_graphql_api_id="gid://shopify/LineItem/2",
            name="Tip",
            sku=None,
            product_id=None,
            price="1.00",
            requires_shipping=False,
            tip={"payment_gateway": "shopify_payments"},
        )
        order = sold(
            line_items=[line(duties=[{"price_set": {}}]), tip],
            total_tip_received="1.00",
            total_price="12.52",
        )
        assert len(order.lines) == 1
        assert fee(order) == 2_52

    def test_free_things_are_sold_too(self):
        order = sold(line_items=[line(price="0.00")], total_price="0.00", financial_status="paid")
        assert order.total.minor == order.paid.minor == order.lines[0].total.minor == 0

    def test_the_shops_currency_counts_whatever_the_customer_saw(self):
        price_set = {
            "shop_money": {"amount": "10.00", "currency_code": "USD"},
            "presentment_money": {"amount": "1512", "currency_code": "JPY"},
        }
        order = sold(
            presentment_currency="JPY",
            total_price_set=price_set,
            line_items=[line(price_set=price_set)],
        )
        assert str(order.total) == str(order.lines[0].total) == "10.00 USD"

    @pytest.mark.parametrize(
        ("currency", "sent", "minor"),
        [
            ("JPY", "1000", 1000),
            ("JPY", "1000.00", 1000),
            ("KWD", "1.5", 1500),
            ("KWD", "1.505", 1505),
            ("eur", "404.95", 40495),
            ("USD", 10, 1000),
            ("USD", 19.9, 1990),
        ],
    )
    def test_amounts_to_the_last_minor_unit(self, currency, sent, minor):
        assert sold(currency=currency, total_price=sent).total.minor == minor

    @pytest.mark.parametrize(
        "amount", ["", "1,00", "1e3", "-1.00", "0.001", "NaN", "١", "9" * 30, True, [], {}, "$1"]
    )
    def test_what_is_no_amount_is_refused_at_its_path(self, amount):
        with pytest.raises(InvalidCommand) as refused:
            sold(line_items=[line(price=amount)])
        assert list(refused.value.faults) == ["line_items.0.price"]

    @pytest.mark.parametrize("currency", [None, "", "XXX", "US$", 840, {}])
    def test_a_currency_that_is_none_is_refused(self, currency):
        with pytest.raises(InvalidCommand) as refused:
            sold(currency=currency)
        assert list(refused.value.faults) == ["currency"]


class TestPaid:
    @pytest.mark.parametrize(
        ("status", "paid"),
        [
            (None, 0),
            ("pending", 0),
            ("authorized", 0),
            ("expired", 0),
            ("voided", 0),
            ("partially_paid", 6_00),
            ("paid", 10_00),
            ("partially_refunded", 10_00),
            ("refunded", 10_00),
        ],
    )
    def test_what_was_captured(self, status, paid):
        order = sold(financial_status=status, total_outstanding="4.00")
        assert order.paid.minor == paid

    def test_units_removed_before_they_were_paid_for_were_never_due(self):
        order = sold(
            line_items=[line(quantity=2, current_quantity=1)],
            total_price="20.00",
            current_total_price="10.00",
            financial_status="paid",
        )
        assert (order.total.minor, order.paid.minor) == (20_00, 10_00)


class TestNews:
    @pytest.mark.parametrize("topic", ["orders/create", "orders/paid", "orders/updated"])
    def test_an_order_is_canceled_whatever_topic_says_so(self, topic):
        order = {
            "id": 1,
            "currency": "USD",
            "created_at": "2026-11-23T12:00:00Z",
            "cancelled_at": "2026-11-23T13:00:00Z",
            "cancel_reason": "customer",
            "total_price": "10.00",
            "line_items": [line()],
        }
        news = shopify.parse({"X-Shopify-Topic": topic}, json.dumps(order).encode())
        assert isinstance(news, CancellationNews)
        assert (news.external_id, news.reason) == ("1", "customer")

    def test_the_newer_family_of_headers(self):
        with pytest.raises(InvalidCommand, match="not a JSON object"):
            shopify.parse({"Shopify-Topic": "orders/create"}, b"")

    def test_without_a_topic_nothing_is_understood(self):
        with pytest.raises(InvalidCommand, match="x-shopify-topic"):
            shopify.parse({}, b"{}")

    def test_a_topic_of_tomorrow_is_ignored(self):
        news = shopify.parse({"X-Shopify-Topic": "metaobjects/create"}, b"no JSON at all")
        assert news == Ignored(why="metaobjects/create: not about an order")

    def test_every_fault_is_told_at_once(self):
        with pytest.raises(InvalidCommand) as refused:
            sold(created_at=None, total_price="many", line_items=[line(quantity=-1, price=None)])
        assert set(refused.value.faults) == {
            "created_at",
            "total_price",
            "line_items.0.quantity",
            "line_items.0.price",
        }


class TestPeople:
    def test_only_what_delivery_needs_is_kept(self):
        order = sold(
            browser_ip="203.0.113.7",
            note="leave it with Ana",
            client_details={"user_agent": "x"},
            email="ana@example.com",
            customer={"id": 2**60 + 1, "first_name": "Ana", "last_name": "Ní Ó", "tags": "vip"},
        )
        assert order.customer.model_dump(exclude_defaults=True) == {
            "customer_id": "1152921504606846977",
            "email": "ana@example.com",
            "name": "Ana Ní Ó",
        }
        assert "203.0.113.7" not in order.model_dump_json()

    def test_an_address_is_kept_as_it_was_written(self):
        order = sold(
            shipping_address={
                "first_name": "三郎",
                "last_name": "山田 🏯",
                "address1": "1-2-3 銀座",
                "zip": "104-0061",
                "province": "Tōkyō-to",
                "province_code": "JP-13",
                "country_code": "jp",
                "phone": "03 1234 5678",
                "latitude": 35.67,
            }
        )
        assert order.shipping_address.model_dump(exclude_defaults=True) == {
            "name": "三郎 山田 🏯",
            "line1": "1-2-3 銀座",
            "postal_code": "104-0061",
            "region": "JP-13",
            "country": "JP",
            "phone": "03 1234 5678",
        }

    def test_an_address_that_is_too_long_does_not_lose_the_order(self):
        endless = dict.fromkeys(("name", "address1", "zip", "phone", "city"), "x" * 1000)
        assert len(sold(shipping_address=endless).shipping_address.line1) == 255

    @pytest.mark.parametrize("unknown", [None, {}, {"name": None, "city": " "}])
    def test_nothing_is_known_of_an_empty_address(self, unknown):
        assert sold(shipping_address=unknown, customer=None).shipping_address is None


AMOUNTS = st.integers(0, 10**7)
CURRENCIES = st.sampled_from(["USD", "EUR", "JPY", "KWD"])


@st.composite
def orders(draw):
    """Orders as Shopify adds them up, and the fee that it names apart, in minor units."""
    currency, included = draw(CURRENCIES), draw(st.booleans())
    extra = draw(st.tuples(AMOUNTS, AMOUNTS, st.integers(-4, 4)))  # tip, duties, rounding
    due = 0

    def text(minor):
        return str(Decimal(minor).scaleb(-exponent(currency)))

    def priced(price, quantity=1):
        nonlocal due
        gross = price * quantity
        discounts = [draw(st.integers(0, gross // 2)) for _ in range(draw(st.integers(0, 2)))]
        taxes = draw(st.lists(st.integers(0, gross), max_size=2))
        due += gross - sum(discounts) + (0 if included else sum(taxes))
        return {
            "price": text(price),
            "discount_allocations": [{"amount": text(part)} for part in discounts],
            "tax_lines": [{"price": text(tax)} for tax in taxes],
        }

    lines = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        quantity = draw(st.integers(1, 100))
        sold_part = priced(draw(AMOUNTS), quantity)
        lines.append({"id": number, "name": "x", "quantity": quantity} | sold_part)
    shipping = [priced(draw(AMOUNTS)) for _ in range(draw(st.integers(0, 2)))]
    total_price = due + sum(extra)
    order = {
        "id": 1,
        "currency": currency,
        "created_at": "2026-11-23T12:00:00Z",
        "taxes_included": included,
        "line_items": lines,
        "shipping_lines": shipping,
        "total_price": text(max(0, total_price)),
    }
    return order, max(0, total_price) - due


@given(orders())
def test_no_minor_unit_is_lost_or_made(generated):
    """Σ lines + shipping + fee = total; what Shopify names apart is the fee, and only that."""
    sent, apart = generated
    body = json.dumps(sent).encode()
    order = shopify.parse({"X-Shopify-Topic": "orders/create"}, body).order
    lines = total((one.total for one in order.lines), sent["currency"])
    assert (order.total - lines - order.shipping).minor == apart
    assert {one.total.currency for one in order.lines} == {sent["currency"]}
