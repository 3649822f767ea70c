"""The pure floor: reads Systems Manager Automation documents (schema 0.3) and decides what follows.

Here: documents, parameters, references, selectors, conditions, durations, results and flow. Not here: Django, AWS, the
clock, files, sockets. Everything is a function of its arguments, so every rule can be tested without a database.
"""
