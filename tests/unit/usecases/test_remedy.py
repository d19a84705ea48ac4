"""Remedy: paid for and not to be found; the customer chooses what becomes of it."""

from datetime import timedelta

import pytest

from doorstep.domain.errors import IllegalTransition, InvalidCommand, OutOfStock
from doorstep.domain.money import total
from doorstep.domain.order import Order, OrderStatus, PaymentState
from doorstep.domain.promise_ledger import promise_ledger
from doorstep.domain.remedy import RemedyKind, RemedyOption, RemedyPolicy, RemedyStatus
from tests import builders as a
from tests.shop import Countdown, Killed, Shop, kill


def sold_elsewhere(shop: Shop, mugs: int = 2, cups: int = 0, external_id: str = "7") -> Order:
    """Sold by a storefront for 12.00 a piece and paid for: no mug is there."""
    lines = [a.sold("1", "MUG", mugs)]
    if cups:
        lines.append(a.sold("2", "CUP", cups))
    order = shop.hears(a.storefront_order(*lines, external_id=external_id))
    assert order
    shop.settle()
    return shop.order(order.order_id)


def allows(shop: Shop, sku: str, *substitutes: str, **more: object) -> None:
    """The merchant allows these in the place of that."""
    shop.catalog.save(
        shop.memory.products[sku].model_copy(update={"substitutes": substitutes, **more})
    )


def short_pick(shop: Shop, mugs: int = 3, missing: int = 1) -> Order:
    """Bought here for 10.00 a piece; on the shelf some are not to be found."""
    shop.sells("MUG", "10.00", BERLIN=mugs)
    order = shop.sold(("MUG", mugs))
    (one,) = order.fulfillment_orders
    shop.releases(one.fulfillment_order_id)
    shop.misses(one.fulfillment_order_id, L1=missing)
    shop.settle()
    return shop.order(order.order_id)


def option(order: Order, kind: str) -> RemedyOption:
    assert order.offered
    found = order.offered.option(RemedyKind(kind))
    assert found
    return found


