"""A decision in sentences."""

from doorstep.domain.events import OrderRouted
from doorstep.domain.explaining import told
from tests.shop import Shop


def explained(shop: Shop, order_id: str) -> tuple[str, ...]:
    (item,) = (i for i in shop.orders.timeline(order_id) if i.name == "order.routed")
    return told(OrderRouted.model_validate(item.data))


def test_every_location_is_told_with_what_speaks_for_or_against_it(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5, HAMBURG=5, STORE=5)
    shop.rules(
        filters=[{"name": "no-stores", "never": {"locations": ["STORE"]}}],
        charges=[{"name": "far", "beyond_km": 100, "parcel": 50}],
        most_locations=1,
    )
    text = explained(shop, shop.sold(("MUG", 2)).order_id)
    assert text[0] == "BERLIN costs the least. It costs 5.42 EUR by the rules web@1."
    assert text[1] == (
        "BERLIN (0 km) ships 2 for 5.42 EUR (parcel 3.90 EUR, weight 0.12 EUR, handling 1.40 EUR)."
    )
    assert (
        "HAMBURG (255 km) could ship 2 for 6.58 EUR (parcel 4.50 EUR, weight 0.18 EUR, "
        "handling 1.40 EUR, charges 0.50 EUR) [far]: that costs more in all." in text
    )
    assert "STORE (0 km) may not ship it [no-stores]." in text


def test_a_split_and_those_who_could_not_are_told(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=1)
    shop.sells("CUP", HAMBURG=1)
    text = explained(shop, shop.sold(("MUG", 1), ("CUP", 1)).order_id)
    assert text[0].startswith("No single location can ship everything: split over BERLIN, HAMBURG.")
    assert "of it 2.00 EUR for the split" in text[0]
