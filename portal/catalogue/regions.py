"""The Regions of AWS: code, name and partition. A checked-in table, because nothing on this floor may import the SDK.

Source: botocore's `data/partitions.json`; a test compares the two, so that an update of botocore asks for one here.
Not here: which Regions an account has enabled, which only AWS knows.
"""

from typing import NamedTuple


class Region(NamedTuple):
    """One Region. Nothing replicates from one partition to another, and no role reaches across."""

    code: str
    name: str
    partition: str


_TABLE: dict[str, dict[str, str]] = {
    "aws": {
        "af-south-1": "Africa (Cape Town)",
        "ap-east-1": "Asia Pacific (Hong Kong)",
        "ap-east-2": "Asia Pacific (Taipei)",
        "ap-northeast-1": "Asia Pacific (Tokyo)",
        "ap-northeast-2": "Asia Pacific (Seoul)",
        "ap-northeast-3": "Asia Pacific (Osaka)",
        "ap-south-1": "Asia Pacific (Mumbai)",
        "ap-south-2": "Asia Pacific (Hyderabad)",
        "ap-southeast-1": "Asia Pacific (Singapore)",
        "ap-southeast-2": "Asia Pacific (Sydney)",
        "ap-southeast-3": "Asia Pacific (Jakarta)",
        "ap-southeast-4": "Asia Pacific (Melbourne)",
        "ap-southeast-5": "Asia Pacific (Malaysia)",
        "ap-southeast-6": "Asia Pacific (New Zealand)",
        "ap-southeast-7": "Asia Pacific (Thailand)",
        "ca-central-1": "Canada (Central)",
        "ca-west-1": "Canada West (Calgary)",
        "eu-central-1": "Europe (Frankfurt)",
        "eu-central-2": "Europe (Zurich)",
        "eu-north-1": "Europe (Stockholm)",
        "eu-south-1": "Europe (Milan)",
        "eu-south-2": "Europe (Spain)",
        "eu-west-1": "Europe (Ireland)",
        "eu-west-2": "Europe (London)",
        "eu-west-3": "Europe (Paris)",
        "il-central-1": "Israel (Tel Aviv)",
        "me-central-1": "Middle East (UAE)",
        "me-south-1": "Middle East (Bahrain)",
        "me-west-1": "Middle East (Saudi Arabia)",
        "mx-central-1": "Mexico (Central)",
        "sa-east-1": "South America (Sao Paulo)",
        "sa-west-1": "South America (Chile)",
        "us-east-1": "US East (N. Virginia)",
        "us-east-2": "US East (Ohio)",
        "us-west-1": "US West (N. California)",
        "us-west-2": "US West (Oregon)",
    },
    "aws-us-gov": {
        "us-gov-east-1": "AWS GovCloud (US-East)",
        "us-gov-west-1": "AWS GovCloud (US-West)",
    },
    "aws-cn": {
        "cn-north-1": "China (Beijing)",
        "cn-northwest-1": "China (Ningxia)",
    },
    "aws-eusc": {
        "eusc-de-east-1": "AWS European Sovereign Cloud (Germany)",
    },
    "aws-iso": {
        "us-iso-east-1": "US ISO East",
        "us-iso-west-1": "US ISO WEST",
    },
    "aws-iso-b": {
        "us-isob-east-1": "US ISOB East (Ohio)",
        "us-isob-west-1": "US ISOB West",
    },
    "aws-iso-e": {
        "eu-isoe-west-1": "EU ISOE West",
    },
    "aws-iso-f": {
        "us-isof-east-1": "US ISOF EAST",
        "us-isof-south-1": "US ISOF SOUTH",
    },
}

REGIONS: dict[str, Region] = {
    code: Region(code, name, partition) for partition, names in _TABLE.items() for code, name in names.items()
}

PARTITION_NAMES: dict[str, str] = {
    "aws": "AWS",
    "aws-us-gov": "AWS GovCloud (US)",
    "aws-cn": "AWS China",
    "aws-eusc": "AWS European Sovereign Cloud",
    "aws-iso": "AWS ISO",
    "aws-iso-b": "AWS ISOB",
    "aws-iso-e": "AWS ISOE",
    "aws-iso-f": "AWS ISOF",
}


def shown_region(code: str) -> str:
    """A Region as people read it: "us-west-2 · US West (Oregon)"; a code that nobody knows is shown as it is."""
    region = REGIONS.get(code)
    return f"{code} · {region.name}" if region else code