class TestOffer:
    def test_paid_elsewhere_but_not_fillable_is_offered_a_way_out_after_a_day(
        self, shop: Shop
    ) -> None:
        """vendure#3065: reroute, then offer substitute, wait, partial or refund with a deadline."""
        shop.sells("MUG")
        shop.sells("TUMBLER", BERLIN=5)
        shop.sells("CUP", BERLIN=1)
        allows(shop, "MUG", "TUMBLER", restock_days=10)
        order = sold_elsewhere(shop, cups=1)
        shop.advance(hours=23)
        assert shop.remedies().offered == ()
        shop.advance(hours=2)
        assert shop.remedies().offered == (order.order_id,)
        assert shop.remedies().offered == ()
        offer = shop.order(order.order_id).offered
        assert offer
        assert offer.units == {"1": 2}
        assert {one.kind for one in offer.options} == set(RemedyKind)  # the cup is not packed
        assert offer.deadline == shop.clock() + timedelta(hours=72)
        assert offer.at_deadline is RemedyKind.PARTIAL

    def test_without_a_substitute_a_date_or_a_rest_there_is_only_waiting_and_refund(
        self, shop: Shop
    ) -> None:
        shop.sells("MUG")
        order = sold_elsewhere(shop)
        offer = shop.offers(order.order_id)
        assert [one.kind for one in offer.options] == ["wait", "refund"]
        assert offer.options[0].promise is None
        assert offer.options[1].refund == order.totals.total
        assert offer.at_deadline is RemedyKind.REFUND

    def test_a_second_offer_is_the_first_one(self, shop: Shop) -> None:
        shop.sells("MUG")
        order = sold_elsewhere(shop)
        first = shop.offers(order.order_id)
        assert shop.offers(order.order_id) == first
        assert shop.heard(order.order_id).count("remedy.offered") == 1

    def test_what_has_its_location_is_offered_nothing(self, shop: Shop) -> None:
        shop.sells("MUG", BERLIN=1)
        order = shop.sold(("MUG", 1))
        with pytest.raises(IllegalTransition):
            shop.offers(order.order_id)

    def test_a_deadline_that_has_passed_is_refused(self, shop: Shop) -> None:
        shop.sells("MUG")
        order = sold_elsewhere(shop)
        with pytest.raises(InvalidCommand):
            shop.offers(order.order_id, until=shop.clock())

    def test_a_channel_has_its_own_policy(self, shop: Shop) -> None:
        shop.policies.save(RemedyPolicy(channel="shopify", automatic=False))
        shop.sells("MUG")
        order = sold_elsewhere(shop)
        shop.advance(days=9)
        assert shop.remedies().offered == ()
        shop.policies.save(
            RemedyPolicy(channel="generic", offer_after_minutes=30, at_deadline=RemedyKind.WAIT)
        )
        sold = a.storefront_order(a.sold("1", "MUG"), external_id="8")
        other = shop.hears(sold, "generic")
        shop.settle()
        shop.advance(minutes=31)
        assert other
        assert shop.remedies().offered == (other.order_id,)
        offer = shop.order(other.order_id).offered
        assert offer
        assert offer.at_deadline is RemedyKind.WAIT
        assert not shop.order(order.order_id).remedies

    def test_who_bought_beyond_the_stock_is_not_asked_before_the_promised_day(
        self, shop: Shop
    ) -> None:
        backorder = {"cap": 5, "lead_days": 10}
        shop.saves(a.product("MUG", backorder=backorder))
        order = shop.sold(("MUG", 1))
        assert order.promise
        assert order.unplaced == {"1": 1}
        for _ in range(9):
            shop.advance(days=1)
            assert shop.remedies().offered == ()
        shop.clock.now = order.promise.ship_by + timedelta(minutes=1)
        shop.remedies()
        assert shop.order(order.order_id).offered

    def test_an_order_on_hold_is_not_offered_anything(self, shop: Shop) -> None:
        shop.sells("MUG")
        order = shop.hears(a.storefront_order(a.sold("1", "MUG"), paid="0.00"))
        assert order
        shop.settle()
        shop.advance(days=2)
        assert shop.remedies().offered == ()

    def test_a_substitute_is_for_sale_once_however_many_lines_it_could_replace(
        self, shop: Shop
    ) -> None:
        """Two lines of one order: demand is summed before it is checked (medusa#16502)."""
        shop.sells("MUG")
        shop.sells("CUP")
        shop.sells("TUMBLER", BERLIN=3)
        allows(shop, "MUG", "TUMBLER")
        allows(shop, "CUP", "TUMBLER")
        order = sold_elsewhere(shop, mugs=2, cups=2)
        offer = shop.offers(order.order_id)
        assert offer.option(RemedyKind.SUBSTITUTE) is None


