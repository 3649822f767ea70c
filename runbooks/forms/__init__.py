"""Forms of the runbooks half, one module a noun. A form reads what was typed; operations decide whether it is allowed."""
