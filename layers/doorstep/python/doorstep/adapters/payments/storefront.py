"""Money that the storefront took itself: Doorstep follows it and never moves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from doorstep.domain.errors import NotSupported
from doorstep.domain.payment import Capabilities, Payment, PaymentEvent
from doorstep.ports import Authorization, PaymentGateway, PaymentReport

if TYPE_CHECKING:
    from doorstep.runtime.settings import Settings


CAPABILITIES = Capabilities(methods=frozenset())


class StorefrontGateway:
    """Refuses: the use cases settle a parcel without a gateway, and leave a refund to a person."""

    def authorize(self, payment: Payment, key: str) -> Authorization:  # noqa: ARG002
        _refuse("authorized")

    def find(self, payment: Payment, key: str) -> Authorization | None:  # noqa: ARG002
        _refuse("looked up")

    def capture(self, payment: Payment, event: PaymentEvent) -> str:  # noqa: ARG002
        _refuse("captured")

    def refund(self, payment: Payment, event: PaymentEvent) -> str:  # noqa: ARG002
        _refuse("refunded")

    def void(self, payment: Payment, event: PaymentEvent) -> None:  # noqa: ARG002
        _refuse("voided")


def build(settings: Settings) -> PaymentGateway:  # noqa: ARG001
    return StorefrontGateway()


def report(settings: Settings) -> PaymentReport:  # noqa: ARG001
    _refuse("reported")


def _refuse(what: str) -> NoReturn:
    raise NotSupported(f"The storefront took this payment: it can only be {what} there.")