class TestSubstitute:
    def test_a_cheaper_one_is_sent_and_the_difference_paid_back(self, shop: Shop) -> None:
        shop.sells("MUG")
        shop.sells("TUMBLER", "9.99", BERLIN=5)
        allows(shop, "MUG", "TUMBLER")
        order = sold_elsewhere(shop)
        offer = shop.offers(order.order_id)
        (tumblers,) = option(shop.order(order.order_id), "substitute").substitutes
        assert (tumblers.total, tumblers.refund) == (a.eur("19.98"), a.eur("4.02"))
        done = shop.chooses(offer.remedy_id, "substitute")
        assert (done.status, done.refund) == (RemedyStatus.CARRIED_OUT, a.eur("4.02"))
        shop.settle()
        order = shop.order(order.order_id)
        gone, sent = order.lines
        assert (gone.canceled, gone.substituted, gone.settled) == (2, 2, gone.total)
        assert (sent.line_id, sent.sku, sent.ordered, sent.replaces) == ("1-M1", "TUMBLER", 2, "1")
        assert sent.total + a.eur("4.02") == gone.total
        assert sent.tax == a.eur("3.19")
        (one,) = order.fulfillment_orders
        assert [line.sku for line in one.lines] == ["TUMBLER"]
        causes = {item.cause: item.status for item in order.work_items}
        assert causes == {"shortage": "closed", "refund_elsewhere": "open"}

    def test_a_dearer_one_costs_the_customer_nothing(self, shop: Shop) -> None:
        shop.sells("MUG")
        shop.sells("TUMBLER", "99.00", BERLIN=5)
        allows(shop, "MUG", "TUMBLER")
        order = sold_elsewhere(shop)
        done = shop.chooses(shop.offers(order.order_id).remedy_id, "substitute")
        sent = shop.order(order.order_id).line("1-M1")
        assert (sent.total, sent.discount) == (a.eur("24.00"), a.eur("174.00"))
        assert done.refund == a.eur("0")
        items = shop.order(order.order_id).work_items
        assert "refund_elsewhere" not in {item.cause for item in items}

    def test_bought_here_only_what_is_sent_is_captured(self, shop: Shop) -> None:
        shop.sells("CUP", "7.77", BERLIN=2)
        order = short_pick(shop)
        allows(shop, "MUG", "CUP")
        shop.chooses(shop.offers(order.order_id).remedy_id, "substitute", L1="CUP")
        shop.settle()
        for one in shop.order(order.order_id).fulfillment_orders:
            shop.packs(one.fulfillment_order_id)
        shop.settle()
        order = shop.order(order.order_id)
        (charge,) = shop.gateway.charges.values()
        assert charge.captured == a.eur("20.00") + a.eur("7.77") + a.eur("4.90")
        assert charge.voided == a.eur("2.23")
        parcels = total((parcel.amount for parcel in order.parcels), "EUR")
        assert order.totals.total == parcels + a.eur("2.23")
        for parcel in order.parcels:
            shop.says(parcel.shipment_id, "delivered")
        assert shop.order(order.order_id).status is OrderStatus.CLOSED

    def test_it_is_promised_as_of_the_choice_and_the_old_promise_is_kept(self, shop: Shop) -> None:
        order = short_pick(shop)
        shop.sells("TUMBLER", HAMBURG=5)
        allows(shop, "MUG", "TUMBLER")
        offer = shop.offers(order.order_id)
        shop.advance(days=2)
        shop.chooses(offer.remedy_id, "substitute")
        late, old = shop.order(order.order_id), order.promise
        assert old
        assert late.promise
        assert late.promise.promised_at == shop.clock()
        assert late.promise.deliver_by > old.deliver_by
        assert late.earlier_promises == (old,)
        shop.settle()
        sent = shop.order(order.order_id).fulfillment_orders[-1]
        assert (sent.location_id, sent.ship_by) == ("HAMBURG", late.promise.ship_by)

    def test_the_customer_names_one_of_several(self, shop: Shop) -> None:
        shop.sells("MUG")
        shop.sells("TUMBLER", BERLIN=5)
        shop.sells("BEAKER", BERLIN=5)
        allows(shop, "MUG", "TUMBLER", "BEAKER")
        order = sold_elsewhere(shop)
        offer = shop.offers(order.order_id)
        with pytest.raises(InvalidCommand, match=r"substitutes\.1"):
            shop.chooses(offer.remedy_id, "substitute", L1="SPOON")
        shop.chooses(offer.remedy_id, "substitute", L1="BEAKER")
        assert shop.order(order.order_id).line("1-M1").sku == "BEAKER"

    def test_one_that_was_sold_meanwhile_is_refused_and_something_else_may_be_chosen(
        self, shop: Shop
    ) -> None:
        shop.sells("MUG")
        shop.sells("TUMBLER", BERLIN=2)
        allows(shop, "MUG", "TUMBLER")
        order = sold_elsewhere(shop)
        offer = shop.offers(order.order_id)
        shop.buys(("TUMBLER", 1))
        with pytest.raises(OutOfStock):
            shop.chooses(offer.remedy_id, "substitute")
        assert shop.order(order.order_id).offered == offer
        shop.chooses(offer.remedy_id, "refund")
        assert shop.order(order.order_id).status is OrderStatus.CANCELED

    def test_the_storefronts_next_message_does_not_take_it_for_a_change(self, shop: Shop) -> None:
        shop.sells("MUG")
        shop.sells("TUMBLER", BERLIN=2)
        allows(shop, "MUG", "TUMBLER")
        order = sold_elsewhere(shop)
        shop.chooses(shop.offers(order.order_id).remedy_id, "substitute")
        later = shop.clock() + timedelta(hours=1)
        shop.hears(a.storefront_order(a.sold("1", "MUG", 2), external_id="7", updated_at=later))
        causes = {item.cause for item in shop.order(order.order_id).work_items}
        assert "lines_changed" not in causes


