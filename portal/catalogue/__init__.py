"""What must survive: services, objectives, dependencies, accounts. No runbook, no assessment, no AWS call."""
