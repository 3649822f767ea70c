"""Releasing a portal that stands still: an admin confirms that the old writer is off. Quiescing: `runbooks.installation`."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from portal.audit import log as audit
from portal.people.models import Role, User
from portal.people.permissions import roles_of
from runbooks.installation import CHAIN, present
from runbooks.models import Installation

CONFIRMATION = "old writer is off"


def release(*, user: User, confirm: str) -> Installation:
    """Let work be claimed again. What was held back stays held back until a person resumes or cancels it, one by one.

    Raises `PermissionDenied`, or `ValidationError` when nothing is quiesced or `confirm` is not `CONFIRMATION`.
    """
    if Role.ADMIN not in roles_of(user):
        raise PermissionDenied("Only an admin may release a portal that stands still. Ask an admin of any team.")
    row = present()
    if confirm.strip() != CONFIRMATION:
        said = (
            f'Type "{CONFIRMATION}" once no other portal runs on the database this one was copied from: two writers would '
            "do everything twice."
        )
        raise ValidationError({"confirm": [said]})
    with transaction.atomic():
        quiesced = Installation.objects.filter(pk=row.pk, quiesced_at__isnull=False)
        if quiesced.update(quiesced_at=None, quiesce_reason="") != 1:
            raise ValidationError("This portal does not stand still; there is nothing to release.")
        detail = {"quiesced at": row.quiesced_at, "reason": row.quiesce_reason, "confirmed": CONFIRMATION}
        audit.record(CHAIN, "released", str(row.uuid), actor=user, detail=detail)
    row.refresh_from_db()
    return row
