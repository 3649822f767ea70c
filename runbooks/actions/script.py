"""`aws:executeScript`: the author's Python in a process of its own, given its input and the execution's AWS role, nothing else.

No portal environment, no database, its own temporary folder; bounded in time, memory, processes and output. Where
bubblewrap is installed the file system is read-only and the portal's files are hidden. Values reach a script through
InputPayload only; nothing is substituted into its text.
"""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from runbooks.actions.context import Action, ActionFailed, Context, Effect
from runbooks.automation.document import ActionShape
from runbooks.automation.results import Failed, Result, Succeeded

LONGEST = timedelta(seconds=600)
_MEMORY_BYTES = 1024**3
_OUTPUT_BYTES = 100 * 1024
_LOG_CHARACTERS = 20_000
_HOST = Path(__file__).with_name("script_host.py")
_GUIDE = "https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeScript.html"


def execute_script(inputs: Mapping[str, Any], context: Context) -> Result:
    """Run the handler with InputPayload as its first argument; what it returns is `$.Payload`."""
    if not context.are_scripts_allowed:
        raise ActionFailed(
            "Scripts are turned off on this portal (SCRIPTS_ALLOWED). Use API actions, or ask whoever runs it."
        )
    with tempfile.TemporaryDirectory(prefix="bcdr-script-") as folder:
        task = {"script": inputs["Script"], "handler": inputs["Handler"], "events": inputs.get("InputPayload") or {}}
        (Path(folder) / "task.json").write_text(json.dumps(task), encoding="utf-8")
        code, log = _run(Path(folder), context)
        answer = Path(folder) / "answer.json"
        said = _read(answer) if answer.is_file() else None
    if said is None:
        return Failed(f"The script ended with exit code {code} and returned nothing.", log=log)
    if said.get("error"):
        return Failed(str(said["error"]), log=log, error_code="ScriptError")
    payload = {"Payload": said.get("payload")}
    return Succeeded(outputs={**payload, "OutputPayload": json.dumps(payload)}, payload=payload, log=log)


def _read(answer: Path) -> dict[str, Any]:
    """What the script's host wrote. A script may write there too, so it is checked like any foreign text."""
    if answer.stat().st_size > _OUTPUT_BYTES:
        return {
            "error": f"The script returned more than {_OUTPUT_BYTES // 1024} KB; return less, or store it and return where."
        }
    try:
        said = json.loads(answer.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return {"error": "What the script returned is not JSON."}
    return said if isinstance(said, dict) else {"error": "What the script returned is not JSON."}


def _run(folder: Path, context: Context) -> tuple[int, str]:
    environment = {
        **context.environment(),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - a fixed program; the script is data it reads
            [*_walls(folder), sys.executable, "-I", str(_HOST), str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            start_new_session=True,
            preexec_fn=_limit,
        )
        try:
            code = process.wait(LONGEST.total_seconds())
        except subprocess.TimeoutExpired as error:
            raise ActionFailed(
                f"The script ran longer than {LONGEST.total_seconds():.0f} s and was stopped."
            ) from error
        finally:
            _end_group(process)
    text = (folder / "log").read_bytes()[: _LOG_CHARACTERS * 4].decode("utf-8", "replace")
    return code, text[:_LOG_CHARACTERS]


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End whatever the script left running; its session is its own, so nobody else is hit."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def _limit() -> None:
    """Runs in the child between fork and exec."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (int(LONGEST.total_seconds()),) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512 * 1024**2,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _walls(folder: Path) -> list[str]:
    """bubblewrap in front of the process where it is installed: read-only root, the portal's own data out of sight."""
    program = shutil.which("bwrap")
    if program is None:
        return []
    hidden = Path(__file__).resolve().parents[2] / "var"
    walls = [program, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]  # noqa: S108
    if hidden.is_dir():
        walls += ["--tmpfs", str(hidden)]
    return [*walls, "--bind", str(folder), str(folder), "--unshare-pid", "--unshare-ipc", "--die-with-parent", "--"]


def _check(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    runtime = inputs.get("Runtime")
    if isinstance(runtime, str) and not runtime.lower().startswith("python"):
        yield "Runtime", f"Runtime {runtime} does not run here; python3.11 does (older Python names run on it too)."
    if inputs.get("Attachment"):
        yield "Attachment", "Attachments do not run here; put the code into Script."
    if not inputs.get("Script"):
        yield "Script", "Script is missing: the code to run."
    if not inputs.get("Handler"):
        yield "Handler", "Handler is missing: the name of the function to call."


EXECUTE = Action(
    name="aws:executeScript",
    summary="Runs a Python function in a process of its own and reads outputs from what it returns.",
    run=execute_script,
    shape=ActionShape(
        required=frozenset({"Runtime"}),
        optional=frozenset({"Handler", "Script", "InputPayload", "Attachment"}),
        may_cancel_into=True,
        default_timeout=LONGEST,
        maximum_timeout=LONGEST,
        check=_check,
    ),
    effect=Effect.ONCE,
    outputs={"Payload": "What the function returned.", "OutputPayload": 'The same as JSON text: {"Payload": ...}.'},
    source=_GUIDE,
)
