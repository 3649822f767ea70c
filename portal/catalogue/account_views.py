"""Pages of AWS accounts: which there are, which role executions assume in them. No key is ever asked for."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from portal.catalogue.forms.others import AccountForm
from portal.catalogue.models import AwsAccount
from portal.catalogue.operations import save_account
from portal.catalogue.visible import visible_accounts
from portal.people.permissions import Act, require, teams_where
from portal.people.signed_in import person

REFUSED = 422


@require_GET
def account_list(request: HttpRequest) -> HttpResponse:
    """The accounts of one's teams."""
    user = person(request)
    accounts = visible_accounts(user).annotate(uses=Count("services", filter=Q(services__is_retired=False)))
    editable = set(teams_where(user, Act.EDIT_ACCOUNT).values_list("pk", flat=True))
    context = {"accounts": accounts, "editable": editable, "nav": "service_list"}
    return render(request, "catalogue/account_list.html", context)


def account_create(request: HttpRequest) -> HttpResponse:
    """Add an account."""
    if not teams_where(person(request), Act.EDIT_ACCOUNT).exists():
        raise PermissionDenied("Adding an AWS account needs the role admin in a team. Ask an admin of your team.")
    return _account_page(request, None)


def account_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an account."""
    account = get_object_or_404(visible_accounts(person(request)), pk=pk)
    require(person(request), Act.EDIT_ACCOUNT, account.team)
    return _account_page(request, account)


def _account_page(request: HttpRequest, account: AwsAccount | None) -> HttpResponse:
    user = person(request)
    form = AccountForm(request.POST if request.method == "POST" else None, instance=account, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            saved = save_account(user=user, account=form.instance)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, f"{saved} is saved.")
            return redirect("account_list")
    context = {"form": form, "account": account, "nav": "service_list"}
    return render(request, "catalogue/account_edit.html", context, status=REFUSED if form.is_bound else 200)
