"""Files are kept by key, and opened by a link that soon closes."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from doorstep.adapters.documents import S3Documents
from doorstep.domain.errors import NotFound
from doorstep.ports import Documents
from tests.contract.fakes import FakeDocuments

BUCKET = "documents"


@pytest.fixture
def bucket(client: Callable[[str], Any]) -> str:
    client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    return BUCKET


@pytest.fixture(params=["s3", "fake"])
def documents(request: pytest.FixtureRequest, bucket: str) -> Documents:
    return S3Documents(bucket) if request.param == "s3" else FakeDocuments()


def test_what_is_put_can_be_got(documents: Documents) -> None:
    documents.put("labels/O-1-F1-P1.pdf", b"%PDF-\x00\xff", "application/pdf")
    assert documents.get("labels/O-1-F1-P1.pdf") == b"%PDF-\x00\xff"


def test_the_same_key_again_replaces_it(documents: Documents) -> None:
    documents.put("inbox/1", b"first", "application/json")
    documents.put("inbox/1", b"second", "application/json")
    assert documents.get("inbox/1") == b"second"


def test_a_key_that_was_never_put_is_not_found(documents: Documents) -> None:
    with pytest.raises(NotFound):
        documents.get("labels/O-2-F1-P1.pdf")


def test_a_link_names_its_file(documents: Documents) -> None:
    documents.put("labels/O-1-F1-P1.pdf", b"%PDF-", "application/pdf")
    assert "labels/O-1-F1-P1.pdf" in documents.link("labels/O-1-F1-P1.pdf")


def test_a_link_is_signed_with_version_4_and_lives_five_minutes(bucket: str) -> None:
    link = urlsplit(S3Documents(bucket).link("labels/O-1-F1-P1.pdf"))
    query = parse_qs(link.query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["300"]


def test_a_link_to_put_a_file_lives_a_quarter_of_an_hour(bucket: str) -> None:
    link = urlsplit(S3Documents(bucket).upload_link("stock-files/BERLIN/erp/1.csv"))
    query = parse_qs(link.query)
    assert link.path.endswith("stock-files/BERLIN/erp/1.csv")
    assert query["X-Amz-Expires"] == ["900"]
    assert query["X-Amz-SignedHeaders"] == ["host"]


def test_the_content_type_is_kept(client: Callable[[str], Any], bucket: str) -> None:
    S3Documents(bucket).put("labels/1.pdf", b"%PDF-", "application/pdf")
    head = client("s3").head_object(Bucket=bucket, Key="labels/1.pdf")
    assert head["ContentType"] == "application/pdf"
