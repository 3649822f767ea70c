"""All addresses. Each half has its own list; the API is below /api/."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from portal import health_views, proof, views
from portal.catalogue.views import service_detail

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", health_views.healthz, name="healthz"),
    path("readyz", health_views.readyz, name="readyz"),
    path("metrics", health_views.metrics, name="metrics"),
    path("", include("portal.system_views")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("", include("portal.catalogue.urls")),
    path("services/<slug:slug>/", service_detail, {"proof": proof.of_service}, name="service_detail"),
    path("", include("portal.people.urls")),
    path("", include("portal.audit.urls")),
    path("", include("runbooks.urls")),
    path("", include("assessments.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="api_schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="api_schema"), name="api_docs"),
    path("api/", include("portal.api_urls")),
]
