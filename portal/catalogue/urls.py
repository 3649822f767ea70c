"""Addresses of the catalogue, but for `service_detail`: the site gives it the evidence from above (portal/urls.py)."""

from django.urls import path

from portal.catalogue import account_views, views

urlpatterns = [
    path("services/", views.service_list, name="service_list"),
    path("services/new/", views.service_create, name="service_create"),
    path("services/accounts/", account_views.account_list, name="account_list"),
    path("services/accounts/new/", account_views.account_create, name="account_create"),
    path("services/accounts/<int:pk>/", account_views.account_edit, name="account_edit"),
    path("services/<slug:slug>/edit/", views.service_edit, name="service_edit"),
    path("services/<slug:slug>/retire/", views.service_retire, name="service_retire"),
]
