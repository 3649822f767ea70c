"""Custom lenses of the Well-Architected Tool: import, publish, read, export, delete; and the one lens of AWS's there is.

Here: drafts, versions, quotas. Not here: the file format (well_architected_format.py), reviews by a lens
(well_architected.py). What AWS does not publish is our assumption: a draft is called DRAFT where a version is asked for,
and it cannot be read or published while it is imported. Source:
https://docs.aws.amazon.com/wellarchitected/latest/userguide/lenses-custom.html
"""

import json
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portal.sandbox.pace import Pace
from portal.sandbox.service_requests import Answer, Parameters, Place, ServiceRefused
from portal.sandbox.well_architected_format import LensContent, content_of, read
from portal.sandbox.well_architected_requests import conflict, invalid, missing, over_quota, page

MAXIMUM_LENSES, MAXIMUM_VERSIONS = 15, 100
DRAFT, FRAMEWORK = "DRAFT", "wellarchitected"
_FRAMEWORK_FILE = Path(__file__).with_name("well_architected_framework.json")


@dataclass(frozen=True)
class Version:
    """What was published; `epoch` counts the major versions."""

    name: str
    content: LensContent
    epoch: int


@dataclass
class Lens:
    """A lens of one account and Region; `ready_at` (monotonic) is when its draft is imported."""

    arn: str
    account: str = ""
    alias: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)
    draft: LensContent | None = None
    ready_at: float = 0.0
    is_deleted: bool = False
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def is_official(self) -> bool:
        return not self.account

    @property
    def is_importing(self) -> bool:
        return self.draft is not None and time.monotonic() < self.ready_at

    @property
    def latest(self) -> Version | None:
        return self.versions[-1] if self.versions else None

    def status_of(self, version: Version) -> str:
        """The LensStatus of a review made with this version."""
        if self.is_deleted:
            return "DELETED"
        return "CURRENT" if self.latest is not None and self.latest.epoch == version.epoch else "NOT_CURRENT"

    def read(self, version: str | None) -> tuple[str, LensContent]:
        """The wished, else the latest published version, else the draft: (its name, its content)."""
        found = next((v for v in self.versions if v.name == version), None) if version else self.latest
        if found is not None:
            return found.name, found.content
        if self.draft is not None and not self.is_importing and version in (None, DRAFT):
            return DRAFT, self.draft
        raise missing("LENS", f"{self.arn} {version or ''}".strip())


