"""An Application Load Balancer's way with one request: rule, action, target group, target.

Here: which target gets the request, and what is answered when none can. Not here: Global Accelerator (accelerators.py,
routing.py) and the sockets towards the client (gateway.py).
Sources: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html and
.../load-balancer-troubleshooting.html (503 no registered target, 504 no connection in time, 502 refused)
"""

import fnmatch
import http.client
import itertools
import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from portal.sandbox import ledger
from portal.sandbox.faults import Faults
from portal.sandbox.metrics import Counters
from portal.sandbox.network import client_is_admitted, target_is_reachable
from portal.sandbox.pace import CONNECT_TIMEOUT, IDLE_TIMEOUT, SHORTEST_ANSWER, Pace
from portal.sandbox.scheduler import Scheduler
from portal.sandbox.targets import HealthChecks, TargetHealth

HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection"}
)


@dataclass(frozen=True)
class Request:
    """What a client sent. Header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    host: str = ""
    port: int = 80


@dataclass(frozen=True)
class Answer:
    """What goes back. `region` and `target` (address:port) say who answered; empty when nobody did."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    region: str = ""
    target: str = ""
    made_by: str = field(default="target")


def refusal(status: int, message: str, region: str = "", made_by: str = "load balancer") -> Answer:
    body = json.dumps({"message": message}).encode()
    return Answer(status, body, (("Content-Type", "application/json"),), region=region, made_by=made_by)


class Balancers:
    """Sends requests through load balancers. Safe to use from any thread."""

    def __init__(
        self, pace: Pace, faults: Faults, scheduler: Scheduler, health: HealthChecks, counters: Counters
    ) -> None:
        self._pace, self._faults, self._scheduler = pace, faults, scheduler
        self._health, self._counters = health, counters
        self._turn = itertools.count()

    def send(self, balancer: Any, request: Request) -> Answer:
        region = balancer.arn.split(":")[3]
        listener = _listener(balancer, request.port)
        if self._faults.hits("network", region):
            time.sleep(self._pace.scaled(CONNECT_TIMEOUT))
            return refusal(504, f"{balancer.name} in {region} does not answer: the Region's network is cut", region)
        if listener is None:
            return refusal(502, f"{balancer.name} in {region} has no HTTP listener", region)
        if not client_is_admitted(balancer, int(listener.port)):
            time.sleep(self._pace.scaled(CONNECT_TIMEOUT))
            return refusal(504, f"{balancer.name} in {region}: its security groups or subnets let no client in", region)
        started = time.monotonic()
        group_arn, answer = self._act(balancer, _action(listener, request), request, region)
        self._counters.answered(
            balancer.arn, group_arn, answer.status, answer.made_by == "target", time.monotonic() - started
        )
        return answer

    def _act(self, balancer: Any, action: Mapping[str, Any], request: Request, region: str) -> tuple[str, Answer]:
        kind = action.get("Type")
        if kind == "fixed-response":
            fixed = action.get("FixedResponseConfig") or {}
            headers = (("Content-Type", fixed.get("ContentType") or "text/plain"),)
            body = str(fixed.get("MessageBody") or "").encode()
            return "", Answer(int(fixed.get("StatusCode") or 200), body, headers, region, made_by="rule")
        if kind == "redirect":
            wish = action.get("RedirectConfig") or {}
            status = 301 if wish.get("StatusCode") == "HTTP_301" else 302
            return "", Answer(status, b"", (("Location", _location(wish, request)),), region, made_by="rule")
        group = _group(action)
        if kind != "forward" or group is None:
            return "", refusal(502, f"{balancer.name}: the sandbox does not carry out the action {kind}", region)
        return group.arn, self._forward(balancer, group, request, region)

    def _forward(self, balancer: Any, group: Any, request: Request, region: str) -> Answer:
        registered = [t for t in self._health.in_group(group.arn) if t.address in group.targets]
        if not registered:
            return refusal(503, f"target group {group.name} in {region} has no registered targets", region)
        # With no healthy target a load balancer fails open: every registered one is tried in turn.
        usable = [t for t in registered if t.state == "healthy"] or registered
        target = usable[next(self._turn) % len(usable)]
        found = self._scheduler.stand_in_at(group.account_id, region, group.vpc_id, target.address, target.port)
        name = f"{target.address}:{target.port}"
        if found is None or not target_is_reachable(balancer, found[0].interface, target.port):
            time.sleep(self._pace.scaled(CONNECT_TIMEOUT))
            return refusal(504, f"no connection to target {name} in {region} in time", region)
        if found[1] is None:
            return refusal(502, f"target {name} in {region} refuses connections", region)
        return self._pass_on(found[1].port, target, request, region)

    def _pass_on(self, loopback_port: int, target: TargetHealth, request: Request, region: str) -> Answer:
        name = f"{target.address}:{target.port}"
        timeout = max(SHORTEST_ANSWER, self._pace.scaled(IDLE_TIMEOUT))
        connection = http.client.HTTPConnection("127.0.0.1", loopback_port, timeout=timeout)
        headers = {n: v for n, v in request.headers.items() if n not in HOP_BY_HOP and n != "content-length"}
        headers |= {"X-Forwarded-For": "198.51.100.10", "X-Forwarded-Proto": "http", "Host": request.host}
        headers.pop("host", None)
        try:
            connection.request(request.method, request.path, body=request.body or None, headers=headers)
            response = connection.getresponse()
            body = response.read()
        except TimeoutError:
            return refusal(504, f"target {name} in {region} did not answer in time", region)
        except (OSError, http.client.HTTPException):
            return refusal(502, f"target {name} in {region} closed the connection", region)
        finally:
            connection.close()
        kept = tuple(
            (n, v) for n, v in response.getheaders() if n.lower() not in HOP_BY_HOP | {"content-length", "x-region"}
        )
        return Answer(response.status, body, kept, region, name)


