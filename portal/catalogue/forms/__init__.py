"""Forms of the catalogue. They read what was typed into drafts and show refusals; every rule is in the operations."""
