"""Whatever is delivered twice, dies half way or comes all at once: everything happens once."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from doorstep.domain.order import order_id
from doorstep.runtime.views import OrderView
from local.client import Refused, wait_for
from tests.e2e.faults import Faults, every_event_twice, every_task_twice
from tests.e2e.world import Missing, World

CONSUMERS = ("allocate-allocate", "ship-resume", "ship-track", "returns-refund", "events-publish")
TASKS = ("ship-capture", "ship-buy-label", "ship-dispatch")
QUEUES = ("storefront", "allocate", "resume", "carrier", "refund", "notify")
RETOLD = ("fulfillment_order.set_aside", "fulfillment_order.resumed", "work_item.opened")
"""Said once for every attempt."""
CALLERS = 16
"""How many copies of an HTTP function the embedded stage allows."""


@pytest.fixture(scope="module")
def faults(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faults]:
    functions = (*CONSUMERS, *TASKS, "checkout-api", "checkout-ingest", "ship-warehouse-api")
    log = tmp_path_factory.mktemp("faults") / "proxy.log"
    with Faults(world, functions, log) as faults:
        yield faults


@pytest.fixture
def impatient(world: World) -> Iterator[None]:
    """What fails is delivered again after two seconds."""
    with world.redelivering(*QUEUES, seconds=2):
        yield


def told(order: OrderView) -> Counter[tuple[str, str]]:
    """How often each event happened to each record of the order."""
    assert order.timeline
    return Counter(
        (item.name, str(item.data.get("fulfillment_order_id") or item.data.get("shipment_id")))
        for item in order.timeline
    )


def assert_whole(world: World, order: OrderView, sku: str, *, back: int) -> None:
    """Everything left, arrived, was paid once, and what came back was paid back once."""
    ordered = sum(line.ordered for line in order.lines)
    assert order.timeline
    assert [item.sequence for item in order.timeline] == list(range(1, len(order.timeline) + 1))
    assert (order.status, sum(line.delivered for line in order.lines)) == ("closed", ordered)
    assert order.returns[-1].refund
    (charge,) = world.charges(order)
    taken = order.totals.total.minor - order.returns[-1].refund.minor
    assert (charge["capturable"], charge["refundable"]) == (0, taken)
    levels = world.service.stock(sku)
    assert (levels.available, levels.held) == (20 - ordered + back, 0)
    assert sum(level.on_hand for level in levels.levels.locations) == 20 - ordered + back


def life(world: World, order: OrderView, *, places: int = 1) -> OrderView:
    """From its places to the doorstep; one unit comes back and is refunded."""
    for one in world.to_pack(order.order_id, places=places):
        world.persists(lambda one=one: world.packs(one))
    for shipment in world.shipped(order.order_id).shipments:
        for _ in range(2):
            world.carrier_says(shipment, "delivered")
    world.closes(order.order_id)
    line = {"line_id": "1", "quantity": 1, "reason": "unwanted"}
    back = world.webshop.request_return(order.order_id, [line], world.key())
    for _ in range(2):
        world.warehouse.receive_return(back.return_id, {"1": {"received": 1}})
    return world.becomes(order.order_id, "refunded", lambda o: o.returns[-1].status == "refunded")


def test_every_message_delivered_and_every_task_run_twice_has_one_effect(world: World) -> None:
    sku = world.sells({"leipzig": 10, "rotterdam": 10})
    with every_event_twice(world), every_task_twice(world):
        order = life(world, world.checks_out({sku: 12}), places=2)
        repeated = {"ReleaseAgain", "CaptureAgain", "BuyLabelAgain", "DispatchAgain"}
        for one in order.fulfillment_orders:
            wait_for("the second run", lambda one=one: repeated <= world.states(one), seconds=30)
        arrivals = Counter(event["detail"]["sequence"] for event in world.hears(order))
        assert set(arrivals.values()) == {2}
    assert_whole(world, order, sku, back=1)
    assert set(told(order).values()) == {1}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("call", range(1, 6))
def test_whoever_dies_at_any_call_of_aws_is_repeated_to_the_same_end(
    world: World, faults: Faults, call: int
) -> None:
    """A consumer, and a task of the workflow, killed between its steps: each of them, at each.

    A task that died for good is set aside with a work item; an agent lets it go on.
    """
    sku = world.sells({"leipzig": 20})
    with faults.dying(call, *CONSUMERS, *TASKS, "ship-warehouse-api"):
        placed = world.checks_out({sku: 2})
        with ThreadPoolExecutor(1) as agent:
            done = agent.submit(life, world, placed)
            while not done.done():
                for one in world.order(placed.order_id).fulfillment_orders:
                    if one.status == "exception":
                        world.persists(lambda one=one: world.retries(one))
            order = done.result()
        died = faults.died()
    assert_whole(world, order, sku, back=1)
    assert {times for (name, _), times in told(order).items() if name not in RETOLD} == {1}
    assert died, f"nobody calls AWS {call} times: fewer calls will do"


@pytest.mark.usefixtures("impatient")
def test_whoever_is_killed_by_its_time_limit_is_repeated_to_the_same_end(
    world: World, faults: Faults
) -> None:
    """Killed outright, in the middle of the call that matters most to it."""
    sku = world.sells({"leipzig": 20})
    moments = {
        "allocate-allocate": ("stepfunctions", "StartExecution"),
        "ship-capture": ("dynamodb", "UpdateItem"),
        "ship-buy-label": ("s3", "PutObject"),
        "returns-refund": ("dynamodb", "UpdateItem"),
    }
    with ExitStack() as limits:
        for name in moments:
            limits.enter_context(world.limited(name, seconds=3))
        with faults.failing(*(faults.hangs(name, *at) for name, at in moments.items())):
            order = life(world, world.checks_out({sku: 2}))
            assert len(faults.died()) == len(moments)
    assert_whole(world, order, sku, back=1)
    assert set(told(order).values()) == {1}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("call", range(1, 6))
def test_a_storefront_order_whose_consumer_dies_is_placed_once(
    world: World, faults: Faults, call: int
) -> None:
    sku = world.sells({"leipzig": 5})
    with faults.dying(call, "checkout-ingest"):
        order = world.arrives(world.sold_elsewhere({sku: 2}))
        assert faults.died()
    world.ships(order.order_id)
    assert world.service.stock(sku).available == 3


@pytest.mark.parametrize("call", range(1, 5))
def test_a_checkout_that_dies_is_finished_by_its_repeat(
    world: World, faults: Faults, call: int
) -> None:
    """A crash at any point between hold, authorize and place."""
    sku, key = world.sells({"leipzig": 3}), world.key()
    with faults.dying(call, "checkout-api"):
        with pytest.raises(Refused, match="500"):
            world.webshop.place(world.cart({sku: 1}), key)
        order = world.webshop.place(world.cart({sku: 1}), key)
    assert len(world.charges(order)) == 1
    world.ships(order.order_id)
    assert world.service.stock(sku).available == 2


@pytest.mark.parametrize("call", range(1, 5))
def test_a_checkout_that_nobody_repeats_is_finished_or_undone(
    world: World, faults: Faults, call: int
) -> None:
    sku, key = world.sells({"leipzig": 3}), world.key()
    with (
        world.configured("checkout-api", CHECKOUT_TTL_SECONDS="1"),
        faults.dying(call, "checkout-api"),
        pytest.raises(Refused, match="500"),
    ):
        world.webshop.place(world.cart({sku: 1}), key)
    stock = world.service.stock(sku)
    try:
        order = world.settled(order_id("web", key))
    except Missing:
        assert (stock.available, stock.held) == (3, 0)
        return
    charged = [charge["capturable"] for charge in world.charges(order)]
    if order.status == "placed":
        assert charged == [order.totals.total.minor]
        world.ships(order.order_id)
        assert world.service.stock(sku).available == 2
    else:
        assert charged == []
        assert world.service.stock(sku).available == 3


# --- all at once ----------------------------------------------------------------------------------


def test_four_hundred_want_the_last_hundred_and_nobody_else_is_charged(world: World) -> None:
    """Two checkouts race for the last unit; the loser is not charged (vendure#3065, #4930)."""
    sku = world.sells({"leipzig": 60, "rotterdam": 40})
    charged = world.charges_known()

    def buy(key: str) -> str:
        try:
            return world.webshop.place(world.cart({sku: 1}), key).payment
        except Refused as refusal:
            return str(refusal)

    keys = [world.key() for _ in range(400)]
    with ThreadPoolExecutor(CALLERS) as callers:
        answers = dict(zip(keys, callers.map(buy, keys), strict=True))
    refused = f"409 Not enough stock: Not enough stock: {sku} (0 of 1 left)."
    assert Counter(answers.values()) == {"authorized": 100, refused: 300}
    assert world.charges_known() == charged + 100
    loser = next(key for key, answer in answers.items() if answer == refused)
    with pytest.raises(Missing):
        world.order(order_id("web", loser))

    world.becomes_true(
        "everything allocated",
        lambda: sum(at.allocated for at in world.service.stock(sku).levels.locations) == 100,
    )
    levels = world.service.stock(sku)
    assert (levels.available, levels.held) == (0, 0)


def test_the_same_key_from_everywhere_at_once_makes_one_order(world: World) -> None:
    sku, key = world.sells({"leipzig": 20}), world.key()
    charged = world.charges_known()
    with ThreadPoolExecutor(CALLERS) as callers:
        placed = list(
            callers.map(lambda _: world.webshop.place(world.cart({sku: 1}), key), range(CALLERS))
        )
    assert {order.order_id for order in placed} == {order_id("web", key)}
    assert world.charges_known() == charged + 1
    order = world.ships(order_id("web", key))
    assert set(told(order).values()) == {1}
    assert world.service.stock(sku).available == 19
    with pytest.raises(Refused, match="409 The key was used before"):
        world.webshop.place(world.cart({sku: 2}), key)


def test_two_lines_of_one_sku_are_summed_before_they_are_checked(world: World) -> None:
    """medusa#16502, vendure#2702."""
    sku = world.sells({"leipzig": 3})
    lines = [{"sku": sku, "quantity": 2}, {"sku": sku, "quantity": 2}]
    with pytest.raises(Refused, match="409") as refused:
        world.webshop.place(world.cart({}, lines=lines), world.key())
    assert refused.value.problem["short"] == [{"sku": sku, "asked": 4, "left": 3}]


# --- dead letters ---------------------------------------------------------------------------------


def test_a_message_that_cannot_be_handled_becomes_a_dead_letter_and_is_sent_again(
    world: World,
) -> None:
    """A cancellation of an order that came only after we had given up on it. docs/operate.md."""
    sku = world.sells({"leipzig": 2})
    sold = world.sold_elsewhere({sku: 1})
    with world.redelivering("storefront"):
        world.storefront_sends({"type": "order.canceled", "data": {"id": sold["id"]}})
        world.becomes_true("a dead letter", lambda: world.waiting("storefront-dead"))
    order = world.arrives(sold)
    world.sends_dead_letters_again("storefront")
    world.becomes(order.order_id, "canceled", lambda o: o.status == "canceled")
    assert world.waiting("storefront-dead") == 0


def test_a_poisoned_message_does_not_keep_the_others_waiting(world: World) -> None:
    sqs, url = world.aws.client("sqs"), world.queue_url("allocate")
    sku = world.sells({"leipzig": 5})
    with world.redelivering("allocate"):
        for poison in ("no JSON", "{}", '{"detail": {"order_id": 7}}'):
            sqs.send_message(QueueUrl=url, MessageBody=poison)
        world.ships(world.checks_out({sku: 1}).order_id)
        world.becomes_true("three dead letters", lambda: world.waiting("allocate-dead") == 3)
    sqs.purge_queue(QueueUrl=world.queue_url("allocate-dead"))
