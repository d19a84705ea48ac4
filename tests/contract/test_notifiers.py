"""Every notifier, and the fake, takes a mail; SES is told what the mail was sent for."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import Stubber
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from doorstep.adapters import notifications
from doorstep.adapters.notifications import ses
from doorstep.domain.errors import InvalidCommand, NotFound, ProviderUnavailable
from doorstep.ports import Mail, Notifier
from doorstep.runtime.settings import Settings
from tests.contract.fakes import FakeNotifier

SENDER = "shop@example.com"
MAIL = Mail(
    key="O-1-F1-P1-late",
    to="zoe@example.com",
    subject="Dein Paket ist spät dran",
    text="Hallo Zoë,\nes kommt am 4. März.\n",
)


@pytest.fixture(params=[*notifications.NAMES, "fake"])
def notifier(request: pytest.FixtureRequest, client: Callable[[str], Any]) -> Notifier:
    if request.param == "fake":
        return FakeNotifier()
    client("sesv2").create_email_identity(EmailIdentity=SENDER)
    return notifications.load(request.param).build(Settings(sender_address=SENDER))


def test_a_mail_may_be_sent_again(notifier: Notifier) -> None:
    notifier.send(MAIL)
    notifier.send(MAIL)


def test_ses_is_given_the_mail_as_text(client: Callable[[str], Any]) -> None:
    client("sesv2").create_email_identity(EmailIdentity=SENDER)
    notifications.load("ses").build(Settings(sender_address=SENDER)).send(MAIL)
    (sent,) = ses_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].sent_messages
    assert sent.source == SENDER
    assert sent.destinations == {"ToAddresses": [MAIL.to]}
    assert (sent.subject, sent.body) == (MAIL.subject, MAIL.text)


def test_the_key_goes_along_as_a_header(client: Callable[[str], Any]) -> None:
    client("sesv2").create_email_identity(EmailIdentity=SENDER)
    notifier = ses.SesNotifier(SENDER)
    asked: list[dict[str, Any]] = []
    notifier._client.meta.events.register(
        "provide-client-params.sesv2.SendEmail", lambda params, **_: asked.append(params)
    )
    notifier.send(MAIL)
    assert asked[0]["Content"]["Simple"]["Headers"] == [
        {"Name": "X-Doorstep-Key", "Value": "O-1-F1-P1-late"}
    ]


@pytest.mark.usefixtures("client")
def test_a_sender_that_is_not_verified_is_named_and_the_customer_is_not() -> None:
    notifier = ses.SesNotifier("stranger@example.com")
    with pytest.raises(ProviderUnavailable, match=r"stranger@example\.com") as unavailable:
        notifier.send(MAIL)
    assert MAIL.to not in str(unavailable.value)


@pytest.mark.usefixtures("client")
def test_a_broken_address_is_refused() -> None:
    notifier = ses.SesNotifier(SENDER)
    with Stubber(notifier._client) as stub:
        stub.add_client_error("send_email", "BadRequestException", "zoe@ is not an address")
        with pytest.raises(InvalidCommand) as refused:
            notifier.send(MAIL)
    assert refused.value.faults == {"to": "SES cannot read it, in mail O-1-F1-P1-late"}


def test_a_notifier_needs_a_sender() -> None:
    with pytest.raises(RuntimeError, match="SENDER_ADDRESS"):
        notifications.load("ses").build(Settings())


def test_an_unknown_notifier_is_refused_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match="ses"):
        notifications.load("pigeon")
