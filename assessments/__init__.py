"""Assessments: a service judged by a lens, question by question."""
