"""What any carrier must know to deliver."""

from doorstep.domain.errors import InvalidCommand
from doorstep.ports import Consignment


def check(consignment: Consignment) -> None:
    """Raise InvalidCommand for a parcel that nobody could deliver."""
    recipient = consignment.recipient
    needed = {
        "recipient.line1": recipient.line1,
        "recipient.city": recipient.city,
        "recipient.country": recipient.country,
        "sender.country": consignment.sender.country,
    }
    faults = {path: "the carrier needs it" for path, value in needed.items() if not value}
    if faults:
        raise InvalidCommand(faults)
