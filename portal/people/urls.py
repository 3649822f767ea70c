"""Addresses of people."""

from django.urls import path

from portal.people import views

urlpatterns = [
    path("people/", views.person_list, name="person_list"),
    path("people/<slug:slug>/roles/", views.role_grant, name="role_grant"),
    path("people/roles/<int:pk>/revoke/", views.role_revoke, name="role_revoke"),
    path("people/tokens/", views.token_list, name="token_list"),
    path("people/tokens/revoke/", views.token_revoke, name="token_revoke"),
]
