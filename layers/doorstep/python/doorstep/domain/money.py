"""Money: integer minor units and an ISO 4217 currency. No float ever touches it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

#: Digits after the point where it is not two (ISO 4217 list one, 2024).
_EXPONENTS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(),
        0,
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}

_CURRENCIES = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
    BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
    GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW
    KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD
    NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD
    SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED
    VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    """.split()
)


def _iso_4217(code: str) -> str:
    if code not in _CURRENCIES:
        raise ValueError(f"{code!r} is not a currency of ISO 4217")
    return code


Currency = Annotated[str, Field(pattern="^[A-Z]{3}$"), AfterValidator(_iso_4217)]
"""An ISO 4217 code in capitals."""


def exponent(currency: str) -> int:
    """Digits after the decimal point of a currency: 0 for JPY, 2 for EUR, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


class Money(BaseModel):
    """An amount in minor units (cents, for most currencies) of one currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minor: int
    currency: Currency

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(minor=0, currency=currency)

    @classmethod
    def parse(cls, amount: str | int | Decimal, currency: str) -> Money:
        """Read a decimal amount such as "404.95" or "-3"; raises ValueError on a fraction of a
        minor unit.
        """
        if isinstance(amount, float):
            raise ValueError("a float cannot be money: pass the string that was sent")
        try:
            scaled = Decimal(amount).scaleb(exponent(currency))
        except ArithmeticError:
            raise ValueError(f"{amount!r} is not an amount") from None
        if not scaled.is_finite() or scaled != scaled.to_integral_value():
            raise ValueError(f"{amount!r} is not an amount of whole minor units of {currency}")
        return cls(minor=int(scaled), currency=currency)

    def __add__(self, other: Money) -> Money:
        return self._with(self.minor + self._same(other))

    def __sub__(self, other: Money) -> Money:
        return self._with(self.minor - self._same(other))

    def __mul__(self, quantity: int) -> Money:
        return self._with(self.minor * quantity)

    def __neg__(self) -> Money:
        return self._with(-self.minor)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        digits = exponent(self.currency)
        return f"{Decimal(self.minor).scaleb(-digits):.{digits}f} {self.currency}"

    def portion(self, rate: Decimal) -> Money:
        """This amount times a rate, rounded half to even to a minor unit."""
        return self._with(int((self.minor * rate).to_integral_value(ROUND_HALF_EVEN)))

    def share(self, *, settled: int, units: int, of: int) -> Money:
        """What `units` more units of `of` carry of this amount when `settled` are settled already.

        Shares taken one after the other add up to the whole to the last minor unit: each is the
        difference of two roundings of the running total.
        """
        if not 0 <= settled <= settled + units <= of or of == 0:
            raise ValueError(f"{settled} + {units} units of {of}")
        return self._with(self.minor * (settled + units) // of - self.minor * settled // of)

    def split(self, weights: Sequence[int]) -> tuple[Money, ...]:
        """Spread over weights, to the last minor unit; evenly when all weights are zero."""
        if not weights:
            return ()
        total = sum(weights)
        if total == 0:
            weights, total = [1] * len(weights), len(weights)
        parts, running = [], 0
        for weight in weights:
            parts.append(self.share(settled=running, units=weight, of=total))
            running += weight
        return tuple(parts)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")
        return other.minor

    def _with(self, minor: int) -> Money:
        return Money.model_construct(minor=minor, currency=self.currency)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts of one currency; zero of it for none."""
    return sum(amounts, Money.zero(currency))
