"""What people read when AWS refuses."""

import pytest
from botocore.exceptions import ClientError

from portal.aws.errors import explain


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Requested resource not found", "Requested resource not found. Request id: 7."),
        ("The table is being created.", "The table is being created. Request id: 7."),
        ("", "no message. Request id: 7."),
    ],
)
def test_the_words_of_aws_are_one_sentence_and_the_request_id_the_next(said: str, read: str) -> None:
    refusal = {
        "Error": {"Code": "ResourceNotFoundException", "Message": said},
        "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "7"},
    }
    shown = explain(ClientError(refusal, "DescribeTable"), "dynamodb", "DescribeTable", "us-west-2")
    assert str(shown) == (f"dynamodb:DescribeTable in us-west-2 answered ResourceNotFoundException (HTTP 400): {read}")
