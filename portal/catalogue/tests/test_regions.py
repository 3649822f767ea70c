"""The table of Regions is botocore's, neither older nor newer."""

import json
from pathlib import Path

import botocore

from portal.catalogue.regions import PARTITION_NAMES, REGIONS, shown_region


def test_the_table_says_what_botocore_says() -> None:
    told = json.loads((Path(botocore.__file__).parent / "data" / "partitions.json").read_text())
    botocores = {
        (code, region["description"], partition["id"])
        for partition in told["partitions"]
        for code, region in partition["regions"].items()
        if not code.endswith("-global")
    }
    assert {tuple(region) for region in REGIONS.values()} == botocores


def test_every_partition_has_a_name() -> None:
    assert {region.partition for region in REGIONS.values()} == set(PARTITION_NAMES)


def test_an_unknown_region_is_shown_as_it_is() -> None:
    assert shown_region("us-west-2") == "us-west-2 · US West (Oregon)"
    assert shown_region("moon-1") == "moon-1"
