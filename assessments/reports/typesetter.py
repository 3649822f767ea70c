"""The program that sets one PDF, run in a process of its own: bounds itself, reads a task from stdin, writes the PDF to stdout.

It is started with no environment of the portal, no database and no network (typst asks for none here). Not here: who starts it
and what becomes of a failure (`pdf.py`).
"""

import json
import resource
import sys


def main() -> None:
    """stdin: {"template": path, "root": folder, "inputs": {name: text}, "memory_bytes": n, "cpu_seconds": n}."""
    task = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (task["memory_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (task["cpu_seconds"],) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Imported under the limits: the library reserves its memory when it is loaded.
    import typst

    made = typst.compile(
        task["template"],
        root=task["root"],
        ignore_system_fonts=True,
        sys_inputs=task["inputs"],
        pdf_standards="ua-1",
    )
    if not isinstance(made, bytes):
        raise TypeError(f"typst made {type(made).__name__}, not the bytes of one PDF")
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    main()
