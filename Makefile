# Three commands, each does all of its own set-up and is safe to run again:
#   make run     the portal on this machine, with a sandbox instead of AWS
#   make drill   the sample drill in the terminal, from a cold start (JSON=1: the record as JSON; RECOVERY=none: without recovery)
#   make test    the whole suite
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: run drill test test-long setup setup-dev check format clean

run: setup
	@exec $(BIN)/python -m portal.up

drill: setup
	@exec env -u AWS_ENDPOINT_URL IS_SANDBOX=1 $(BIN)/python manage.py drill $(if $(JSON),--json) $(if $(filter none,$(RECOVERY)),--without-recovery) $(ARGS)

test: setup-dev
	@exec $(BIN)/python -m portal.tests.suite $(ARGS)

test-long: setup-dev
	@exec env TEST_EXAMPLES=many $(BIN)/python -m portal.tests.suite -m "long or hypothesis"

# -- set-up: a virtual environment from the pinned lists; nothing outside this folder is touched -------------------------

setup: $(VENV)/installed
setup-dev: $(VENV)/installed-dev

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: install Python 3.11 or newer (Debian: apt install python3 python3-venv)." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $$($(PYTHON) --version) is too old. Set PYTHON=python3.11." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv is missing (Debian: apt install python3-venv)." >&2; exit 1; }
	@echo "Making a virtual environment in $(VENV) ..." >&2
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.txt | $(VENV)/bin/python
	@echo "Installing what the portal needs (once; about a minute) ..." >&2
	@$(PIP) install -qq --require-hashes -r requirements.txt >&2
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	@echo "Installing what the tests need (once; about a minute) ..." >&2
	@$(PIP) install -qq --require-hashes -r requirements-dev.txt >&2
	@touch $@

# -- for those who change it ---------------------------------------------------------------------------------------------

check: setup-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy portal runbooks assessments

format: setup-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean:
	rm -rf var $(VENV)
