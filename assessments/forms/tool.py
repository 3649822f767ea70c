"""Forms of the Well-Architected Tool's page: connecting, and a person's word on each conflict."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms

from assessments.forms.assessments import dress
from assessments.tool import Decision, Side
from assessments.tool_connect import regions_of
from portal.catalogue.models import AwsAccount, Service

DECIDE = "decide."


class ConnectForm(forms.Form):
    """Where an assessment is kept in AWS."""

    account = forms.ModelChoiceField(
        AwsAccount.objects.none(),
        label="AWS account",
        empty_label="Choose an account",
        help_text="The portal calls the Tool as this account's role.",
    )
    region = forms.ChoiceField(label="Region", help_text="A workload of the Tool lives in one Region.")
    workload_id = forms.CharField(
        label="Workload id",
        required=False,
        max_length=32,
        help_text="Empty: the first push makes a workload for the service. Else the id of one that exists, 32 digits and "
        "letters.",
    )
    lens_alias = forms.CharField(
        label="Lens in the Tool",
        required=False,
        max_length=128,
        help_text="Empty: this lens is imported as a custom lens. Else an alias such as wellarchitected, or an ARN: "
        "questions are then matched by their ids and choices.",
    )

    def __init__(self, *positional: Any, service: Service, **options: Any) -> None:
        super().__init__(*positional, **options)
        accounts = service.accounts.order_by("name")
        regions = regions_of(service)
        cast(forms.ModelChoiceField, self.fields["account"]).queryset = accounts
        cast(forms.ChoiceField, self.fields["region"]).choices = [(name, name) for name in regions]
        self.initial.setdefault("region", regions[0])
        if len(accounts) == 1:
            self.initial.setdefault("account", accounts[0].pk)
        for name in ("workload_id", "lens_alias"):
            self.fields[name].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
        dress(self)


def read_decisions(posted: Mapping[str, Any]) -> dict[str, Decision]:
    """What was chosen for conflicts, by question id: fields `decide.QUESTION` with `ours:FINGERPRINT` or `theirs:...`.

    What cannot be read decides nothing: the conflict stays.
    """
    found: dict[str, Decision] = {}
    for name, value in posted.items():
        side, _, fingerprint = str(value).partition(":")
        if name.startswith(DECIDE) and side in set(Side) and fingerprint:
            found[name.removeprefix(DECIDE)] = Decision(Side(side), fingerprint)
    return found
