"""Which facts of a service a push would send."""

from assessments.tool_workload import facts_in, told, workload_changes

OURS = {
    "WorkloadName": "Shop", "Description": "Sells", "Environment": "PREPRODUCTION", "AccountIds": ["1"],
    "AwsRegions": ["a", "b"], "ReviewOwner": "olga",
}  # fmt: skip


def test_lists_are_the_same_in_any_order_and_other_members_are_left_out() -> None:
    assert facts_in(OURS | {"AwsRegions": ["b", "a"], "WorkloadId": "x"}) == OURS


def test_what_moved_here_alone_is_sent() -> None:
    changes = workload_changes(OURS | {"AwsRegions": ["c"]}, OURS, OURS)
    assert [(each.key, each.label, each.ours, each.theirs) for each in changes] == [
        ("AwsRegions", "Regions", "c", "a, b")
    ]


def test_what_moved_there_stays() -> None:
    theirs = OURS | {"Description": "Sells more"}
    assert workload_changes(OURS, theirs, OURS) == ()
    assert workload_changes(OURS | {"Description": "Sold"}, theirs, OURS) == ()


def test_without_an_agreement_nothing_is_sent() -> None:
    assert workload_changes(OURS, {}, {}) == ()


def test_facts_are_told_in_words() -> None:
    assert [told(value) for value in (["a", "b"], None, "PRODUCTION")] == ["a, b", "", "PRODUCTION"]
    assert told("PREPRODUCTION") == "not production"
