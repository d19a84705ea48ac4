"""Who may speak for a sender: published vectors, rotation, and everything a forger might try."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.signatures import SCHEMES, STANDARD_WEBHOOKS, verify
from doorstep.domain.errors import SignatureInvalid

PROVIDERS = Path(__file__).resolve().parents[4] / "shared" / "providers"

PUBLISHED = (
    "shopify",
    "standard-webhooks",
    "easypost",
    "stripe",
    "adyen-standard",
    "adyen-payload",
)

NOW = 1_700_000_000
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def vectors(scheme):
    file = PROVIDERS / "vectors" / f"{scheme}.json"
    if not file.exists():
        skip = pytest.mark.skip(reason="../shared/providers is absent: no published vectors")
        return [pytest.param(None, marks=skip)]
    return [pytest.param(vector, id=vector["name"]) for vector in json.loads(file.read_text())]


def body(vector):
    if "body" in vector:
        return vector["body"].encode()
    if "body_json" in vector:
        return json.dumps(vector["body_json"]).encode()
    folder, name = Path(vector["body_file"]).parts[-2:]
    sent = (PROVIDERS / "payloads" / folder / name).read_bytes()
    return sent.rstrip(b"\n") if vector.get("body_trim_trailing_newline") else sent


@pytest.mark.parametrize("vector", [vector for name in PUBLISHED for vector in vectors(name)])
def test_published_vector(vector):
    arguments = (
        vector["scheme"].partition("-")[0],
        vector["headers"],
        body(vector),
        [vector["secret"]],
        vector.get("verify_at_unix", NOW),
    )
    if vector["expect"] == "valid":
        verify(*arguments)
    else:
        with pytest.raises(SignatureInvalid):
            verify(*arguments)


def standard(body=b'{"n": 1}', *, secret=SECRET, at=NOW, message="msg_1"):
    """Headers as the reference library makes them."""
    signed_at = datetime.fromtimestamp(at, UTC)
    return {
        "webhook-id": message,
        "webhook-timestamp": str(at),
        "webhook-signature": standardwebhooks.Webhook(secret).sign(
            message, signed_at, body.decode()
        ),
    }


def shopify(body, secret):
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class TestStandardWebhooks:
    @given(st.text(max_size=50).map(str.encode), st.binary(min_size=1, max_size=64))
    def test_agrees_with_the_reference_library(self, body, key):
        secret = "whsec_" + base64.b64encode(key).decode()
        if key.strip():
            verify("generic", standard(body, secret=secret), body, [secret], NOW)

    def test_header_names_come_in_any_case(self):
        headers = {name.title(): value for name, value in standard().items()}
        verify("generic", headers, b'{"n": 1}', [SECRET], NOW)

    def test_old_and_new_secret_are_both_good_while_one_replaces_the_other(self):
        verify("generic", standard(secret=OTHER), b'{"n": 1}', [SECRET, OTHER], NOW)
        verify("generic", standard(secret=SECRET), b'{"n": 1}', [SECRET, OTHER], NOW)

    def test_a_sender_that_rotates_sends_two_signatures(self):
        headers = standard()
        old = standard(secret=OTHER)["webhook-signature"]
        headers["webhook-signature"] = f"{old} {headers['webhook-signature']}"
        verify("generic", headers, b'{"n": 1}', [SECRET], NOW)

    def test_other_versions_are_passed_over(self):
        headers = standard()
        asymmetric = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXw=="
        headers["webhook-signature"] = f"{asymmetric} {headers['webhook-signature']} v9,x"
        verify("generic", headers, b'{"n": 1}', [SECRET], NOW)

    def test_other_versions_do_not_count(self):
        headers = standard()
        headers["webhook-signature"] = headers["webhook-signature"].replace("v1,", "v1a,")
        with pytest.raises(SignatureInvalid, match="no signature"):
            verify("generic", headers, b'{"n": 1}', [SECRET], NOW)

    @pytest.mark.parametrize("late", [-300, 0, 300])
    def test_five_minutes_either_way_are_forgiven(self, late):
        verify("generic", standard(at=NOW - late), b'{"n": 1}', [SECRET], NOW)

    @pytest.mark.parametrize("late", [-301, 301])
    def test_more_is_a_replay(self, late):
        with pytest.raises(SignatureInvalid, match="300 s"):
            verify("generic", standard(at=NOW - late), b'{"n": 1}', [SECRET], NOW)

    @pytest.mark.parametrize("timestamp", ["", "nan", "inf", "1e9", "-5", "1.5", "٣", "9" * 5000])
    def test_a_timestamp_that_is_no_number_of_seconds(self, timestamp):
        with pytest.raises(SignatureInvalid, match="timestamp"):
            verify("generic", standard() | {"webhook-timestamp": timestamp}, b"", [SECRET], NOW)

    def test_another_body_another_id_another_time(self):
        for headers, body in (
            (standard(), b'{"n":1}'),
            (standard() | {"webhook-id": "msg_2"}, b'{"n": 1}'),
            (standard() | {"webhook-timestamp": str(NOW + 1)}, b'{"n": 1}'),
        ):
            with pytest.raises(SignatureInvalid, match="matches"):
                verify("generic", headers, body, [SECRET], NOW)

    def test_bytes_that_are_no_text_are_signed_like_any_other(self):
        body = b"\xff\xfe\x00"
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        digest = hmac.new(key, f"msg_1.{NOW}.".encode() + body, hashlib.sha256).digest()
        headers = standard() | {"webhook-signature": "v1," + base64.b64encode(digest).decode()}
        verify("generic", headers, body, [SECRET], NOW)


class TestShopify:
    def test_either_family_of_headers(self):
        for name in ("X-Shopify-Hmac-Sha256", "shopify-hmac-sha256"):
            verify("shopify", {name: shopify(b"{}", "s")}, b"{}", ["s"], NOW)

    def test_both_families_at_once_signed_with_the_old_and_the_new_secret(self):
        headers = {
            "X-Shopify-Hmac-Sha256": shopify(b"{}", "old"),
            "shopify-hmac-sha256": shopify(b"{}", "new"),
        }
        verify("shopify", headers, b"{}", ["new"], NOW)

    def test_its_signature_is_no_standard_webhook(self):
        headers = standard() | {"x-shopify-hmac-sha256": shopify(b"{}", SECRET)}
        with pytest.raises(SignatureInvalid, match="matches"):
            verify("generic", headers, b"{}", [SECRET], NOW)


class TestEasyPost:
    SECRET = "s\u0065\u0301cret"

    def signed(self, body):
        digest = hmac.new(self.SECRET.encode(), body, hashlib.sha256).hexdigest()
        return {"X-Hmac-Signature": f"hmac-sha256-hex={digest}"}

    @pytest.mark.parametrize("typed", ["s\u00e9cret", "s\u0065\u0301cret"])
    def test_an_accent_is_the_same_however_it_was_typed(self, typed):
        verify("easypost", self.signed(b"{}"), b"{}", [typed], NOW)

    def test_another_body_another_secret(self):
        for body, secret in ((b"{ }", self.SECRET), (b"{}", "secret")):
            with pytest.raises(SignatureInvalid, match="matches"):
                verify("easypost", self.signed(b"{}"), body, [secret], NOW)

    @pytest.mark.parametrize("prefix", ["", "hmac-sha1-hex=", "HMAC-SHA256-HEX="])
    def test_another_kind_of_signature_does_not_count(self, prefix):
        digest = self.signed(b"{}")["X-Hmac-Signature"].partition("=")[2]
        with pytest.raises(SignatureInvalid, match="no signature"):
            verify("easypost", {"X-Hmac-Signature": prefix + digest}, b"{}", [self.SECRET], NOW)

    def test_an_empty_signature(self):
        with pytest.raises(SignatureInvalid, match="no signature"):
            verify("easypost", {"X-Hmac-Signature": "hmac-sha256-hex="}, b"{}", ["s"], NOW)


@pytest.mark.parametrize("sender", ["generic", "shopify"])
class TestSecrets:
    @pytest.mark.parametrize("secrets", [[], [""], ["   "], ["whsec_"], ["", "whsec_"]])
    def test_an_empty_one_verifies_nothing(self, sender, secrets):
        headers = standard() | {"x-shopify-hmac-sha256": shopify(b"{}", "")}
        with pytest.raises(SignatureInvalid):
            verify(sender, headers, b"{}", secrets, NOW)

    def test_a_broken_one_does_not_hinder_the_other(self, sender):
        headers = standard() | {"x-shopify-hmac-sha256": shopify(b'{"n": 1}', SECRET)}
        verify(sender, headers, b'{"n": 1}', ["no base64 ✗", SECRET], NOW)


@given(
    sender=st.sampled_from([*SCHEMES, "generic", "nobody"]),
    headers=st.dictionaries(
        st.sampled_from(
            [
                *STANDARD_WEBHOOKS.signatures,
                *STANDARD_WEBHOOKS.signed,
                *(name for scheme in SCHEMES.values() for name in scheme.signatures),
            ]
        ),
        st.text(max_size=30) | st.just(str(NOW)) | st.just("v1,AAAA v1a v1,, ,"),
    ),
    body=st.binary(max_size=30),
    secrets=st.lists(st.text(max_size=12), max_size=2),
)
def test_whatever_comes_is_refused_and_nothing_else_happens(sender, headers, body, secrets):
    with pytest.raises(SignatureInvalid):
        verify(sender, headers, body, secrets, NOW)


def stripe(body, *, at=NOW):
    digest = hmac.new(b"whsec_of_a_test", f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={at},v1={digest}"}


class TestStripe:
    def test_one_of_several_signatures_is_enough(self):
        header = stripe(b"{}")["Stripe-Signature"]
        headers = {"stripe-signature": header.replace(",v1", ",v1=00,v1")}
        verify("stripe", headers, b"{}", ["whsec_of_a_test"], NOW)

    @pytest.mark.parametrize("header", ["", "t=,v1=", "t=x,v1=00", "v1=00", "t=1700000000"])
    def test_a_header_that_lacks_something_is_refused(self, header):
        with pytest.raises(SignatureInvalid):
            verify("stripe", {"stripe-signature": header}, b"{}", ["whsec_of_a_test"], NOW)

    def test_another_time_was_not_signed(self):
        header = stripe(b"{}", at=NOW - 100)["Stripe-Signature"].replace(str(NOW - 100), str(NOW))
        with pytest.raises(SignatureInvalid, match="No signature matches"):
            verify("stripe", {"stripe-signature": header}, b"{}", ["whsec_of_a_test"], NOW)


ADYEN_KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"


def notification(**fields):
    item = {"pspReference": "P", "merchantReference": "R", "eventCode": "CAPTURE", **fields}
    signed = f"P::R-account:R:{item['amount']['value']}:EUR:CAPTURE:true"
    digest = hmac.new(bytes.fromhex(ADYEN_KEY), signed.encode(), hashlib.sha256).digest()
    more = {"merchantAccountCode": "R-account", "success": "true"}
    signature = {"hmacSignature": base64.b64encode(digest).decode()}
    return {"NotificationRequestItem": {**item, **more, "additionalData": signature}}


def notifications(*items):
    return json.dumps({"live": "false", "notificationItems": list(items)}).encode()


class TestAdyen:
    ours = notification(amount={"value": 1, "currency": "EUR"})

    def test_every_item_is_signed_by_itself(self):
        verify("adyen", {}, notifications(self.ours, self.ours), [ADYEN_KEY], NOW)

    def test_one_forged_item_spoils_them_all(self):
        forged = json.loads(json.dumps(self.ours))
        forged["NotificationRequestItem"]["amount"]["value"] = 2
        with pytest.raises(SignatureInvalid, match="No signature matches"):
            verify("adyen", {}, notifications(self.ours, forged), [ADYEN_KEY], NOW)

    @pytest.mark.parametrize(
        "sent", [b"", b"[]", b"{}", b'{"notificationItems": []}', b'{"notificationItems": [1]}']
    )
    def test_what_is_no_notification_is_refused(self, sent):
        with pytest.raises(SignatureInvalid):
            verify("adyen", {}, sent, [ADYEN_KEY], NOW)

    def test_a_secret_that_is_no_key_verifies_nothing(self):
        with pytest.raises(SignatureInvalid, match="No usable secret"):
            verify("adyen", {}, notifications(self.ours), ["not hex"], NOW)
