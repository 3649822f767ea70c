"""A portfolio of 500 services: as many queries as for one, and a bounded multiple of an empty page's time; its report as PDF."""

import time
import uuid
from io import BytesIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from assessments.models import Assessment, RiskTally
from assessments.tests.lenses import small
from assessments.tests.rows import published
from portal.catalogue.models import Service, Tier
from portal.people.models import Team, User

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
SERVICES, LENSES, TIMES = 500, 3, 5
# Measured: 4 to 8. The bound leaves room for a busy machine; a query or a parsed lens for each service is far beyond it.
MOST = 20


@pytest.fixture
def many(owner: User, team: Team) -> None:
    """500 services, each judged by three lenses; only the counted risks, which are all that the page may read."""
    versions = [published(owner, team, {**small(), "name": f"Lens {number}"}) for number in range(LENSES)]
    columns = {"team": team, "owner": owner, "primary_region": "us-east-1"}
    services = Service.objects.bulk_create(
        Service(slug=f"service-{number}", name=f"Service {number}", tier=1 + number % len(Tier), **columns)
        for number in range(SERVICES)
    )
    begun = Assessment.objects.bulk_create(
        Assessment(
            id=uuid.uuid4(), service=each, lens=version.lens, lens_version=version, owner=owner, started_by=owner
        )
        for each in services
        for version in versions
    )
    counts = {"HIGH": 3, "MEDIUM": 1, "UNANSWERED": 2, "NONE": 4, "NOT_APPLICABLE": 0}
    told = {risk.lower(): number for risk, number in counts.items()} | {"pillars": {"reliability": counts}}
    RiskTally.objects.bulk_create(RiskTally(assessment=each, **told) for each in begun)


def entered(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def seconds(client: Client, address: str) -> float:
    """What a page takes of the processor."""
    began = time.process_time()
    assert client.get(address).status_code == 200
    return time.process_time() - began


def queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as asked:
        client.get("/assessments/portfolio/")
    return len(asked)


def test_500_services_show_in_a_bounded_multiple_of_an_empty_page_without_a_query_of_their_own(
    many: None, owner: User, people: dict[str, User]
) -> None:
    empty, full = entered(people["outsider"]), entered(owner)
    for asked in ("", "?order=worst", "?lens=lens-1"):
        address = f"/assessments/portfolio/{asked}"
        page = full.get(address).content.decode()
        assert f"{SERVICES} services" in page
        assert page.count('class="heat-owner"') == 100
        # One of a few, each measured beside an empty page: what else the machine does comes and goes.
        assert any(seconds(full, address) < MOST * seconds(empty, address) for _ in range(TIMES))
    assert queries(full) <= queries(empty) + 2


@pytest.mark.usefixtures("many")
def test_the_report_over_500_services_is_set_as_pdf_within_its_own_limits(owner: User) -> None:
    """A fraction of `pdf.LONGEST` and `pdf.MEMORY_BYTES`; what passes either is refused, so that an answer is the proof."""
    answer = entered(owner).get("/assessments/portfolio/report.pdf")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    pages = PdfReader(BytesIO(answer.content)).pages
    assert f"{SERVICES} services, 0 not assessed" in " ".join(pages[0].extract_text().split())
    assert len(pages) > 10
