"""Automated checks: each reads AWS, or the portal's own proof, and says what it saw of one service.

Here: what a check is handed (`context`), what it answers (`results`), how it finds a service's resources (`resources`), one
module a family of checks, and ONE table that names them all (`registry`). Not here: AWS itself (every call goes through the
`Context`), rows, schedules, and what an answer of an assessment does with a result.
"""
