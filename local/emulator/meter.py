"""A meter on the embedded AWS: one JSON line per AWS request and per Lambda call, for `make bench`.

Executed by the emulator's own Python, where `DOORSTEP_METER` names the file. DynamoDB's units are
counted by its documented rules: writes as the emulator works them out, indexes and the doubling in
transactions included; reads from what was returned.
"""

import inspect
import json
import math
import threading
import time
from pathlib import Path

from ministack import app
from ministack.services import dynamodb, lambda_svc, sts

_READS = {"GetItem", "Query", "BatchGetItem", "Scan"}
_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}
_LOG_ENVELOPE = 260
"""Bytes of the lines START, END and REPORT, which are billed too."""


def install(file):
    """Measure from now on."""
    log = Path(file).open("a", buffering=1)  # noqa: SIM115 (as long as the process)
    lock = threading.Lock()

    def write(**line):
        with lock:
            log.write(json.dumps({"at": time.time(), **line}) + "\n")

    app._dispatch_service_request = _requests(app._dispatch_service_request, write)
    app.SERVICE_HANDLERS["dynamodb"] = _capacity(app.SERVICE_HANDLERS["dynamodb"], write)
    lambda_svc._execute_function_warm = _calls(lambda_svc._execute_function_warm, write)


def _requests(dispatch, write):
    async def dispatched(method, path, headers, body, query, request_id):
        answer = await dispatch(method, path, headers, body, query, request_id)
        service = _credential(headers, 3) or "none"
        operation = headers.get("x-amz-target", "").rpartition(".")[2] or method
        entries = body.count(b'"DetailType"') if operation == "PutEvents" else 1
        write(
            kind="request",
            caller=_caller(headers),
            service=service,
            operation=operation,
            status=answer[0],
            entries=entries,
        )
        return answer

    return dispatched


def _capacity(handle, write):
    async def handled(method, path, headers, body, query):
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        asked = json.loads(body or b"{}")
        if operation in _WRITES:
            body = json.dumps({**asked, "ReturnConsumedCapacity": "TOTAL"}).encode()
        answer = handle(method, path, headers, body, query)
        answer = await answer if inspect.isawaitable(answer) else answer
        if operation in _READS | _WRITES and answer[0] == 200:
            said = json.loads(answer[2])
            units = _written(said) if operation in _WRITES else _read(operation, asked, said)
            unit = "write_units" if operation in _WRITES else "read_units"
            write(kind="capacity", caller=_caller(headers), operation=operation, **{unit: units})
        return answer

    return handled


def _written(said):
    consumed = said.get("ConsumedCapacity") or []
    tables = consumed if isinstance(consumed, list) else [consumed]
    return sum(table["CapacityUnits"] for table in tables)


def _read(operation, asked, said):
    """Units of 4 KB: per item where items are asked for by key, of all together in a query."""
    if operation == "BatchGetItem":
        tables = asked["RequestItems"]
        return sum(
            _rate(tables[name]) * max(len(tables[name]["Keys"]), sum(map(_blocks, items)))
            for name, items in said["Responses"].items()
        )
    items = [said.get("Item", {})] if operation == "GetItem" else said["Items"]
    return _rate(asked) * _blocks(*items)


def _rate(asked):
    return 1.0 if asked.get("ConsistentRead") else 0.5


def _blocks(*items):
    return max(1, math.ceil(sum(map(dynamodb._item_size_bytes, items)) / 4096))


def _calls(execute, write):
    def executed(func, event, request_id):
        began = time.monotonic()
        result = execute(func, event, request_id)
        records = event.get("Records", [])
        source = records[0].get("eventSource", "") if records else ""
        write(
            kind="invocation",
            function=func["config"]["FunctionName"],
            memory=func["config"].get("MemorySize", 128),
            ms=(time.monotonic() - began) * 1000,
            log_bytes=len(result.get("log") or "") + _LOG_ENVELOPE,
            http="http" in (event.get("requestContext") or {}),
            messages=len(records) if source == "aws:sqs" else 0,
        )
        return result

    return executed


def _caller(headers):
    """The function whose role signed the request; empty for anybody else."""
    session = sts._sessions.get(_credential(headers, 0))
    return session["Arn"].rpartition("/")[2] if session else ""


def _credential(headers, part):
    """A part of `Credential=key/date/region/service/aws4_request`."""
    scope = headers.get("authorization", "").partition("Credential=")[2].partition(",")[0]
    return scope.split("/")[part] if scope else ""
