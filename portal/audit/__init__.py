"""The hash-chained log of what people and workers did. Only added to, never edited."""
