"""What is vendored is what its manifest says. Not here: how it is built (`vendor/build.mjs`) and how it looks."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = [ROOT / "portal" / "static" / "vendor", ROOT / "portal" / "tests" / "vendor"]
PACKAGE = json.loads((ROOT / "vendor" / "package.json").read_text())
LOCK = json.loads((ROOT / "vendor" / "package-lock.json").read_text())


def manifest(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "manifest.json").read_text())["files"]


def on_disk(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_the_manifest_names_every_file_and_no_other(folder: Path) -> None:
    assert on_disk(folder) == {entry["path"] for entry in manifest(folder)} | {"manifest.json"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_no_vendored_file_was_changed_by_hand(folder: Path) -> None:
    changed = [
        entry["path"]
        for entry in manifest(folder)
        if hashlib.sha256((folder / entry["path"]).read_bytes()).hexdigest() != entry["sha256"]
    ]
    assert changed == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_vendored_package_has_the_locked_version_a_licence_and_its_text(folder: Path) -> None:
    packages = {package["name"]: package for entry in manifest(folder) for package in entry["packages"]}
    for name, package in packages.items():
        assert package["version"] == LOCK["packages"][f"node_modules/{name}"]["version"], name
        assert package["licence"], name
        assert (folder / "licences" / f"{name.replace('/', '-')}.txt").is_file(), name


def test_direct_packages_are_pinned_exactly_as_locked() -> None:
    for name, version in PACKAGE["devDependencies"].items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        assert LOCK["packages"][f"node_modules/{name}"]["version"] == version


def test_the_lock_file_names_no_download_address() -> None:
    assert not any("resolved" in package for package in LOCK["packages"].values())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_no_vendored_file_points_at_a_source_map(folder: Path) -> None:
    pointing = [name for name in on_disk(folder) if b"sourceMappingURL" in (folder / name).read_bytes()]
    assert pointing == []


def test_the_icon_list_and_the_sprite_agree() -> None:
    listed = [line for line in (ROOT / "vendor" / "icons.txt").read_text().splitlines() if line and line[0] != "#"]
    sprite = (FOLDERS[0] / "icons.svg").read_text()
    assert re.findall(r'<symbol id="([^"]+)"', sprite) == listed
