"""Every refusal and failure Doorstep can name.

DoorstepError
├── Refusal                     the domain says no; nothing was changed
│   ├── NotFound
│   ├── InvalidCommand          what was asked makes no sense; lists every fault at its path
│   ├── OutOfStock              names each short SKU and what is left
│   ├── FullyBooked             a location's day, or a delivery window, has no room left
│   ├── PaymentDeclined
│   ├── CaptureDeclined
│   ├── IllegalTransition       the record is not in a state that allows it
│   ├── QuantityExceeded        more units than there are to cancel, pack, return…
│   ├── IdempotencyKeyReused    same key, another body
│   ├── ReturnRefused           the policy says no, with its reason
│   ├── Forbidden
│   ├── SignatureInvalid
│   ├── TooLarge                more was to be changed at once than one transaction takes
│   ├── Duplicate               this was recorded before; nothing more to do
│   ├── Stale                   something newer is known already
│   └── NotSupported            the provider cannot do this
└── Failure                     nobody is to blame; try again
    ├── Conflict                somebody else wrote the aggregate first
    ├── PaymentOutcomeUnknown   the provider did not answer; ask it later
    └── ProviderUnavailable
"""

from collections.abc import Mapping, Sequence


class DoorstepError(Exception):
    """The root of everything Doorstep raises on purpose."""


class Refusal(DoorstepError):
    """The domain says no; nothing was changed."""


class NotFound(Refusal):
    """There is no such record, or the caller may not know that there is."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"There is no {kind} {key!r}.")
        self.kind = kind
        self.key = key


class InvalidCommand(Refusal):
    """The command makes no sense; `faults` maps a path such as `lines.0.sku` to what is wrong
    there.
    """

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{path}: {fault}" for path, fault in faults.items()))
        self.faults = dict(faults)


class OutOfStock(Refusal):
    """Some SKU has fewer units than asked for; `short` maps SKU to (asked, left)."""

    def __init__(self, short: Mapping[str, tuple[int, int]]) -> None:
        names = ", ".join(f"{sku} ({left} of {asked} left)" for sku, (asked, left) in short.items())
        super().__init__(f"Not enough stock: {names}.")
        self.short = dict(short)


class FullyBooked(Refusal):
    """A day of a location, or a courier's window, has no room left; `instead` lists what can be
    chosen.
    """

    def __init__(self, text: str, instead: Sequence[Mapping[str, object]] = ()) -> None:
        super().__init__(text)
        self.instead = tuple(instead)


class PaymentDeclined(Refusal):
    """The provider refused to authorize; the customer was not charged."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The payment was declined: {reason}.")
        self.reason = reason


class CaptureDeclined(Refusal):
    """The provider refused to capture an authorized amount; the parcel must not leave."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The capture was declined: {reason}.")
        self.reason = reason


class IllegalTransition(Refusal):
    """The record is not in a state from which this may happen."""

    def __init__(self, record: str, state: str, event: str) -> None:
        super().__init__(f"{record} is {state}; it cannot become {event}.")
        self.record = record
        self.state = state
        self.event = event


class QuantityExceeded(Refusal):
    """More units were named than there are."""

    def __init__(self, what: str, asked: int, available: int) -> None:
        super().__init__(f"{what}: {asked} asked, {available} possible.")
        self.asked = asked
        self.available = available


class IdempotencyKeyReused(Refusal):
    """The key was used before with another body."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The idempotency key {key!r} was used before with another request.")


class ReturnRefused(Refusal):
    """The return policy says no; the message says why."""


class Forbidden(Refusal):
    """The caller is known, and may not do this."""


class SignatureInvalid(Refusal):
    """The sender of a webhook could not be verified."""


class TooLarge(Refusal):
    """More was to be changed at once than one transaction takes."""

    def __init__(self, actions: int, most: int) -> None:
        super().__init__(f"It takes {actions} writes at once, of {most} possible: do it in parts.")


class Duplicate(Refusal):
    """This was recorded before; nothing more to do."""


class Stale(Refusal):
    """Something newer is known already; this came too late to count."""


class NotSupported(Refusal):
    """The provider behind a port cannot do this."""


class Failure(DoorstepError):
    """Nobody is to blame; the same command may succeed later."""


class Conflict(Failure):
    """Somebody else wrote one of these orders first: load again and decide again."""

    def __init__(self, order_ids: Sequence[str]) -> None:
        super().__init__(f"changed meanwhile: {', '.join(order_ids)}")
        self.order_ids = tuple(order_ids)


class PaymentOutcomeUnknown(Failure):
    """The provider did not answer in time: the money may or may not have moved.

    Ask, never guess.
    """


class ProviderUnavailable(Failure):
    """A provider could not be reached, or answered that it is down; nothing happened there."""
