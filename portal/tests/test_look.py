"""The tags, the layouts and the rules of markup. How pages behave in a browser: `test_look_in_a_browser.py`."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.template import Context, RequestContext, Template
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from pytest_django import Settings

from portal.people.models import User
from portal.templatetags.lengths import exact_length, spoken_distance, spoken_length
from portal.templatetags.statuses import LOOKS

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = [
    path for app in ("portal", "runbooks", "assessments") for path in (ROOT / app).rglob("templates/**/*.html")
]
OWN_STATIC = list((ROOT / "portal" / "static" / "portal").iterdir())
ICONS = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "portal/static/vendor/icons.svg").read_text()))
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def shown(source: str, **context: object) -> str:
    return Template("{% load portal %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.34, "340 ms"),
        (0.9999, "1 s"),
        (4.2, "4.2 s"),
        (9.96, "10 s"),
        (42, "42 s"),
        (60, "1 min"),
        (252.337, "4 min 12 s"),
        (3600, "1 h"),
        (7500, "2 h 05 min"),
        (100_000, "1 d 3 h"),
        (-4.2, "−4.2 s"),
    ],
)
def test_a_length_is_said_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert spoken_length(seconds) == text


def test_an_exact_length_keeps_its_milliseconds() -> None:
    assert exact_length(timedelta(seconds=252, milliseconds=337)) == "252.337 s"
    assert exact_length(60) == "60 s"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2, "just now"), (44, "44 s ago"), (400, "6 min ago"), (7300, "2 h ago"), (200_000, "2 d ago"), (-90, "in 1 min")],
)
def test_a_moment_is_said_relative_to_now(seconds: int, text: str) -> None:
    assert spoken_distance(NOW - timedelta(seconds=seconds), NOW) == text


def test_a_status_shows_its_word_beside_icon_and_colour() -> None:
    html = shown('{% status "TimedOut" %}')
    assert 'data-status="TimedOut"' in html
    assert "state-bad" in html
    assert html.strip().endswith("TimedOut</span>")


def test_a_risk_is_said_in_words_and_keeps_its_code_for_scripts() -> None:
    html = shown('{% status "NOT_APPLICABLE" %}')
    assert 'data-status="NOT_APPLICABLE"' in html
    assert html.strip().endswith("Not applicable</span>")


def test_a_status_nobody_described_is_shown_quietly_and_escaped() -> None:
    html = shown("{% status word %}", word="<b>Odd</b>")
    assert "state-quiet" in html
    assert "&lt;b&gt;Odd&lt;/b&gt;" in html
    assert "<b>" not in html


def test_red_is_kept_for_real_trouble() -> None:
    bad = {word for word, look in LOOKS.items() if look.tone == "bad"}
    assert bad == {"TimedOut", "Failed", "CompletedWithFailure", "Not met", "Not recovered", "HIGH", "contradicted"}


def test_every_status_has_an_icon_of_the_sprite() -> None:
    assert {look.icon for look in LOOKS.values()} <= ICONS


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_icon_a_template_names_is_in_the_sprite(template: Path) -> None:
    source = template.read_text()
    named = re.findall(r'{% icon "([^"]+)"', source) + re.findall(r'icon_name="([^"]+)"', source)
    named += re.findall(r'{% nav_item "[^"]+" "[^"]+" "([^"]+)"', source)
    assert set(named) <= ICONS, "Add the name to vendor/icons.txt and run the build."


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_template_breaks_the_content_security_policy(template: Path) -> None:
    source = template.read_text()
    assert not re.search(r"""\sstyle=["']""", source), "no style attributes: use a class"
    assert not re.search(r"""<[^>]+\son[a-z]+=["']""", source), "no inline event handlers"
    assert "hx-on" not in source, "hx-on evaluates text as code"
    for script in re.findall(r"<script[^>]*>", source):
        assert "src=" in script or "application/json" in script or "nonce=" in script, script


@pytest.mark.parametrize("path", [*TEMPLATES, *OWN_STATIC], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_is_asked_of_another_host(path: Path) -> None:
    asked = re.findall(r"""(?:src|href|action|url\()\s*=?\s*["']?(?:https?:)?//[^"')\s]+""", path.read_text())
    assert asked == []


def test_nothing_known_is_a_dash_and_never_zero() -> None:
    assert "–" in shown("{% duration value %}", value=None)
    assert "–" in shown("{% when value %}", value=None)
    assert "0 s" in shown("{% duration value %}", value=0)


def test_a_moment_is_shown_in_utc_whatever_its_zone() -> None:
    moment = datetime.fromisoformat("2026-11-23T12:00:00.125+02:00")
    html = shown("{% when moment %}", moment=moment)
    assert "2026-11-23 10:00:00 UTC" in html
    assert "10:00:00.125 UTC" in html
    assert 'datetime="2026-11-23T10:00:00.125000+00:00"' in html


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,x)",
        "![x](http://other.example/pixel.png)",
        '<a href="#" onclick="alert(1)">x</a>',
        "<style>body{display:none}</style>",
    ],
)
def test_markdown_lets_no_code_and_no_foreign_request_through(attack: str) -> None:
    html = shown("{% markdown text %}", text=f"before\n\n{attack}\n\nafter")
    assert not re.search(r"<(script|img|style|iframe)|<[^>]*\son\w+=|href=\"(javascript|data):", html)
    assert "before" in html
    assert "after" in html


