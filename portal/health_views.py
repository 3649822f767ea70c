"""Addresses for machines: `/healthz` (this process), `/readyz` (work gets done), `/metrics` (Prometheus). No session needed.

A load balancer asks `/healthz`: pages must stay reachable while no worker runs. An alarm asks `/readyz`.
"""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.exposition import choose_encoder

from portal import health
from portal.metrics import REGISTRY


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Whether work gets done is another question."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when every required check holds, else 503; the body tells all of them."""
    checks = health.checks()
    is_ready = all(check.is_good for check in checks if check.is_required)
    told = {check.name: {"ok": check.is_good, "required": check.is_required, "message": check.said} for check in checks}
    body = {"ready": is_ready, "version": settings.VERSION, "checks": told}
    return JsonResponse(body, status=200 if is_ready else 503)


@login_not_required
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The text Prometheus reads, for whoever sends METRICS_TOKEN as bearer token; 404 where none is set."""
    if not settings.METRICS_TOKEN:
        raise Http404
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"):
        refusal = HttpResponse("Send METRICS_TOKEN as bearer token.\n", status=401, content_type="text/plain")
        refusal.headers["WWW-Authenticate"] = "Bearer"
        return refusal
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(REGISTRY), content_type=content_type)
