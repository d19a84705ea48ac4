"""Mail through Amazon SES, as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doorstep.adapters import aws
from doorstep.domain.errors import InvalidCommand, ProviderUnavailable
from doorstep.ports import Mail, Notifier

if TYPE_CHECKING:
    from doorstep.runtime.settings import Settings

KEY_HEADER = "X-Doorstep-Key"
"""The header that says what a mail was sent for: a repeat, which SES cannot see, shows by it."""


class SesNotifier:
    """The Notifier port on SES. `sender` must be of an identity that SES has verified."""

    def __init__(self, sender: str) -> None:
        self._sender = sender
        self._client = aws.client("sesv2")

    def send(self, mail: Mail) -> None:
        """Raises InvalidCommand for a broken address, ProviderUnavailable where SES will not send.

        What SES says is left out: it names the customer.
        """
        refused = self._client.exceptions
        try:
            self._client.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [mail.to]},
                Content={
                    "Simple": {
                        "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                        "Body": {"Text": {"Data": mail.text, "Charset": "UTF-8"}},
                        "Headers": [{"Name": KEY_HEADER, "Value": mail.key}],
                    }
                },
            )
        except refused.BadRequestException:
            raise InvalidCommand({"to": f"SES cannot read it, in mail {mail.key}"}) from None
        except refused.MessageRejected:
            raise ProviderUnavailable(
                f"SES rejects mail {mail.key}: is {self._sender} verified?"
            ) from None


def build(settings: Settings) -> Notifier:
    return SesNotifier(settings.require("sender_address"))
