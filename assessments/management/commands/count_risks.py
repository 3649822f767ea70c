"""`manage.py count_risks`: compare the kept tallies with the answers and mend those that differ. Exit status 1 where one did."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from assessments.models import Assessment, RiskTally
from assessments.operations.shelf import results_for
from assessments.operations.tally import count_risks, is_true


class Command(BaseCommand):
    """One assessment after the other, each held while it is counted, so that people may answer meanwhile."""

    help = "Compare the counted risks of every assessment with its answers, and correct what differs."

    def handle(self, *args: Any, **options: Any) -> None:
        mended = [pk for pk in Assessment.objects.values_list("pk", flat=True) if _mend(pk)]
        for pk in mended:
            self.stdout.write(f"Assessment {pk} was counted wrongly or not at all; it is right now.")
        told = f"{Assessment.objects.count()} assessments, {len(mended)} corrected."
        if mended:
            raise CommandError(told, returncode=1)
        self.stdout.write(told)


@transaction.atomic
def _mend(pk: Any) -> bool:
    rows = Assessment.objects.select_for_update(of=("self",), no_key=True).select_related("lens_version")
    assessment = rows.defer("lens_version__text", "lens_version__content").get(pk=pk)
    tally = RiskTally.objects.filter(assessment=assessment).first()
    if tally is not None and is_true(tally, results_for(assessment)):
        return False
    count_risks(assessment)
    return True
