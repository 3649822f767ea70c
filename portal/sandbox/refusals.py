"""Error answers in every protocol of AWS, so that boto3 raises a ClientError that names what happened.

Here: which service and operation a request means, and the body of a refusal. Not here: when to refuse (server.py).
Protocols: https://smithy.io/2.0/aws/protocols/index.html
"""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import botocore.session
from botocore.model import ServiceModel
from moto.core.request import Request
from moto.core.routing import get_service_router
from werkzeug.exceptions import HTTPException

SCOPE = re.compile(r"Credential=[^/,\s]+/\d+/([a-z0-9-]+)/([a-z0-9.-]+)/aws4_request", re.IGNORECASE)
SIGNING_NAMES = {"monitoring": "cloudwatch", "elasticloadbalancing": "elbv2", "email": "ses", "states": "stepfunctions"}
_session = botocore.session.get_session()


@dataclass(frozen=True)
class Call:
    """What a signed request asks for; empty strings where it cannot be told."""

    service: str = ""
    region: str = ""
    operation: str = ""
    protocol: str = "json"

    @property
    def name(self) -> str:
        return f"{self.service or 'an unknown service'}:{self.operation or 'an unknown operation'}"


@lru_cache
def _models_by_signing_name() -> dict[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {}
    for service in _session.get_available_services():
        names[service] = (service, *names.get(service, ()))
    return names


@lru_cache(maxsize=64)
def _model(service: str) -> ServiceModel | None:
    """botocore's model for a signing name; most equal the service's name, a few are listed."""
    name = SIGNING_NAMES.get(service, service)
    return _session.get_service_model(name) if name in _models_by_signing_name() else None


def scope(environ: dict[str, Any]) -> tuple[str, str]:
    """(signing name, Region) of the SigV4 credential scope, empty when unsigned; presigned URLs are read too."""
    match = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if match:
        return match[2], match[1]
    credential = parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential", [""])[0].split("/")
    return (credential[3], credential[2]) if len(credential) == 5 else ("", "")


def read_call(environ: dict[str, Any], body: bytes) -> Call:
    """Names the operation by target header, Action parameter, RPC path or the service's own routes."""
    service, region = scope(environ)
    model = _model(service)
    protocol = str(model.metadata.get("protocol", "json")) if model else "json"
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return Call(service, region, environ.get("PATH_INFO", "").rpartition("/")[2], "smithy-rpc-v2-cbor")
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return Call(service, region, target.rpartition(".")[2], "json")
    if "x-www-form-urlencoded" in environ.get("CONTENT_TYPE", ""):
        action = parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]
        return Call(service, region, action, "ec2" if service == "ec2" else "query")
    operation = ""
    if model is not None and protocol.startswith("rest"):
        try:
            matched, _ = get_service_router(model.service_name).match(Request(dict(environ)))
            operation = matched.name
        except (HTTPException, NotImplementedError):
            operation = ""
    return Call(service, region, operation, protocol)


def _cbor_text(text: str) -> bytes:
    raw = text.encode()
    if len(raw) < 24:
        return bytes([0x60 + len(raw)]) + raw
    return b"\x79" + len(raw).to_bytes(2, "big") + raw


def refusal(call: Call, status: int, code: str, message: str) -> tuple[str, list[tuple[str, str]], bytes]:
    """(status line, headers, body) of an error answer that boto3 reads as ClientError with this code."""
    line = f"{status} {code}"
    text, tag = escape(message), escape(code)
    if call.protocol in ("query", "ec2", "rest-xml"):
        error = f"<Error><Type>Receiver</Type><Code>{tag}</Code><Message>{text}</Message></Error>"
        body = f"<ErrorResponse>{error}<RequestId>sandbox</RequestId></ErrorResponse>"
        if call.protocol == "ec2":
            body = f"<Response><Errors>{error}</Errors><RequestID>sandbox</RequestID></Response>"
        elif call.service == "s3":
            body = f"<Error><Code>{tag}</Code><Message>{text}</Message></Error>"
        return line, [("Content-Type", "text/xml")], body.encode()
    if call.protocol == "smithy-rpc-v2-cbor":
        fields = b"".join(_cbor_text(part) for part in ("__type", code, "message", message))
        return line, [("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")], b"\xa2" + fields
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-errortype", code)]
    return line, headers, json.dumps({"__type": code, "message": message}).encode()
