"""The service like counts who is liked.

The count is one atomic ADD in the Region that answers. Two Regions that both count lose some: a global table keeps the
last writer's whole item. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
"""

from http import HTTPStatus
from typing import Any

from portal.sandbox.applications import tables
from portal.sandbox.applications.answering import Answer, RefusalError, Request, Route
from portal.sandbox.tasks import TaskEnvironment


class Likes:
    """Counts in the table of creatures of the task's Region."""

    def __init__(self, environment: TaskEnvironment) -> None:
        self.region = environment.region
        self._table = tables.creature_table(environment)
        self._dynamodb: Any = tables.client(environment)

    def routes(self) -> list[Route]:
        """POST /mysfits/<id>/like."""
        return [Route("POST", "/mysfits/([A-Za-z0-9-]{1,64})/like", self.like)]

    def like(self, request: Request) -> Answer:
        """{"region", "id", "likes"}; a browser that sent the page's form goes back to the page."""
        name = request.match[1]
        try:
            changed = self._dynamodb.update_item(
                TableName=self._table,
                Key={"MysfitId": {"S": name}},
                UpdateExpression="ADD Likes :one",
                # Without it a like for nobody would make a creature that consists of a like.
                ConditionExpression="attribute_exists(MysfitId)",
                ExpressionAttributeValues={":one": {"N": "1"}},
                ReturnValues="UPDATED_NEW",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
            raise RefusalError(HTTPStatus.NOT_FOUND, f"No creature is called {name}.") from error
        content = {"region": self.region, "id": name, "likes": tables.plain(changed["Attributes"])["Likes"]}
        if "text/html" in request.accept:
            return Answer(content, HTTPStatus.SEE_OTHER, headers={"Location": "/"})
        return Answer(content)
