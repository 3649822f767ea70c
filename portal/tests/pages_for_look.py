"""Pages that only the tests of the look serve: each shows parts of the base layout as real pages use them.

`urlpatterns` extends the portal's own addresses. Nothing of it is reachable in the product.
"""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import RequestContext, Template
from django.urls import path

from portal.urls import urlpatterns as product_addresses

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
STATUSES: dict[str, str] = {}
STEPS = ["check", "promote", "moveTraffic"]

PARTS = """
{% extends "base.html" %}{% load portal crispy_forms_filters %}
{% block title %}Parts{% endblock %}{% block heading %}Parts {% status "Waiting" size="lg" %}{% endblock %}
{% block banner %}{% include "partials/run_banner.html" with kind="Incident" text="Checkout is down" %}{% endblock %}
{% block breadcrumbs %}<li class="breadcrumb-item"><a href="/">Home</a></li>{% endblock %}
{% block content %}
{% for word in words %}{% status word %} {% endfor %}
{% include "partials/problems.html" %}
<div class="card">{% include "partials/empty.html" with title="Nothing yet" text="Begin here." action_url="/" %}</div>
<div class="card"><div class="card-body">
<form method="post">{% csrf_token %}{{ form|crispy }}<button class="btn btn-primary">Save</button></form>
</div></div>
<form id="stop" method="post" action="/look/echo"
      data-confirm="Stop?" data-confirm-word="checkout" data-confirm-yes="Stop it" data-confirm-danger>
{% csrf_token %}<button class="btn btn-danger">Stop</button></form>
<button class="btn" id="refused" hx-post="/look/refuse" hx-confirm="Really?">Refuse</button>
<label class="form-label" for="text">Document</label><textarea id="text" name="text" data-editor data-problems="found">a: 1
b: 2</textarea>{{ found|json_script:"found" }}
{% markdown "**bold** <script>x</script>" %}{% when moment %}{% duration 252.337 %}
{% endblock %}{% block scripts %}{% include "partials/editor_scripts.html" %}{% endblock %}
"""
RUN = """
{% extends "base.html" %}{% load portal %}{% block title %}Run{% endblock %}{% block heading %}Run{% endblock %}
{% block content %}{% include "partials/availability_strip.html" with data_url="/look/samples" title="Availability" %}
{% steps_graph graph "flow" label="Steps" %}ROWS{% endblock %}
{% block scripts %}{% include "partials/steps_graph_scripts.html" %}
{% include "partials/availability_strip_scripts.html" %}{% endblock %}
"""
ROWS = """{% load portal %}<table id="rows" class="table" hx-get="/look/rows" hx-trigger="refresh" hx-swap="outerHTML">
<thead><tr><th scope="col">Step</th><th scope="col">Status</th></tr></thead><tbody>{% for name, word in rows %}
<tr id="step-{{ name }}" data-step="{{ name }}"><td>{{ name }}</td><td>{% status word %}</td></tr>{% endfor %}</tbody></table>"""


class ServiceForm(forms.Form):
    name = forms.CharField(help_text="As people say it.")
    rto = forms.DurationField(label="RTO")
    is_live = forms.BooleanField(required=False)


def shown(request: HttpRequest, source: str, **context: object) -> HttpResponse:
    return HttpResponse(Template(source).render(RequestContext(request, context)))


def parts(request: HttpRequest) -> HttpResponse:
    messages.success(request, "Saved.")
    messages.error(request, "Not published.")
    form = ServiceForm({"name": "", "rto": "soon"})
    problems = [SimpleNamespace(line=2, path="b", message="b must be a text"), "One sentence."]
    words = ["Pending", "InProgress", "Success", "Failed", "Cancelled", "Not measured"]
    found = [{"line": 2, "path": "b", "message": "b must be a text"}]
    return shown(request, PARTS, form=form, problems=problems, words=words, found=found, moment=START)


def rows_now() -> list[tuple[str, str]]:
    return [(name, STATUSES.get(name, "Pending")) for name in STEPS]


def run(request: HttpRequest) -> HttpResponse:
    nodes = [{"name": name, "detail": "aws:sleep", "status": word} for name, word in rows_now()]
    edges = [{"from": "check", "to": "promote"}, {"from": "promote", "to": "moveTraffic", "label": "then"}]
    return shown(request, RUN.replace("ROWS", ROWS), graph={"nodes": nodes, "edges": edges}, rows=rows_now())


def rows(request: HttpRequest) -> HttpResponse:
    return shown(request, ROWS, rows=rows_now())


def samples(request: HttpRequest) -> JsonResponse:
    """Ten good samples, twenty bad, ten good from another Region, none for ten seconds, one good."""
    found = []
    for second in [*range(40), 50]:
        is_ok = not 10 <= second < 30
        at = (START + timedelta(seconds=second)).isoformat()
        region = ("us-west-2" if second < 10 else "us-east-1") if is_ok else None
        found.append({"at": at, "ok": is_ok, "region": region, "ms": 40 if is_ok else None, "error": None})
    outage = {"from": (START + timedelta(seconds=10)).isoformat(), "to": (START + timedelta(seconds=30)).isoformat()}
    return JsonResponse(
        {
            "now": (START + timedelta(seconds=51)).isoformat(),
            "is_live": False,
            "interval_seconds": 1,
            "objective_seconds": 120,
            "time_scale": 0.1,
            "samples": found,
            "outages": [outage],
            "clock": outage,
            "markers": [{"at": outage["from"], "label": "Alarm"}],
        }
    )


def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"confirmation={request.POST.get('confirmation', 'none')}")


def refuse(request: HttpRequest) -> HttpResponse:
    raise ValidationError(["The version is not approved. Ask an approver."])


urlpatterns = [
    path("look/parts", parts),
    path("look/run", run),
    path("look/rows", rows),
    path("look/samples", samples),
    path("look/echo", echo),
    path("look/refuse", refuse),
    *product_addresses,
]
