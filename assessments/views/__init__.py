"""Pages of the assessments half: one module a noun. Each asks one operation and shows its refusal where it was typed."""
