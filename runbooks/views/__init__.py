"""The HTML door of the runbooks half: one module a noun."""
