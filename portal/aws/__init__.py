"""The only part that imports boto3: sessions, roles, Regions, classification of operations, errors. Knows no runbook."""
