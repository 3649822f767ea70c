"""The portfolio's page: every service as one line of a heat map, worst first, with the sums of each tier above."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from assessments.forms.improvements import PortfolioForm
from assessments.portfolio import portfolio_of
from portal.people.signed_in import person

PAGE = 100


@require_GET
def portfolio(request: HttpRequest) -> HttpResponse:
    """Services by lens, or by the pillars of one lens."""
    user = person(request)
    form = PortfolioForm(request.GET, user=user)
    found = portfolio_of(user, form.wanted())
    page = Paginator(found.services, PAGE).get_page(request.GET.get("page"))
    narrowing = request.GET.copy()
    narrowing.pop("page", None)
    context = {
        "nav": "assessment_list",
        "form": form,
        "portfolio": found,
        "page_obj": page,
        "narrowing": narrowing.urlencode(),
    }
    return render(request, "assessments/portfolio.html", context)


urlpatterns = [path("assessments/portfolio/", portfolio, name="portfolio")]
