"""Scenes for the tests of checks: each builds what a check must fail, yields, and mends it as its remediation says.

`world` is where they happen, `recorded` holds recorded answers to botocore's models; `data`, `service` and `proof` are the
scenes. Not here: the tests that play them (`test_checks_both_ways`).
"""
