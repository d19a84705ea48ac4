"""Random histories of a shop that also makes to order: whatever happens, the invariants hold.

All of `test_histories`, and pens: sold with and without words, corrected, begun, checked, spoiled,
packed too soon, canceled too late and by force.
"""

from contextlib import suppress
from functools import partial

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from doorstep.domain.catalog import Terms
from doorstep.domain.errors import InvalidCommand
from doorstep.domain.fulfillment import WORKABLE, FulfillmentOrder
from doorstep.domain.personalization import TextOption
from doorstep.usecases.cart import WantedLine
from tests import builders as a
from tests.unit.test_histories import REFUSED, History, once_or_twice

words = st.sampled_from(["For Ada", "Für Zoë", "", "x" * 9, "a\tb"])
units = st.integers(1, 3)
ABLE = ("ship", "made_to_order")


class WorkshopHistory(History):
    def __init__(self) -> None:
        super().__init__()
        engraving = TextOption(name="engraving", max_length=8)
        hasty = Terms(accept_hours=1, pack_hours=2)
        self.shop.catalog.save(
            a.product("PEN", "7.77", kind="made_to_order", options=(engraving,)),
            a.location("BERLIN", capabilities=ABLE, terms=hasty),
            a.location("HAMBURG", a.HAMBURG, capabilities=ABLE),
        )
        self.shop.gets("PEN", BERLIN=6, HAMBURG=3)

    @rule(pens=st.lists(st.tuples(words, units), min_size=1, max_size=2), mugs=st.booleans())
    def buy_pens(self, pens: list[tuple[str, int]], mugs: bool) -> None:
        self.carts += 1
        lines = [
            WantedLine(sku="PEN", quantity=quantity, instructions={"engraving": said})
            for said, quantity in pens
        ]
        if mugs:
            lines.append(WantedLine(sku="MUG", quantity=1))
        with suppress(InvalidCommand, *REFUSED):
            self.shop.check_out(a.cart(lines=tuple(lines)), f"cart-{self.carts}")

    @rule(said=words, quantity=units, times=once_or_twice)
    def sell_pens_in_storefront(self, said: str, quantity: int, times: int) -> None:
        self.carts += 1
        pens = a.sold("1", "PEN", quantity, "7.77", instructions={"Engraving": said})
        for _ in range(times):
            self.shop.hears(a.storefront_order(pens, external_id=str(self.carts)))

    @precondition(lambda self: self.shop.memory.orders)
    @rule(data=st.data(), said=words, times=once_or_twice)
    def correct(self, data: st.DataObject, said: str, times: int) -> None:
        order = self._pick(data, self._orders())
        for _ in range(times):
            with suppress(InvalidCommand, *REFUSED):
                self.shop.instructs(order.order_id, L1={"engraving": said})

    @precondition(lambda self: self._to_make())
    @rule(data=st.data(), pieces=units, again=st.booleans(), times=once_or_twice)
    def work(self, data: st.DataObject, pieces: int, again: bool, times: int) -> None:
        shop, one = self.shop, self._pick(data, self._to_make())
        work = self._pick(data, [line.work_order for line in one.lines if line.work_order])
        key = work.work_order_id
        spoiled = partial(shop.scraps, key, work.scrapped + pieces, again=again)
        steps = [shop.begins, shop.finishes, shop.passes, shop.fails, shop.prints]
        step = self._pick(data, [spoiled, *(partial(step, key) for step in steps)])
        for _ in range(times):
            with suppress(*REFUSED):
                step()

    @precondition(lambda self: self._to_make())
    @rule(data=st.data(), pieces=units)
    def answer(self, data: st.DataObject, pieces: int) -> None:
        """The workshop packs, refuses or misses something, whether or not it may."""
        shop, one = self.shop, self._pick(data, self._to_make())
        key = one.fulfillment_order_id
        part = f"L{self._pick(data, list(one.lines)).line_id}"
        deeds = [
            partial(shop.packs, key),
            partial(shop.rejects, key),
            partial(shop.misses, key, **{part: pieces}),
            partial(shop.moves, key, "HAMBURG"),
        ]
        with suppress(InvalidCommand, *REFUSED):
            self._pick(data, deeds)()

    @precondition(lambda self: self._to_make())
    @rule(times=once_or_twice)
    def a_good_day_at_the_bench(self, times: int) -> None:
        for one in self._to_make():
            for work in one.unfinished:
                for step in (self.shop.begins, self.shop.finishes, self.shop.passes):
                    with suppress(*REFUSED):
                        step(work.work_order_id)
            self.shop.packs(one.fulfillment_order_id)
        self.shop.settle(times)

    @precondition(lambda self: self.shop.memory.orders)
    @rule(data=st.data(), times=once_or_twice)
    def cancel_by_force(self, data: st.DataObject, times: int) -> None:
        order = self._pick(data, self._orders())
        for _ in range(times):
            with suppress(*REFUSED):
                self.shop.cancels(order.order_id, force=True)

    def _asked(self) -> list[FulfillmentOrder]:
        """What is only picked; what is made has rules of its own."""
        plain = super()._asked()
        return [one for one in plain if not any(line.work_order for line in one.lines)]

    def _to_make(self) -> list[FulfillmentOrder]:
        found = self._fulfillment_orders()
        return [
            one
            for one in found
            if one.status in WORKABLE and any(line.work_order for line in one.lines)
        ]


TestWorkshopHistories = WorkshopHistory.TestCase
TestWorkshopHistories.settings = settings(
    max_examples=50,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
