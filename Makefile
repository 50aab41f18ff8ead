# Everything here runs on Linux and macOS with make (3.81 or newer) and Python 3.11 or newer; the targets install the rest
# below this folder. `make` alone lists them. What a target needs is installed when it is first used, and again when its lock changes.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help environments start test check format build sam-local deploy test-docker bench capacity timing lock reset clean

BIN := .venv/bin
# The section of samconfig.toml to build and deploy by: default (a development stack) or prod.
STAGE ?= default

export SAM_CLI_TELEMETRY := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# `sam` and the layer's Makefile below it find the tools of this project first.
export PATH := $(CURDIR)/$(BIN):$(PATH)

help: ## list the targets
	@awk -F ': .*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

start: environments ## run the API on this machine: no Docker, no AWS account (PORT=3000)
	@exec $(BIN)/python -m local

test: environments .venv/.dev ## run the tests that need no Docker
	@# A file to a worker at a time, slow ones early; three, since two cores have time while one waits for a process.
	@$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

check: .venv/.dev ## lint, types and templates
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/sam validate --lint
	$(BIN)/cfn-lint template.yaml

format: .venv/.dev ## put the code into its usual form
	$(BIN)/ruff check --fix --exit-zero
	$(BIN)/ruff format

build: .venv/.run ## build functions and layer into .aws-sam (STAGE=default)
	@# A function's folder is deployed as it is; Python may have left compiled files there.
	@find functions -name __pycache__ -prune -exec rm -rf {} +
	$(BIN)/sam build --config-env $(STAGE)
	@# The stage's folder, as samconfig.toml has it.
	@$(BIN)/python layers/sizes.py .aws-sam/$(if $(filter default,$(STAGE)),build,$(STAGE))/SharedLayer

sam-local: environments build ## run the API in Lambda's containers: needs Docker (PORT=3000)
	@exec $(BIN)/python -m tests.sam.containers

deploy: build ## build, show what would change on AWS, and deploy it (STAGE=default)
	$(BIN)/sam deploy --config-env $(STAGE)

test-docker: environments .venv/.dev ## look at what is built, and run it in Lambda's containers
	@$(BIN)/python -m pytest -m "docker or build"

bench: build .venv/.dev ## measure cold starts and warm requests in Lambda's image, beside others: needs Docker (ROUNDS=15)
	@$(BIN)/python -m benchmarks.speed

capacity: environments .venv/.dev ## print the read and write units of each flow
	@$(BIN)/python -m benchmarks.capacity

timing: environments .venv/.dev ## compare answers about known and unknown addresses in time
	@$(BIN)/python -m benchmarks.timing

lock: .venv/.dev ## raise the locked versions to the newest that fit
	@echo "Locking (about 15 s)"
	@UV_CUSTOM_COMPILE_COMMAND="make lock"; export UV_CUSTOM_COMPILE_COMMAND; \
	lock="$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url"; set -e; \
	$$lock --universal --python-version 3.11 --no-emit-package dnspython \
	  --group dev layers/shared/pyproject.toml --output-file requirements-dev.txt; \
	$$lock --universal --python-version 3.11 --no-emit-package dnspython --constraint requirements-dev.txt \
	  --group run layers/shared/pyproject.toml --output-file requirements-run.txt; \
	$$lock --universal --python-version 3.11 --group ministack --output-file requirements-ministack.txt; \
	$$lock --python-version 3.13 --python-platform aarch64-manylinux2014 --no-emit-package dnspython \
	  --constraint requirements-dev.txt layers/shared/pyproject.toml --output-file layers/shared/requirements.txt; \
	$$lock --python-version 3.13 --python-platform x86_64-manylinux2014 --no-emit-package dnspython \
	  --constraint layers/shared/requirements.txt --group peers --output-file benchmarks/requirements-peers.txt

reset: ## delete the data of the local API
	rm -rf .local

clean: ## delete what was built and installed; the local data stays
	rm -rf .venv .venv-ministack .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis

# ---------------------------------------------------------------------------------------------------------------------
# The environments
# ---------------------------------------------------------------------------------------------------------------------
# The locks are complete, so pip resolves nothing (--no-deps): it would take minutes over SAM CLI's pins. Compiling
# thousands of modules that are never imported takes longer than installing them, so Python compiles what it uses.
INSTALL := -m pip install -qq --no-compile --no-deps

# Which Python makes the environments: the one that Lambda runs before the others, or the one named by PYTHON=.
PYTHON ?=

define find_python
for python in $(PYTHON) python3.13 python3.12 python3.11 python3.14 python3; do \
  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && break; python=; \
done; \
if [ -z "$$python" ]; then \
  echo "No Python 3.11 or newer was found. Install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; \
fi
endef

# Both at once: a machine of two cores has the second for free.
environments:
	@$(MAKE) --silent --no-print-directory -j 2 .venv/.run .venv-ministack/.installed

.venv/.run: requirements-run.txt layers/shared/pyproject.toml
	@$(find_python); \
	echo "Installing the runner into .venv (once, about half a minute)"; \
	$(BIN)/python -m pip --version >/dev/null 2>&1 || "$$python" -m venv --clear .venv
	@$(BIN)/python $(INSTALL) --require-hashes -r requirements-run.txt
	@$(BIN)/python $(INSTALL) --no-build-isolation --editable layers/shared
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.run
	@echo "Installing the tools for tests and checks into .venv (once, about 15 s)"
	@$(BIN)/python $(INSTALL) --require-hashes -r requirements-dev.txt
	@touch $@

.venv-ministack/.installed: requirements-ministack.txt
	@$(find_python); \
	echo "Installing the local AWS into .venv-ministack (once, about 10 s)"; \
	.venv-ministack/bin/python -m pip --version >/dev/null 2>&1 || "$$python" -m venv --clear .venv-ministack
	@.venv-ministack/bin/python $(INSTALL) --require-hashes -r requirements-ministack.txt
	@touch $@
