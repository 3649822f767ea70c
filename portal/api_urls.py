"""The addresses below /api/: one router, each half registers its own views there."""

from rest_framework.routers import DefaultRouter

from assessments import api as assessments_api
from portal.catalogue import api as catalogue_api
from runbooks import api as runbooks_api

router = DefaultRouter()
catalogue_api.register(router)
runbooks_api.register(router)
assessments_api.register(router)

urlpatterns = router.urls
