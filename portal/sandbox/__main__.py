"""`python -m portal.sandbox`: see command.py."""

import sys

from portal.sandbox.command import main

sys.exit(main())
