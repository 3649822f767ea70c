"""Runbooks: documents, executions, drills, incidents and what was measured. Never imports the assessments."""