def test_markdown_keeps_tables_lists_and_links() -> None:
    html = shown("{% markdown text %}", text="|a|\n|-|\n|1|\n\n- one\n\n[x](https://example.org)")
    assert "<table>" in html
    assert "<li>one</li>" in html
    assert 'rel="noopener noreferrer nofollow"' in html


def test_problems_show_line_path_and_message_of_each() -> None:
    found = [{"line": 12, "path": "mainSteps[2]", "message": "No such <action>"}, "A sentence."]
    html = render_to_string("partials/problems.html", {"problems": found})
    assert "2 problems" in html
    assert "line 12" in html
    assert "mainSteps[2]" in html
    assert "No such &lt;action&gt;" in html
    assert "A sentence." in html


def test_a_page_that_does_not_exist_has_no_entry_in_the_navigation() -> None:
    assert shown('{% nav_item "no_such_page" "Nowhere" "home" %}').strip() == ""


def test_the_entry_of_the_family_of_pages_is_marked_as_current() -> None:
    assert 'aria-current="page"' in shown('{% nav_item "home" "Home" "home" %}', nav="home")
    assert 'aria-current="page"' not in shown('{% nav_item "home" "Home" "home" %}', nav="service_list")


def test_a_graph_carries_the_look_of_each_status_and_a_list_for_readers() -> None:
    graph = {"nodes": [{"name": "a</script>", "status": "Failed"}, {"name": "b"}], "edges": []}
    html = shown('{% steps_graph graph "flow" label="Steps" %}', graph=graph)
    assert '"tone": "bad"' in html
    assert html.count("</script>") == 1
    assert '<a href="#step-b">b</a>' in html


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_an_error_page_needs_no_context_and_says_what_to_do(name: str) -> None:
    html = render_to_string(f"{name}.html")
    assert "data-refusal" in html
    assert "NOTPROVIDED" not in html
    assert len(re.sub(r"<[^>]+>|\s+", " ", html).split()) > 30


def test_a_refusal_page_lists_every_problem_escaped() -> None:
    html = render_to_string("400.html", {"problems": ["First <one>.", "Second."]})
    assert "<li data-refusal>First &lt;one&gt;.</li><li data-refusal>Second.</li>" in html


@pytest.mark.django_db
def test_a_page_asks_a_stranger_to_sign_in(client: Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


@pytest.mark.django_db
def test_sign_up_is_closed(client: Client) -> None:
    assert "Accounts are given" in client.get("/accounts/signup/").content.decode()


def login_page(*, is_sandbox: bool) -> str:
    demo = [{"name": "rosa", "roles": "Responder", "password": "shown only in the sandbox"}]
    context = {"demo_users": demo, "environment": {"is_sandbox": is_sandbox, "version": "1"}}
    return render_to_string("account/login.html", context)


def test_the_accounts_of_the_sandbox_are_shown_in_the_sandbox() -> None:
    assert "shown only in the sandbox" in login_page(is_sandbox=True)


def test_no_account_is_shown_outside_the_sandbox() -> None:
    assert "shown only in the sandbox" not in login_page(is_sandbox=False)


@pytest.mark.django_db
def test_the_policy_of_the_sign_in_page_allows_no_inline_style_and_no_other_host(client: Client) -> None:
    policy = client.get("/accounts/login/")["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    assert "http" not in policy


@pytest.mark.django_db
def test_the_base_layout_says_who_is_signed_in_and_that_this_is_the_sandbox(settings: Settings) -> None:
    settings.IS_SANDBOX = True
    request = RequestFactory().get("/")
    request.user = User(username="rosa", first_name="Rosa", last_name="Lind")
    html = Template('{% extends "base.html" %}').render(RequestContext(request, {"messages": []}))
    assert "Rosa Lind" in html
    assert "sandbox-badge" in html
    assert 'href="#content"' in html


def test_filters_survive_turning_the_page() -> None:
    request = RequestFactory().get("/?status=Failed&page=1")
    request.user = AnonymousUser()
    page = Paginator(range(40), 10).get_page(1)
    html = render_to_string("partials/pagination.html", {"page_obj": page}, request=request)
    assert 'href="?status=Failed&amp;page=2"' in html
    assert "1–10 of 40" in html
