"""moto's RDS, extended: a global cluster takes members of any Region in and lets them go.

Here: making one of an existing cluster, and removing a member, which moto does in us-east-1 only. Not here: replication
and failover between members; databases are a ledger of moto's and hold no data.
"""

from typing import Any

from moto.rds.models import RDSBackend

from portal.sandbox import ledger
from portal.sandbox.seam import replaces

HOME = "us-east-1"
"""Where moto keeps the books of global clusters, which belong to no Region."""


def install() -> None:
    """Replaces what moto does."""

    @replaces(RDSBackend, "create_global_cluster")
    def create_global_cluster(original: Any, self: Any, **wish: Any) -> Any:
        source = str(wish["source_db_cluster_identifier"] or "")
        region = source.split(":")[3] if source.count(":") > 5 else HOME
        if region == HOME or wish["engine"] is not None:
            return original(self, **wish)
        (member,) = ledger.rds(self.account_id, region).describe_db_clusters(db_cluster_identifier=source)
        inherited = {"engine": member.engine, "engine_version": member.engine_version}
        made = original(self, **wish | inherited | {"source_db_cluster_identifier": None})
        member.global_cluster_identifier = made.global_cluster_arn
        member.is_writer = True
        made.members.append(member)
        return made

    @replaces(RDSBackend, "remove_from_global_cluster")
    def remove_from_global_cluster(
        original: Any, self: Any, global_cluster_identifier: str, db_cluster_identifier: str
    ) -> Any:
        group = ledger.rds(self.account_id, HOME).global_clusters.get(global_cluster_identifier)
        for member in list(group.members) if group else []:
            if db_cluster_identifier in (member.db_cluster_arn, member.db_cluster_identifier):
                group.members.remove(member)
                member.global_cluster_identifier = None
                return group
        return original(self, global_cluster_identifier, db_cluster_identifier)
