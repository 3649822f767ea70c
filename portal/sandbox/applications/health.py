"""The deep health check of both applications: healthy means that the table can be read.

A shallow check answers 200 while every visitor gets an error; the load balancer would keep such a task.
"""

from http import HTTPStatus

from portal.sandbox.applications import tables
from portal.sandbox.applications.answering import Answer, Request, Route
from portal.sandbox.tasks import TaskEnvironment


def route(environment: TaskEnvironment) -> Route:
    """GET /health: 200 {"region", "status"} when the table was read; otherwise the read's error is answered."""
    dynamodb = tables.client(environment)

    def check(request: Request) -> Answer:
        dynamodb.get_item(TableName=tables.creature_table(environment), Key={"MysfitId": {"S": "health"}})
        return Answer({"region": environment.region, "status": "healthy"}, HTTPStatus.OK)

    return Route("GET", "/health", check)