class TestMoney:
    def test_partial_refunds_exactly_these_units_and_the_rest_is_delivered(
        self, shop: Shop
    ) -> None:
        order = short_pick(shop)
        offer = shop.offers(order.order_id)
        assert option(shop.order(order.order_id), "partial").refund == a.eur("10.00")
        done = shop.chooses(offer.remedy_id, "partial")
        assert done.refund == a.eur("10.00")
        (one,) = shop.order(order.order_id).fulfillment_orders
        shop.packs(one.fulfillment_order_id)
        shop.settle()
        (charge,) = shop.gateway.charges.values()
        assert (charge.captured, charge.voided) == (a.eur("24.90"), a.eur("10.00"))
        order = shop.order(order.order_id)
        assert (order.lines[0].canceled, order.lines[0].shipped) == (1, 2)
        assert "order.units_canceled" in shop.heard(order.order_id)
        assert "order.canceled" not in shop.heard(order.order_id)

    def test_refund_takes_back_all_that_is_not_packed_with_what_is_charged_once(
        self, shop: Shop
    ) -> None:
        order = short_pick(shop)
        done = shop.chooses(shop.offers(order.order_id).remedy_id, "refund")
        order = shop.order(order.order_id)
        assert done.refund == order.totals.total
        assert order.status is OrderStatus.CANCELED
        assert order.payment_state is PaymentState.VOIDED
        assert shop.left("MUG") == (2, 0)

    def test_what_is_packed_keeps_what_is_charged_once(self, shop: Shop) -> None:
        order = short_pick(shop)
        (one,) = order.fulfillment_orders
        shop.packs(one.fulfillment_order_id)
        offer = shop.offers(order.order_id)
        assert {one.kind for one in offer.options} == {RemedyKind.WAIT, RemedyKind.PARTIAL}
        done = shop.chooses(offer.remedy_id, "partial")
        assert done.refund == a.eur("10.00")
        assert shop.order(order.order_id).status is OrderStatus.PLACED

    def test_money_that_the_storefront_took_is_the_storefronts_to_give_back(
        self, shop: Shop
    ) -> None:
        shop.sells("MUG")
        order = sold_elsewhere(shop)
        offer = shop.offers(order.order_id)
        shop.chooses(offer.remedy_id, "refund")
        order = shop.order(order.order_id)
        (item,) = (one for one in order.work_items if one.status == "open")
        assert (item.cause, item.subject) == ("refund_elsewhere", offer.remedy_id)
        assert item.text.startswith("28.90 EUR")


class TestWait:
    def test_the_new_promise_stands_beside_the_old_one(self, shop: Shop) -> None:
        order = short_pick(shop)
        allows(shop, "MUG", restock_days=10)
        old = order.promise
        offer = shop.offers(order.order_id)
        new = option(shop.order(order.order_id), "wait").promise
        assert new
        assert old
        assert new.deliver_by > old.deliver_by + timedelta(days=9)
        shop.chooses(offer.remedy_id, "wait")
        order = shop.order(order.order_id)
        assert (order.promise, order.earlier_promises) == (new, (old,))
        ledger = promise_ledger(order, at=shop.clock())
        assert ledger
        assert (ledger.promise, ledger.earlier) == (new, (old,))
        shop.advance(days=1)
        assert shop.remedies().offered == ()
        shop.gets("MUG", HAMBURG=1)
        shop.allocates(order.order_id)
        assert shop.order(order.order_id).lines[0].allocated == 3

    def test_the_new_promise_is_from_where_the_rules_let_it_ship(self, shop: Shop) -> None:
        order = short_pick(shop)
        allows(shop, "MUG", restock_days=10)
        shop.catalog.save(a.location("HAMBURG", a.HAMBURG))
        shop.rules(filters=[{"name": "berlin", "never": {"locations": ["BERLIN"]}}])
        shop.offers(order.order_id)
        new = option(shop.order(order.order_id), "wait").promise
        assert new
        assert new.places == ("HAMBURG",)

    def test_whoever_waits_without_a_date_is_asked_again(self, shop: Shop) -> None:
        shop.sells("MUG")
        order = sold_elsewhere(shop)
        shop.chooses(shop.offers(order.order_id).remedy_id, "wait")
        shop.advance(days=13)
        assert shop.remedies().offered == ()
        shop.advance(days=2)
        assert shop.remedies().offered == (order.order_id,)
        assert [one.remedy_id[-2:] for one in shop.order(order.order_id).remedies] == ["M1", "M2"]


