# The few words of this house; `.ci/run` says `make test` and nothing else.
PYTHON ?= $(shell for p in python3.12 python3.11 python3 python; do \
  $$p -c 'import sys; sys.exit(not (3,11) <= sys.version_info[:2] < (3,13))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE ?= 1

.PHONY: help serve test soak chaos chaos-git lint fix bench docs wheel lock setup dev clean python

help:  ## Show this help
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

python:
	@test -n "$(PYTHON)" || { echo "prdgen needs Python 3.11 or 3.12 on the PATH (found: $$(python3 --version 2>&1)). Install one, or call make PYTHON=/path/to/python3.11"; exit 2; }

setup: python
	@$(PYTHON) bootstrap.py serve

dev: python
	@$(PYTHON) bootstrap.py dev

serve: setup  ## Run prdgen on REPO=… (or on an example repository made for you)
	@exec $(BIN)/python -m prdgen serve $(if $(REPO),--repository "$(REPO)",--example)

test: dev  ## Pass every test, real browser included
	@$(BIN)/python bootstrap.py check

soak: dev  ## More random stories than `make test` has time for
	@$(BIN)/python -m pytest tests -m soak -n 2

chaos: dev  ## The loss test: RUNS=20 storms of SEED=1 (kills, cuts, full disks, … while people type)
	@cd tests && ../$(BIN)/python -m chaos --runs $(or $(RUNS),20) --seed $(or $(SEED),1) $(if $(ONLY),--only $(ONLY))

chaos-git: dev  ## The same with people who use Git only: pushes, merges, resets, stashes, gc
	@cd tests && ../$(BIN)/python -m chaos --git --runs $(or $(RUNS),20) --seed $(or $(SEED),1) $(if $(ONLY),--only $(ONLY))

lint: dev  ## ruff, mypy strict, the floors test, TypeScript strict
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest tests/house -p no:randomly
	@$(BIN)/python bootstrap.py npm editor run typecheck

fix: dev  ## Let ruff repair what it can, and write the tables of docs/ anew
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .
	@$(BIN)/python docs/reference.py

bench: dev  ## Run every benchmark beside its peers (NAME=sync for one)
	@$(BIN)/python -m bench $(or $(NAME),all) --json

docs: dev  ## Build this project's own site into public/
	@$(BIN)/python -m prdgen build --repository .

wheel: setup  ## Build the wheel, editor included
	@$(BIN)/python bootstrap.py wheel

lock: dev  ## Resolve the dependencies again and write the lock files
	@$(BIN)/python bootstrap.py lock

clean:  ## Remove what was built
	rm -rf .venv public dist editor/node_modules tests/js/node_modules bench/js/node_modules prdgen/server/static/editor
