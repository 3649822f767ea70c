"""The compose file, checked by its structure: no Docker engine is needed, and none is claimed to have run it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {"web", "worker", "beat", "sampler", "migrate"}
# The keys of a service that this file may use, from the Compose Specification (compose-spec.io).
KEYS = {
    "image", "build", "restart", "stop_grace_period", "environment", "depends_on", "command", "ports", "healthcheck", "volumes",
}  # fmt: skip


def test_only_keys_of_the_compose_specification_are_used() -> None:
    assert set(COMPOSE) <= {"name", "services", "volumes", "x-portal"}
    for name, service in SERVICES.items():
        assert set(service) <= KEYS, name


def test_web_worker_beat_and_sampler_run_one_image_with_one_environment() -> None:
    images = {SERVICES[name]["image"] for name in OURS}
    assert len(images) == 1
    assert all(SERVICES[name]["environment"] == SERVICES["web"]["environment"] for name in OURS)


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate"}))
def test_every_lasting_service_has_a_health_check(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "retries"} <= set(check)


def test_nothing_starts_before_what_it_needs_and_all_needs_exist() -> None:
    for name in OURS - {"migrate"}:
        needs = SERVICES[name]["depends_on"]
        assert needs["migrate"] == {"condition": "service_completed_successfully"}
        for needed, how in needs.items():
            assert needed in SERVICES
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[needed]


def test_volumes_are_declared_and_secrets_are_demanded() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in COMPOSE["volumes"]
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "RABBITMQ_PASSWORD", "ALLOWED_HOSTS"):
        assert f"${{{name}:?" in text


def test_every_variable_of_the_compose_file_is_explained_in_the_example() -> None:
    explained = (ROOT / ".env.example").read_text()
    used = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text())) - {"VERSION"}
    assert {name for name in used if f"{name}=" not in explained} == set()
