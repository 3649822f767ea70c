"""What people may do with lenses and assessments: one module a noun. Each act is one transaction with its permission and event.

Refusals are `PermissionDenied`, or `ValidationError` with every problem at once. Not here: how anything looks.
"""
