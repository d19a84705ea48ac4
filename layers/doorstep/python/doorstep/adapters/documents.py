"""Files in an S3 bucket, and links that open them for a few minutes."""

from __future__ import annotations

from doorstep.adapters import aws
from doorstep.domain.errors import NotFound

LINK_SECONDS = 300
"""How long a link opens its file."""

UPLOAD_SECONDS = 900
"""How long a file can be put where a link says."""


class S3Documents:
    """The Documents port on one bucket, which encrypts and keeps versions by itself."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._client = aws.client("s3")

    def put(self, key: str, content: bytes, content_type: str) -> None:
        self._client.put_object(
            Bucket=self._bucket, Key=key, Body=content, ContentType=content_type
        )

    def get(self, key: str) -> bytes:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            raise NotFound("document", key) from None

    def link(self, key: str) -> str:
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=LINK_SECONDS
        )

    def upload_link(self, key: str) -> str:
        return self._client.generate_presigned_url(
            "put_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=UPLOAD_SECONDS
        )
