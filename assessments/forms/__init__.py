"""Forms of the assessments half: what a browser sends, read into what operations take. Rules are in operations."""
