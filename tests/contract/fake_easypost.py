"""EasyPost as its documentation has it, on this machine: it keeps shipments and sells labels."""

import base64
import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

KEY = "EZTK-of-a-test"
PDF = b"%PDF-1.4\n% the label of "


class Request(NamedTuple):
    method: str
    path: str
    body: Any


class FakeEasyPost:
    """`api` is its address. `failures` are statuses, or (status, document), for the next calls."""

    def __init__(self) -> None:
        self.api = ""
        self.requests: list[Request] = []
        self.failures: deque[int | tuple[int, object]] = deque()
        self.lost_answers = 0
        """So many of the next calls are done, but never answered."""
        self.rates = [
            {"id": "rate_1", "carrier": "USPS", "service": "Priority", "rate": "9.80"},
            {"id": "rate_2", "carrier": "UPS", "service": "Ground", "rate": "10.15"},
            {"id": "rate_3", "carrier": "FedEx", "service": "PRIORITY_OVERNIGHT", "rate": "61.02"},
        ]
        self.shipments: dict[str, dict[str, Any]] = {}
        self.label_type = "application/pdf"

    @property
    def bought(self) -> list[str]:
        """The rates of all labels that were paid."""
        return [
            one["selected_rate"]["id"] for one in self.shipments.values() if "selected_rate" in one
        ]

    def answer(self, method: str, path: str, body: Any) -> tuple[int, object]:
        match method, path.partition("?")[0].strip("/").split("/"):
            case "POST", ["v2", "shipments"]:
                return 201, self._create(body["shipment"])
            case "POST", ["v2", "shipments", key, "buy"]:
                return self._buy(self._found(key), body["rate"]["id"])
            case "GET", ["v2", "shipments", key, "label"]:
                shipment = self._found(key)
                shipment["postage_label"]["label_pdf_url"] = self._file(key)
                return 200, shipment
            case "GET", ["v2", "shipments", key] if found := self._found(key):
                return 200, found
            case "GET", ["files", name]:
                return 200, PDF + name.encode() + b"\n%%EOF\n"
        return 404, error("NOT_FOUND", "The requested resource could not be found.")

    def _create(self, asked: dict[str, Any]) -> dict[str, Any]:
        key = f"shp_{len(self.shipments) + 1}"
        self.shipments[key] = {"id": key, "object": "Shipment", "postage_label": None}
        self.shipments[key] |= {"tracking_code": None, "rates": self.rates, **asked}
        return self.shipments[key]

    def _buy(self, shipment: dict[str, Any], rate: str) -> tuple[int, object]:
        if shipment["postage_label"]:
            return 422, error("SHIPMENT.POSTAGE.EXISTS", "Postage already exists.")
        shipment["selected_rate"] = {"id": rate}
        shipment["tracking_code"] = f"94001{shipment['id'].removeprefix('shp_'):0>17}"
        shipment["postage_label"] = {
            "label_url": self._file(shipment["id"]),
            "label_file_type": self.label_type,
            "label_pdf_url": None,
        }
        return 200, shipment

    def _found(self, key: str) -> dict[str, Any]:
        return next(
            (one for one in self.shipments.values() if key in (one["id"], one["reference"])), {}
        )

    def _file(self, key: str) -> str:
        return self.api.replace("/v2", f"/files/{key}.pdf")


def error(code: str, message: str, *errors: object) -> dict[str, object]:
    return {"error": {"code": code, "message": message, "errors": list(errors)}}


@contextmanager
def serving() -> Iterator[FakeEasyPost]:
    """The fake at an address of this machine; only tests that `allow_hosts` reach it."""
    fake = FakeEasyPost()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length") or 0))
            body = json.loads(sent) if sent else None
            fake.requests.append(Request(self.command, self.path, body))
            if fake.failures:
                failure = fake.failures.popleft()
                self._say(*(failure if isinstance(failure, tuple) else (failure, {})))
                return
            expected = f"Basic {base64.b64encode(f'{KEY}:'.encode()).decode()}"
            given = self.headers.get("authorization")
            if given != (None if self.path.startswith("/files/") else expected):
                self._say(401, error("UNAUTHORIZED", "The API key is not valid."))
                return
            status, document = fake.answer(self.command, self.path, body)
            if fake.lost_answers:
                fake.lost_answers -= 1
                self.close_connection = True
                return
            self._say(status, document)

        def _say(self, status: int, document: object) -> None:
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output to the tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    fake.api = f"http://127.0.0.1:{server.server_port}/v2"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
