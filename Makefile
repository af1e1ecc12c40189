# Jifen. `make run` is enough to start; it needs make and Python 3.11 to 3.13, nothing else.
# Settings: PORT=8001, JIFEN_VAR=folder, DATABASE_URL=..., CELERY_BROKER_URL=... (.env.example tells them all).

SHELL := /bin/sh
PY := .venv/bin/python
CODE := config members loyalty orders mall bench tests manage.py
PYTEST_ARGS ?= -n 2
ROWS ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test test-faults check format bench lock messages clean

help:
	@echo "make run       start everything, load the demo brand, print address and sign-ins (Ctrl-C stops)"
	@echo "make test      all tests; PYTEST_ARGS='-k name' for some"
	@echo "make test-faults  kill workers and servers in the middle of imports"
	@echo "make check     format, lint, types, import contract, migrations"
	@echo "make bench     measure; ROWS=import_vs_copy,redeem_hot_16 for some"
	@echo "make format    put code into its form"
	@echo "make messages  collect and compile translations (needs gettext)"
	@echo "make lock      compile requirements*.in to requirements*.txt"
	@echo "make clean     remove .venv and caches; data in var/ stays"

run: .venv/run.stamp
	@exec $(PY) manage.py runall

test: .venv/dev.stamp
	@JIFEN_VAR="$${JIFEN_VAR:-var/test}" JIFEN_DURABLE=0 DEBUG=1 exec $(PY) -m config.embedded $(PY) -m pytest -m "not faults" $(PYTEST_ARGS)

test-faults: .venv/dev.stamp
	@JIFEN_VAR="$${JIFEN_VAR:-var/test}" JIFEN_DURABLE=0 DEBUG=1 exec $(PY) -m config.embedded $(PY) -m pytest -m faults $(PYTEST_ARGS) tests/faults

check: .venv/dev.stamp
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) -m djlint templates --lint --quiet
	$(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(PY) manage.py check

format: .venv/dev.stamp
	$(PY) -m ruff check --fix --exit-zero .
	$(PY) -m ruff format .

bench: .venv/dev.stamp
	@JIFEN_VAR="$${JIFEN_VAR:-var/bench}" exec $(PY) -m config.embedded $(PY) -m bench $(ROWS)

messages: .venv/dev.stamp
	$(PY) manage.py makemessages --locale zh_Hans --no-location --no-obsolete
	$(PY) manage.py compilemessages --locale zh_Hans

lock:
	@python="$$(sh .ci/python)" && "$$python" -m venv --clear var/lock && var/lock/bin/python -m pip install --quiet uv
	var/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header requirements.in -o requirements.txt
	var/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header requirements-dev.in -o requirements-dev.txt

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find config members loyalty orders mall bench tests -name __pycache__ -type d -exec rm -rf {} +

# A stamp is written when the installation went through; without it the next make begins again.
.venv/run.stamp: requirements.txt
	@sh .ci/venv requirements.txt
	@touch $@

.venv/dev.stamp: requirements.txt requirements-dev.txt
	@sh .ci/venv requirements.txt requirements-dev.txt
	@touch $@ .venv/run.stamp
