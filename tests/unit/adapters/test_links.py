"""Links without a login: good for one remedy, for a while, and for nobody who made one up."""

from datetime import timedelta

import pytest

from doorstep.adapters.links import SignedLinks
from doorstep.domain.errors import SignatureInvalid
from tests import builders as a

SECRET, OLD = "n" * 40, "o" * 40


@pytest.fixture
def clock() -> a.Clock:
    return a.Clock()


@pytest.fixture
def links(clock: a.Clock) -> SignedLinks:
    return SignedLinks("https://shop.example/remedies/", (SECRET, OLD), clock)


def token_of(url: str) -> str:
    return url.partition("?token=")[2]


def test_a_link_leads_to_its_remedy_and_is_good_for_it(links: SignedLinks) -> None:
    url = links.to("O-A-M1", a.NOW + timedelta(days=1))
    assert url.startswith("https://shop.example/remedies/O-A-M1?token=")
    links.check("O-A-M1", token_of(url))


def test_it_is_of_no_use_for_another_one(links: SignedLinks) -> None:
    token = token_of(links.to("O-A-M1", a.NOW + timedelta(days=1)))
    with pytest.raises(SignatureInvalid):
        links.check("O-A-M2", token)


def test_it_expires(links: SignedLinks, clock: a.Clock) -> None:
    token = token_of(links.to("O-A-M1", a.NOW + timedelta(days=1)))
    clock.advance(days=1)
    links.check("O-A-M1", token)
    clock.advance(seconds=1)
    with pytest.raises(SignatureInvalid, match="expired"):
        links.check("O-A-M1", token)


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: token[:0],
        lambda token: token.partition(".")[0],
        lambda token: token[:-1],
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: str(int(token.partition(".")[0]) + 9999) + "." + token.partition(".")[2],
        lambda token: "9" * 400 + "." + token.partition(".")[2],
        lambda token: "\u0661." + token.partition(".")[2],
        lambda token: token + "\ud800",
    ],
)
def test_a_forged_one_is_refused(links: SignedLinks, forge: object) -> None:
    token = token_of(links.to("O-A-M1", a.NOW + timedelta(days=1)))
    with pytest.raises(SignatureInvalid):
        links.check("O-A-M1", forge(token))  # type: ignore[operator]


def test_while_the_secret_is_replaced_links_of_the_old_one_are_good(
    links: SignedLinks, clock: a.Clock
) -> None:
    before = SignedLinks("https://shop.example", (OLD,), clock)
    token = token_of(before.to("O-A-M1", a.NOW + timedelta(days=1)))
    links.check("O-A-M1", token)
    after = SignedLinks("https://shop.example", (SECRET,), clock)
    with pytest.raises(SignatureInvalid):
        after.check("O-A-M1", token)


def test_without_a_secret_worth_the_name_none_is_made(clock: a.Clock) -> None:
    with pytest.raises(RuntimeError, match="32"):
        SignedLinks("https://shop.example", ("short",), clock)
