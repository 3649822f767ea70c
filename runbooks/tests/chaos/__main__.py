"""`python -m runbooks.tests.chaos PART ARGUMENTS`: Django first, then the part's own `main`."""

import importlib
import sys

import django

django.setup()
importlib.import_module(f"runbooks.tests.chaos.{sys.argv[1]}").main(sys.argv[2:])
