"""Filters of the assessments half's templates."""
