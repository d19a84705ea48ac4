"""The contract of Catalog: what may be sold, from where, and how it is delivered."""

from tests import builders as a
from tests.contract.world import World


def test_an_offer_has_what_a_checkout_needs(world: World) -> None:
    world.catalog.save(a.product("MUG"), a.engraved("PEN"), a.delivery())
    products, option = world.catalog.offer(["MUG", "PEN", "MUG"], "standard")
    assert products == {"MUG": a.product("MUG"), "PEN": a.engraved("PEN")}
    assert option == a.delivery()


def test_what_is_unknown_is_absent(world: World) -> None:
    world.catalog.save(a.product("MUG"))
    assert world.catalog.offer(["CUP"], "by-drone") == ({}, None)
    assert list(world.catalog.products(["CUP", "MUG"])) == ["MUG"]


def test_saving_again_replaces(world: World) -> None:
    world.catalog.save(a.product("MUG", "12.00"), a.location("BERLIN"))
    assert world.catalog.locations() == [a.location("BERLIN")]
    world.catalog.save(a.product("MUG", "13.00"), a.location("BERLIN", priority=1))
    assert world.catalog.products(["MUG"])["MUG"].prices == {"EUR": 1300}
    assert world.catalog.locations() == [a.location("BERLIN", priority=1)]


def test_all_delivery_options_are_listed_and_found_by_their_code(world: World) -> None:
    assert world.catalog.delivery_options() == []
    world.catalog.save(a.delivery(), a.delivery("9.90", code="express"))
    assert [one.code for one in world.catalog.delivery_options()] == ["express", "standard"]
    world.catalog.save(a.delivery("5.90"))
    assert a.delivery("5.90") in world.catalog.delivery_options()
    assert world.catalog.offer([], "express")[1] == a.delivery("9.90", code="express")


def test_more_products_than_one_read_takes(world: World) -> None:
    products = [a.product(f"SKU-{number}") for number in range(105)]
    world.catalog.save(*products)
    assert len(world.catalog.products(product.sku for product in products)) == 105


def test_a_sku_may_hold_what_a_merchant_writes(world: World) -> None:
    for sku in ("Tasse blau/groß", "é", "a:b", "日本-1"):
        world.catalog.save(a.product(sku))
        assert world.catalog.products([sku])[sku].sku == sku
