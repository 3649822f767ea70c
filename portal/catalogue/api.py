"""The JSON door of the catalogue: the same operations as the pages, the same refusals.

Objects of teams one is no member of are not found. What cannot be read answers 400 with every problem, like what an
operation refuses: {"detail", "problems", "fields"}.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from portal.catalogue.drafts import draft_of
from portal.catalogue.models import AwsAccount, Service
from portal.catalogue.operations import change_service, create_service, retire_service, save_account
from portal.catalogue.serializers import AccountSerializer, RetirementSerializer, ServiceSerializer
from portal.catalogue.visible import visible_accounts, visible_services
from portal.people.signed_in import person


class ServiceViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Services of one's teams. There is no deleting: services are retired."""

    serializer_class = ServiceSerializer
    queryset = Service.objects.none()
    lookup_field = "slug"

    def get_queryset(self) -> QuerySet[Service]:
        """Retired ones only with `?retired=true`, or when one is asked for by name."""
        parts = ("accounts", "objectives", "entry_urls", "kpis", "dependencies__provider")
        services = visible_services(self.request.user).prefetch_related(*parts).order_by("tier", "name")
        if self.action == "list" and self.request.query_params.get("retired") != "true":
            services = services.filter(is_retired=False)
        return services

    def create(self, request: Request) -> Response:
        """Add a service."""
        sent = ServiceSerializer(data=request.data, context=self.get_serializer_context())
        sent.is_valid(raise_exception=True)
        service = create_service(user=person(request), draft=sent.draft())
        return Response(self._shown(service), status=status.HTTP_201_CREATED)

    def update(self, request: Request, slug: str) -> Response:
        """Replace a service. `changed_at` as it was read is required, so that nobody's change is overwritten unseen."""
        sent = ServiceSerializer(data=request.data, context=self.get_serializer_context())
        return self._changed(request, sent, is_partial=False)

    def partial_update(self, request: Request, slug: str) -> Response:
        """Change some fields of a service; the others stay. `changed_at` is required here too."""
        sent = ServiceSerializer(data=request.data, context=self.get_serializer_context())
        return self._changed(request, sent, is_partial=True)

    def _changed(self, request: Request, sent: ServiceSerializer, *, is_partial: bool) -> Response:
        service = self.get_object()
        if is_partial and isinstance(request.data, dict):
            sent.only_sent()
        sent.is_valid(raise_exception=True)
        base = sent.validated_data.get("changed_at")
        if base is None:
            told = "Send the changed_at you read, so that no change is overwritten unseen."
            raise ValidationError({"changed_at": told})
        draft = sent.draft(draft_of(service) if is_partial else None)
        return Response(self._shown(change_service(user=person(request), service=service, draft=draft, base=base)))

    @extend_schema(request=RetirementSerializer, responses=ServiceSerializer)
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, slug: str) -> Response:
        """Take a service out of use."""
        sent = RetirementSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        service = retire_service(user=person(request), service=self.get_object(), reason=sent.validated_data["reason"])
        return Response(self._shown(service))

    def _shown(self, service: Service) -> dict[str, Any]:
        fresh = Service.objects.select_related("team", "owner", "deputy").get(pk=service.pk)
        return dict(self.get_serializer(fresh).data)


class AccountViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """AWS accounts of one's teams."""

    serializer_class = AccountSerializer
    queryset = AwsAccount.objects.none()

    def get_queryset(self) -> QuerySet[AwsAccount]:
        return visible_accounts(self.request.user)

    def create(self, request: Request) -> Response:
        """Add an account."""
        sent = self.get_serializer(data=request.data)
        sent.is_valid(raise_exception=True)
        account = save_account(user=person(request), account=AwsAccount(**sent.validated_data))
        return Response(self.get_serializer(account).data, status=status.HTTP_201_CREATED)

    def update(self, request: Request, pk: str, partial: bool = False) -> Response:
        """Replace an account."""
        account = self.get_object()
        sent = self.get_serializer(account, data=request.data, partial=partial)
        sent.is_valid(raise_exception=True)
        for name, value in sent.validated_data.items():
            setattr(account, name, value)
        return Response(self.get_serializer(save_account(user=person(request), account=account)).data)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Change some fields of an account; the others stay."""
        return self.update(request, pk, partial=True)


def register(router: BaseRouter) -> None:
    """Add this part's views to the site's router."""
    router.register("services", ServiceViewSet, basename="api_service")
    router.register("accounts", AccountViewSet, basename="api_account")