class TestDeadline:
    def test_nobody_chose_and_what_was_announced_is_done_once(self, shop: Shop) -> None:
        shop.sells("MUG")
        order = sold_elsewhere(shop)
        offer = shop.offers(order.order_id)
        shop.advance(hours=72)
        assert shop.remedies().settled == ()
        shop.advance(seconds=1)
        assert shop.remedies().settled == (offer.remedy_id,)
        assert shop.remedies().settled == ()
        order = shop.order(order.order_id)
        assert order.status is OrderStatus.CANCELED
        heard = shop.heard(order.order_id)
        assert heard.count("remedy.expired") == heard.count("remedy.carried_out") == 1

    def test_it_is_too_late_to_choose_then(self, shop: Shop) -> None:
        shop.sells("MUG")
        offer = shop.offers(sold_elsewhere(shop).order_id)
        shop.advance(hours=73)
        with pytest.raises(IllegalTransition, match="past its deadline"):
            shop.chooses(offer.remedy_id, "wait")

    @pytest.mark.parametrize("calls", range(8))
    def test_a_crash_at_any_point_is_finished_by_the_clock(self, shop: Shop, calls: int) -> None:
        order = short_pick(shop)
        offer = shop.offers(order.order_id)
        real = {"orders": shop.orders, "gateway": shop.gateway}
        vars(shop).update(Countdown(calls, kill).watching(real))
        try:
            shop.chooses(offer.remedy_id, "refund")
        except Killed:
            vars(shop).update(real)
            shop.check()
        vars(shop).update(real)
        if shop.order(order.order_id).offered:
            shop.chooses(offer.remedy_id, "refund")
        shop.advance(minutes=11)
        shop.remedies()
        shop.expires()
        order = shop.order(order.order_id)
        assert order.status is OrderStatus.CANCELED
        assert order.remedies[0].status is RemedyStatus.CARRIED_OUT
        (charge,) = shop.gateway.charges.values()
        assert charge.voided == order.totals.total

    def test_a_choice_is_taken_once(self, shop: Shop) -> None:
        shop.sells("MUG")
        offer = shop.offers(sold_elsewhere(shop).order_id)
        first = shop.chooses(offer.remedy_id, "refund")
        assert shop.chooses(offer.remedy_id, "refund") == first
        with pytest.raises(IllegalTransition):
            shop.chooses(offer.remedy_id, "wait")

    def test_what_was_not_offered_cannot_be_chosen(self, shop: Shop) -> None:
        shop.sells("MUG")
        offer = shop.offers(sold_elsewhere(shop).order_id)
        with pytest.raises(InvalidCommand, match="kind"):
            shop.chooses(offer.remedy_id, "substitute")
        with pytest.raises(InvalidCommand, match="substitutes"):
            shop.chooses(offer.remedy_id, "wait", L1="CUP")


