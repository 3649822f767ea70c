"""What people may do with runbooks, executions, drills and incidents: permissions, transactions, audit. One module a noun."""
