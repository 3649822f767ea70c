"""The program inside a script's process: reads task.json, calls the handler, writes answer.json. Imports nothing of ours."""

import json
import sys
import traceback
from pathlib import Path
from typing import Any


def main(folder: Path) -> int:
    """Exit status 0 when the handler returned something that is JSON."""
    task: dict[str, Any] = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    answer: dict[str, Any]
    try:
        names: dict[str, Any] = {"__name__": "script"}
        exec(compile(task["script"], "script", "exec"), names)  # noqa: S102 - running the author's script is the point
        handler = names.get(task["handler"].rpartition(".")[2])
        if not callable(handler):
            raise LookupError(f"the script defines no function {task['handler']}")
        answer = {"payload": handler(task["events"], {})}
        text = json.dumps(answer)
    except BaseException as error:  # noqa: BLE001 - whatever the script raises is its result
        traceback.print_exc()
        text = json.dumps({"error": f"{type(error).__name__}: {error}"[:4000]})
        answer = {}
    (folder / "answer.json").write_text(text, encoding="utf-8")
    return 0 if answer else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