class TestMeanwhile:
    def test_goods_that_arrive_fill_the_order_and_withdraw_the_offer(self, shop: Shop) -> None:
        shop.sells("MUG")
        order = sold_elsewhere(shop)
        offer = shop.offers(order.order_id)
        shop.gets("MUG", BERLIN=2)
        shop.allocates(order.order_id)
        order = shop.order(order.order_id)
        assert order.lines[0].allocated == 2
        assert order.remedy(offer.remedy_id).status is RemedyStatus.WITHDRAWN
        with pytest.raises(IllegalTransition):
            shop.chooses(offer.remedy_id, "refund")

    def test_a_part_that_arrives_makes_it_another_offer(self, shop: Shop) -> None:
        shop.sells("MUG")
        order = sold_elsewhere(shop)
        shop.advance(days=2)
        shop.remedies()
        shop.gets("MUG", BERLIN=1)
        shop.allocates(order.order_id)
        shop.remedies()  # due from the next second on
        shop.advance(seconds=1)
        shop.remedies()
        first, second = shop.order(order.order_id).remedies
        assert (first.status, second.status) == (RemedyStatus.WITHDRAWN, RemedyStatus.OFFERED)
        assert second.units == {"1": 1}

    @pytest.mark.parametrize("calls", range(6))
    @pytest.mark.parametrize("kind", ["refund", "substitute", "wait"])
    def test_a_choice_and_a_refill_at_once_exactly_one_wins(
        self, shop: Shop, kind: str, calls: int
    ) -> None:
        shop.sells("MUG")
        shop.sells("TUMBLER", BERLIN=2)
        allows(shop, "MUG", "TUMBLER")
        order = sold_elsewhere(shop)
        offer = shop.offers(order.order_id)
        shop.gets("MUG", BERLIN=2)
        real = {"orders": shop.orders}

        def meanwhile() -> None:
            vars(shop).update(real)
            shop.allocates(order.order_id)

        vars(shop).update(Countdown(calls, meanwhile).watching(real))
        try:
            shop.chooses(offer.remedy_id, kind)
        except IllegalTransition:
            assert shop.order(order.order_id).lines[0].allocated == 2
        vars(shop).update(real)
        shop.settle()
        order = shop.order(order.order_id)
        remedy = order.remedy(offer.remedy_id)
        filled = order.lines[0].allocated == 2
        assert (remedy.status is RemedyStatus.WITHDRAWN) or remedy.choice == kind
        if kind != "wait":
            assert filled == (remedy.status is RemedyStatus.WITHDRAWN)
            assert filled != (order.lines[0].canceled == 2)

    def test_an_order_that_is_canceled_has_nothing_to_choose(self, shop: Shop) -> None:
        shop.sells("MUG")
        order = sold_elsewhere(shop)
        offer = shop.offers(order.order_id)
        shop.cancels(order.order_id)
        assert shop.order(order.order_id).remedy(offer.remedy_id).status is RemedyStatus.WITHDRAWN

    def test_the_restock_does_not_fill_the_canceled_units(self, shop: Shop) -> None:
        """solidus PR#3781, by a remedy."""
        order = short_pick(shop, missing=2)
        shop.chooses(shop.offers(order.order_id).remedy_id, "partial")
        shop.gets("MUG", BERLIN=5)
        shop.allocates(order.order_id)
        line = shop.order(order.order_id).lines[0]
        assert (line.canceled, line.allocated, line.backordered) == (2, 1, 0)


class TestUnfillable:
    def test_the_queue_lists_what_no_location_can_ship_and_what_no_stock_holds(
        self, shop: Shop
    ) -> None:
        shop.sells("MUG")
        short = sold_elsewhere(shop)
        shop.clock.advance(minutes=1)
        shop.sells("CUP", BERLIN=1)
        order = shop.sold(("CUP", 1))
        shop.releases(order.fulfillment_orders[0].fulfillment_order_id)
        shop.rejects(order.fulfillment_orders[0].fulfillment_order_id)
        shop.settle()
        assert [one.order_id for one in shop.queues.waiting()] == [short.order_id, order.order_id]
        assert shop.order(order.order_id).short_since == shop.clock()
        shop.requests_allocation(order.order_id)
        shop.settle()
        assert [one.order_id for one in shop.queues.waiting()] == [short.order_id]
        assert shop.order(order.order_id).short_since is None

    def test_a_substitute_that_cannot_be_shipped_either_is_offered_anew(self, shop: Shop) -> None:
        shop.sells("MUG")
        shop.sells("TUMBLER", BERLIN=2)
        allows(shop, "MUG", "TUMBLER")
        order = sold_elsewhere(shop)
        shop.advance(days=1)
        shop.chooses(shop.offers(order.order_id).remedy_id, "substitute")
        shop.settle()
        key = shop.order(order.order_id).fulfillment_orders[0].fulfillment_order_id
        shop.misses(key, **{"L1-M1": 2})
        shop.settle()
        shop.advance(hours=23)
        assert shop.remedies().offered == ()
        shop.advance(hours=2)
        assert shop.remedies().offered == (order.order_id,)