class Lenses:
    """Public operations are named as in the API, in snake case. `lock` is the whole service's."""

    def __init__(self, pace: Pace, lock: threading.RLock) -> None:
        self._pace, self._lock = pace, lock
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self._lenses: dict[Place, dict[str, Lens]] = {}

    def named(self, place: Place, alias: str) -> Lens:
        """By ARN, or by the alias of a lens of AWS's; a lens that was deleted is missing."""
        with self._lock:
            for lens in self._of(place).values():
                if alias in (lens.arn, lens.alias) and alias and not lens.is_deleted:
                    return lens
        raise missing("LENS", alias)

    def _of(self, place: Place) -> dict[str, Lens]:
        if place not in self._lenses:
            official = _framework()
            self._lenses[place] = {official.arn: official}
        return self._lenses[place]

    def _own(self, place: Place, alias: str) -> Lens:
        lens = self.named(place, alias)
        if lens.is_official:
            raise invalid(f"[Validation] {alias} is a lens of AWS's; this is for custom lenses", ("LensAlias", alias))
        return lens

    # -- import and publish

    def import_lens(self, place: Place, p: Parameters) -> Answer:
        content, problems = read(p["JSONString"])
        if content is None:
            text = "; ".join(f"{where} {what}" for where, what in problems)
            raise invalid(f"[Validation] The lens is not valid: {text}", *problems)
        lens = self._own(place, p["LensAlias"]) if p.get("LensAlias") else self._new(place, content, p)
        if lens.is_importing:
            raise conflict(f"{lens.arn} is being imported; wait until it is", lens.arn, "LENS")
        lens.draft, lens.ready_at = content, time.monotonic() + self._pace.transition
        lens.updated_at = datetime.now(UTC)
        return {"LensArn": lens.arn, "Status": "IN_PROGRESS" if lens.is_importing else "COMPLETE"}

    def _new(self, place: Place, content: LensContent, p: Parameters) -> Lens:
        own = [lens for lens in self._of(place).values() if not lens.is_official and not lens.is_deleted]
        for lens in own:
            if content.name in {version.content.name for version in lens.versions[-1:]} | _draft_names(lens):
                raise invalid(f"[Validation] A lens named {content.name} already exists", ("JSONString.name", "exists"))
        if len(own) >= MAXIMUM_LENSES:
            raise over_quota(f"an account has at most {MAXIMUM_LENSES} custom lenses in a Region", "custom-lenses")
        account, region = place
        made = Lens(f"arn:aws:wellarchitected:{region}:{account}:lens/{uuid.uuid4().hex}", account)
        made.tags = dict(p.get("Tags") or {})
        self._of(place)[made.arn] = made
        return made

    def create_lens_version(self, place: Place, p: Parameters) -> Answer:
        """Publishes the draft. A minor version reaches reviews by itself, a major one when they are upgraded."""
        lens = self._own(place, p["LensAlias"])
        name = p["LensVersion"]
        if name in {version.name for version in lens.versions}:
            raise conflict(f"{lens.arn} has a version {name} already", lens.arn, "LENS")
        if lens.draft is None or lens.is_importing:
            what = "is being imported" if lens.draft is not None else "has no draft; import one"
            raise conflict(f"{lens.arn} {what}", lens.arn, "LENS")
        if len(lens.versions) >= MAXIMUM_VERSIONS:
            raise over_quota(f"a lens has at most {MAXIMUM_VERSIONS} versions", "lens-versions")
        epoch = lens.latest.epoch if lens.latest is not None else 0
        if p.get("IsMajorVersion") or not epoch:
            epoch += 1
        lens.versions.append(Version(name, lens.draft, epoch))
        lens.draft, lens.updated_at = None, datetime.now(UTC)
        return {"LensArn": lens.arn, "LensVersion": name}

    # -- read, export, delete

    def get_lens(self, place: Place, p: Parameters) -> Answer:
        lens = self.named(place, p["LensAlias"])
        version, content = lens.read(p.get("LensVersion"))
        described = {
            "LensArn": lens.arn, "LensVersion": version, "Name": content.name, "Description": content.description,
            "Owner": lens.account or "AWS", "Tags": dict(lens.tags),
        }  # fmt: skip
        return {"Lens": described}

    def list_lenses(self, place: Place, p: Parameters) -> Answer:
        status, kind, name = p.get("LensStatus") or "PUBLISHED", p.get("LensType"), p.get("LensName")
        found: list[Answer] = []
        for lens in self._of(place).values():
            versions = [DRAFT] if lens.draft is not None and not lens.is_importing and status != "PUBLISHED" else []
            if lens.latest is not None and status != "DRAFT":
                versions.append(lens.latest.name)
            found += [_summary(lens, version) for version in versions if not lens.is_deleted]
        wished = [
            one for one in found
            if (not kind or one["LensType"] == kind) and (not name or one["LensName"].startswith(name))
        ]  # fmt: skip
        return page("LensSummaries", wished, p)

    def export_lens(self, place: Place, p: Parameters) -> Answer:
        lens = self.named(place, p["LensAlias"])
        if lens.is_official:
            raise ServiceRefused("AccessDeniedException", f"{p['LensAlias']} is AWS's; it cannot be exported")
        return {"LensJSON": lens.read(p.get("LensVersion"))[1].text}

    def delete_lens(self, place: Place, p: Parameters) -> None:
        """Reviews made with a deleted lens stay, with the LensStatus DELETED."""
        lens = self._own(place, p["LensAlias"])
        if lens.is_importing:
            raise conflict(f"{lens.arn} is being imported; wait until it is", lens.arn, "LENS")
        if (p["LensStatus"] == "DRAFT" and lens.draft is None) or (
            p["LensStatus"] == "PUBLISHED" and not lens.versions
        ):
            raise missing("LENS", f"{lens.arn} {p['LensStatus']}")
        if p["LensStatus"] != "PUBLISHED":
            lens.draft = None
        if p["LensStatus"] != "DRAFT":
            lens.versions = []
        lens.is_deleted = lens.draft is None and not lens.versions


def _draft_names(lens: Lens) -> set[str]:
    return {lens.draft.name} if lens.draft is not None else set()


def _summary(lens: Lens, version: str) -> Answer:
    name, content = lens.read(version)
    described: dict[str, Any] = {
        "LensArn": lens.arn, "LensAlias": lens.alias or lens.arn, "LensVersion": name, "LensName": content.name,
        "LensType": "AWS_OFFICIAL" if lens.is_official else "CUSTOM_SELF", "Description": content.description,
        "CreatedAt": lens.created_at, "UpdatedAt": lens.updated_at, "LensStatus": "CURRENT",
    }  # fmt: skip
    return described | ({"Owner": lens.account} if lens.account else {})


def _framework() -> Lens:
    """The framework's lens with a few of its questions: identifiers are AWS's, texts and risk rules our own."""
    text = _FRAMEWORK_FILE.read_text(encoding="utf-8")
    made = Lens(f"arn:aws:wellarchitected:us-east-1::lens/{FRAMEWORK}", alias=FRAMEWORK)
    made.versions.append(Version("2025-02-25", content_of(json.loads(text), text), 1))
    return made
