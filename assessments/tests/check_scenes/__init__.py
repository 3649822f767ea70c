"""Scenes for the tests of checks: each builds what a check must fail, yields, and mends it as its remediation says.

`world` is where they happen; `data`, `service` and `proof` are the scenes. `recorded` is for tests of states that no scene shows:
it holds recorded answers to botocore's models. Not here: the tests that play them (`test_checks_both_ways`).
"""
