"""Hot SKUs: many orders at once, and every last unit found."""

import pytest

from doorstep.domain.errors import OutOfStock
from doorstep.domain.stockkeeping import evened, gathered, uneven
from doorstep.usecases.shards import rebalance
from tests import builders as a
from tests.shop import Shop


def stocked(shop: Shop, sku: str, *units: int, shards: int = 0) -> None:
    """A product with so many units in each shard."""
    shop.catalog.save(a.product(sku, stock_shards=shards or len(units)))
    for shard, quantity in enumerate(units):
        if quantity:
            goods = a.received(sku, "BERLIN", quantity, cause=f"{sku}-{shard}")
            shop.stock.move(goods.model_copy(update={"shard": shard}))


def spread_of(shop: Shop, sku: str = "MUG") -> list[int]:
    return [level.available for level in shop.stock.levels([sku])[sku].network]


def even(shop: Shop, *skus: str) -> int:
    return rebalance(skus, catalog=shop.catalog, stock=shop.stock, clock=shop.clock)


@pytest.mark.parametrize("key", [f"cart-{number}" for number in range(6)])
def test_the_last_units_are_found_on_every_shard(shop: Shop, key: str) -> None:
    stocked(shop, "MUG", 1, 0, 1, 1)
    shop.buys(("MUG", 3), key=key)
    assert shop.left("MUG") == (0, 3)


@pytest.mark.parametrize("key", [f"cart-{number}" for number in range(6)])
def test_two_hot_skus_in_one_cart_are_found_in_different_shards(shop: Shop, key: str) -> None:
    stocked(shop, "MUG", 1, 0, 0)
    stocked(shop, "CUP", 0, 1, 0)
    shop.buys(("MUG", 1), ("CUP", 1), key=key)
    assert (shop.left("MUG"), shop.left("CUP")) == ((0, 1), (0, 1))


def test_two_lines_of_a_hot_sku_are_summed_before_they_are_checked(shop: Shop) -> None:
    stocked(shop, "MUG", 1, 1, 1)
    with pytest.raises(OutOfStock) as refusal:
        shop.buys(("MUG", 2), ("MUG", 2))
    assert refusal.value.short == {"MUG": (4, 3)}
    assert spread_of(shop) == [1, 1, 1]
    shop.buys(("MUG", 2), ("MUG", 1), key="cart-2")
    assert shop.left("MUG") == (0, 3)


def test_units_in_shards_that_were_taken_away_are_sold(shop: Shop) -> None:
    stocked(shop, "MUG", 1, 1, 1)
    shop.catalog.save(a.product("MUG", stock_shards=2))
    shop.buys(("MUG", 3))
    assert shop.left("MUG") == (0, 3)


def test_what_a_storefront_sold_is_found_on_every_shard(shop: Shop) -> None:
    stocked(shop, "MUG", 1, 1, 1)
    order = shop.hears(a.storefront_order(a.sold("1", "MUG", 4)))
    assert order
    assert shop.left("MUG") == (0, 3)
    assert order.line("1").backordered == 1


def test_a_canceled_order_gives_back_what_was_gathered(shop: Shop) -> None:
    stocked(shop, "MUG", 1, 1, 1)
    shop.cancels(shop.buys(("MUG", 3)).order_id)
    assert shop.left("MUG") == (3, 0)


def test_what_is_left_is_spread_evenly_again(shop: Shop) -> None:
    stocked(shop, "MUG", 9, 1, 0)
    stocked(shop, "CUP", 3, 3, 4)
    assert even(shop, "MUG", "CUP") == 1
    assert spread_of(shop) == [3, 3, 4]
    assert even(shop, "MUG", "CUP") == 0


def test_no_unit_stays_where_nobody_looks(shop: Shop) -> None:
    stocked(shop, "MUG", 2, 2, 2)
    shop.catalog.save(a.product("MUG", stock_shards=2))
    even(shop, "MUG")
    assert spread_of(shop) == [3, 3, 0]


def test_an_ordinary_sku_is_left_alone(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3)
    assert even(shop, "MUG") == 0


def test_no_unit_is_made_or_lost_by_moving_shards(shop: Shop) -> None:
    stocked(shop, "MUG", 5, 0, 2)
    levels = shop.stock.levels(["MUG"])["MUG"]
    for movements in (evened(levels, 3, cause="x"), gathered(levels, 1, 6, cause="y")):
        signs = {"shifted_in": 1, "shifted_out": -1}
        assert sum(signs[m.kind] * m.quantity for m in movements) == 0
        assert movements
    assert gathered(levels, 0, 5, cause="z") == []
    assert uneven(levels, 3)


def test_waiting_orders_are_filled_from_every_shard(shop: Shop) -> None:
    stocked(shop, "MUG", 0, 0, 0)
    orders = []
    for number in (1, 2):
        news = a.storefront_order(a.sold("1", "MUG", 2), external_id=str(number))
        order = shop.hears(news)
        assert order
        orders.append(order.order_id)
    for shard in (1, 2):
        goods = a.received("MUG", "BERLIN", 2, cause=f"late-{shard}")
        shop.stock.move(goods.model_copy(update={"shard": shard}))
    shop.allocates(*orders)
    assert [shop.order(order).line("1").allocated for order in orders] == [2, 2]


def test_one_waiting_order_is_filled_from_every_shard(shop: Shop) -> None:
    stocked(shop, "MUG", 1, 1, 1)
    order = shop.hears(a.storefront_order(a.sold("1", "MUG", 5)))
    assert order
    for shard in (1, 2):
        goods = a.received("MUG", "BERLIN", 1, cause=f"late-{shard}")
        shop.stock.move(goods.model_copy(update={"shard": shard}))
    shop.allocates(order.order_id)
    assert shop.order(order.order_id).line("1").allocated == 5
