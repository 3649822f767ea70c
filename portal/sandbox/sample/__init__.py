"""Mythical Mysfits: the sample estate a sandbox starts with.

Here: its CloudFormation template, its data, its names and the code that deploys it over the AWS API. Not here: the
applications its tasks run (portal.sandbox.applications) and the runbooks for it (runbooks/library).
"""
