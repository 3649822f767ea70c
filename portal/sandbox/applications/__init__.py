"""The applications that stand in for container images in the sandbox.

Here: the table of them, by the name of the image's repository. Not here: the sockets they listen on, and tasks. An
application is a function from the task's environment to an http.server handler class.
"""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

from portal.sandbox.applications import answering, health
from portal.sandbox.applications.creatures import Creatures
from portal.sandbox.applications.heartbeats import Heartbeats
from portal.sandbox.applications.likes import Likes
from portal.sandbox.tasks import TaskEnvironment


def mysfits_core(environment: TaskEnvironment) -> type[BaseHTTPRequestHandler]:
    """The service core: creatures, heartbeat records, health."""
    routes = [*Creatures(environment).routes(), *Heartbeats(environment).routes(), health.route(environment)]
    return answering.handler(environment.region, routes)


def mysfits_like(environment: TaskEnvironment) -> type[BaseHTTPRequestHandler]:
    """The service like: likes, health."""
    return answering.handler(environment.region, [*Likes(environment).routes(), health.route(environment)])


APPLICATIONS: dict[str, Callable[[TaskEnvironment], type[BaseHTTPRequestHandler]]] = {
    "mysfits-core": mysfits_core,
    "mysfits-like": mysfits_like,
}
