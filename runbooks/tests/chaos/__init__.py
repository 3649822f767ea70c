"""A chaos run: real workers on a real database, an AWS that keeps its own log, and faults from a seed.

`campaign` puts it together, `aws` is the AWS double (a process), `nursery` makes workers, `faults` harms them, `operator`
answers what they ask, `invariants` compares the rows with the log of effects, `mutants` break the protocol on purpose to show
that the comparison notices. One command runs it: `manage.py chaos`. Nothing here is part of the product.
"""
