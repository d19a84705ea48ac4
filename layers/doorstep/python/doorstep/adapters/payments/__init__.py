"""Payment providers, by name. A payment stays with the provider that it was made with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from doorstep.adapters.registry import Provider, modules, provider
from doorstep.domain.payment import Capabilities, Method

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doorstep.domain.payment import Payment, PaymentEvent
    from doorstep.ports import Authorization, PaymentGateway, PaymentReport
    from doorstep.runtime.settings import Settings

NAMES = modules(__path__)


class PaymentProvider(Provider["PaymentGateway"], Protocol):
    """The module of a payment provider."""

    CAPABILITIES: Capabilities

    def report(self, settings: Settings) -> PaymentReport:
        """What it says has moved; raises NotSupported."""


def load(name: str) -> PaymentProvider:
    """The module of a payment provider; raises NotFound."""
    module: PaymentProvider = provider(__name__, "payment provider", name, NAMES)
    return module


def methods(settings: Settings) -> Mapping[Method, str]:
    """The provider that takes new payments of each method that is taken."""
    name = settings.payment_provider
    return dict.fromkeys(load(name).CAPABILITIES.methods, name)


class EachItsOwn:
    """The gateway for all payments: asks the provider that each was made with."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: dict[str, PaymentGateway] = {}

    def authorize(self, payment: Payment, key: str) -> Authorization:
        return self._of(payment).authorize(payment, key)

    def find(self, payment: Payment, key: str) -> Authorization | None:
        return self._of(payment).find(payment, key)

    def capture(self, payment: Payment, event: PaymentEvent) -> str:
        return self._of(payment).capture(payment, event)

    def refund(self, payment: Payment, event: PaymentEvent) -> str:
        return self._of(payment).refund(payment, event)

    def void(self, payment: Payment, event: PaymentEvent) -> None:
        self._of(payment).void(payment, event)

    def _of(self, payment: Payment) -> PaymentGateway:
        if payment.provider not in self._made:
            self._made[payment.provider] = load(payment.provider).build(self._settings)
        return self._made[payment.provider]