def _listener(balancer: Any, port: int) -> Any | None:
    """The listener of the port asked for; else the first HTTP one: the gateway has one door for all of them."""
    listeners = [li for li in list(balancer.listeners.values()) if li.protocol in ("HTTP", "HTTPS", "TCP")]
    exact = [li for li in listeners if int(li.port) == port]
    return next(iter(exact or sorted(listeners, key=lambda li: (li.protocol != "HTTP", int(li.port)))), None)


def _action(listener: Any, request: Request) -> Mapping[str, Any]:
    rules = sorted(dict(listener._non_default_rules).values(), key=lambda rule: int(rule.priority))
    for rule in rules:
        if all(_holds(condition, request) for condition in rule.conditions):
            return dict(rule.actions[-1].data)
    return dict(listener.default_actions[-1].data)


def _values(condition: Mapping[str, Any], config: str) -> list[Any]:
    return list((condition.get(config) or {}).get("Values") or condition.get("Values") or [])


def _patterns(text: str, patterns: list[Any]) -> bool:
    return any(fnmatch.fnmatchcase(text, str(pattern).replace("[", "[[]")) for pattern in patterns)


def _holds(condition: Mapping[str, Any], request: Request) -> bool:
    kind = condition.get("Field")
    parts = urlsplit(request.path)
    if kind == "path-pattern":
        return _patterns(parts.path, _values(condition, "PathPatternConfig"))
    if kind == "host-header":
        wanted = [str(v).lower() for v in _values(condition, "HostHeaderConfig")]
        return _patterns(request.host.lower().partition(":")[0], wanted)
    if kind == "http-request-method":
        return request.method in _values(condition, "HttpRequestMethodConfig")
    if kind == "http-header":
        config = condition.get("HttpHeaderConfig") or {}
        value = request.headers.get(str(config.get("HttpHeaderName", "")).lower())
        return value is not None and _patterns(value.lower(), [str(v).lower() for v in config.get("Values") or []])
    if kind == "query-string":
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        return any(_query_holds(wish, pairs) for wish in _values(condition, "QueryStringConfig"))
    return False


def _query_holds(wish: Mapping[str, str], pairs: list[tuple[str, str]]) -> bool:
    return any(_patterns(v, [wish.get("Value", "*")]) and _patterns(k, [wish.get("Key") or "*"]) for k, v in pairs)


def _group(action: Mapping[str, Any]) -> Any | None:
    """The target group of a forward action, by weight when there are several."""
    shares = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    arns = [str(s["TargetGroupArn"]) for s in shares]
    weights = [int(s.get("Weight", 1)) for s in shares]
    given = str(action.get("TargetGroupArn") or "")
    arn = random.choices(arns, weights)[0] if sum(weights) > 0 else given or next(iter(arns), "")
    return ledger.target_group(arn)


def _location(wish: Mapping[str, Any], request: Request) -> str:
    parts = urlsplit(request.path)
    known = {
        "host": request.host,
        "path": parts.path.lstrip("/"),
        "query": parts.query,
        "protocol": "http",
        "port": "80",
    }
    protocol = str(wish.get("Protocol") or "#{protocol}").lower()
    text = f"{protocol}://{wish.get('Host') or '#{host}'}/{str(wish.get('Path') or '/#{path}').lstrip('/')}"
    query = wish.get("Query") or "#{query}"
    for name, value in known.items():
        text, query = text.replace(f"#{{{name}}}", value), query.replace(f"#{{{name}}}", value)
    return f"{text}?{query}" if query else text
