"""What a stand-in application is told about the task it runs in.

Here: the value handed to every application. Not here: starting, stopping and counting tasks (scheduler.py), the sockets
they listen on (stand_ins.py), or any application (applications/).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class TaskEnvironment:
    """One container of one running task, as its application sees it.

    `port` is the container port of the task definition; the socket the stand-in listens on is another one, on loopback.
    `environment` is the container's own environment from the task definition, overrides applied.
    `api_url` is where boto3 finds the emulated AWS; `time_scale` is what every delay in the sandbox is multiplied by.
    """

    region: str
    account: str
    api_url: str
    image: str
    task_id: str
    container_name: str
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    time_scale: float = 1.0
