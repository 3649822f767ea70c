"""The recorded answers of the tests of checks are held to botocore's models."""

import pytest

from assessments.tests.check_scenes.recorded import held

JOBS = "ListRestoreJobsByProtectedResource"


def test_an_answer_that_aws_could_give_is_handed_on() -> None:
    answer = {"RestoreJobs": [{"ValidationStatus": "SUCCESSFUL"}]}
    assert held("backup", JOBS, {"ResourceArn": "arn"}, answer) is answer


def test_a_parameter_that_aws_does_not_take_is_refused() -> None:
    with pytest.raises(AssertionError, match="Unknown parameter"):
        held("backup", JOBS, {"ResourceArn": "arn", "Newest": True}, {})


def test_a_field_that_aws_does_not_answer_is_refused_with_its_path() -> None:
    with pytest.raises(AssertionError, match=r"RestoreJobs\[\]\.ValidatedAt"):
        held("backup", JOBS, {"ResourceArn": "arn"}, {"RestoreJobs": [{"ValidatedAt": "now"}]})


def test_a_word_that_is_none_of_awss_is_refused() -> None:
    with pytest.raises(AssertionError, match="'GOOD'"):
        held("backup", JOBS, {"ResourceArn": "arn"}, {"RestoreJobs": [{"ValidationStatus": "GOOD"}]})
