# Everything here runs on Linux and macOS with make (3.81 or newer) and Python 3.11 or newer; the targets install the rest
# below this folder. `make` alone lists them. What a target needs is installed when it is first used, and again when its lock changes.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: $(shell awk -F: '/^[a-z-]+:.*## / {print $$1}' $(firstword $(MAKEFILE_LIST)))

BIN := .venv/bin
CHECKERS := .venv-checks/bin
# The stack's template, and those that it nests.
TEMPLATES := $(wildcard template.yaml */template.yaml)
# The section of samconfig.toml to build and deploy by: default (a development stack) or prod.
STAGE ?= default

export SAM_CLI_TELEMETRY := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# `sam` and the layer's Makefile below it find the tools of this project first.
export PATH := $(CURDIR)/$(BIN):$(PATH)

help: ## list the targets
	@awk -F ': .*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

start: environments ## run the API on this machine: no Docker, no AWS account (PORT=3000)
	@exec $(BIN)/python -m local

test: environments .venv/.dev ## run the quick tests: what every endpoint, job and tool does (under a minute)
	@# A worker takes seconds to start: as many as there are cores, and no more than are worth it.
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

test-thorough: environments .venv/.dev ## run the others that need no Docker: races, crashes, kills, random sequences (minutes)
	@# A file to a worker at a time, slow ones early; three, since two cores have time while one waits for a process.
	@$(BIN)/python -m pytest -m thorough --numprocesses 3 --dist loadfile --no-loadscope-reorder

snapshots: environments .venv/.dev ## accept emails as they are now, into tests/shared/mail/snapshots
	@SNAPSHOTS=accept $(BIN)/python -m pytest -q tests/shared/mail/test_messages.py

# Templates are looked at twice: as they are written, and as CloudFormation gets them.
TRANSFORMED := .aws-sam/transformed

check: .venv/.dev .venv-checks/.installed ## lint, types, templates, dependencies, pipelines
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(CHECKERS)/bandit --quiet --configfile pyproject.toml --recursive benchmarks checks functions layers local operations
	$(BIN)/sam validate --lint
	$(BIN)/cfn-lint --template $(TEMPLATES)
	@rm -rf $(TRANSFORMED)
	@$(BIN)/python -m operations.transformed $(TEMPLATES) --to $(TRANSFORMED)
	$(BIN)/cfn-lint --template $(TEMPLATES:%.yaml=$(TRANSFORMED)/%.json)
	$(CHECKERS)/checkov --config-file .checkov.yaml --directory $(TRANSFORMED)
	$(BIN)/python -m checks.dependencies
	$(CHECKERS)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(CHECKERS)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(CHECKERS)/zizmor --offline --quiet .github

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

rehearse: environments ## rehearse a deployment, updates and a deletion on this machine: no AWS account
	@$(BIN)/python -m tests.rehearsal

deploy: build ## build, show what would change on AWS, deploy it, say what is left to do (STAGE=default)
	@$(BIN)/python -m operations.deploy --stage $(STAGE)

admin: .venv/.run ## make an administrator of a deployed stack (EMAIL=you@example.com, STAGE=default)
	@test -n "$(EMAIL)" || { echo "Say who: make admin EMAIL=you@example.com" >&2; exit 1; }
	@$(BIN)/python -m operations.admin --stage $(STAGE) "$(EMAIL)"

privileges: .venv/.run ## print what each function may do, and write it into docs/privileges.md
	@$(BIN)/python -m operations.privileges

restore: .venv/.run ## put a restored table's items back (TABLE=UsersTable FROM=name, STAGE=default)
	@test -n "$(TABLE)" -a -n "$(FROM)" || { echo "Say what: make restore TABLE=UsersTable FROM=restored-table" >&2; exit 1; }
	@$(BIN)/python -m operations.restore --stage $(STAGE) "$(TABLE)" "$(FROM)"

redrive: .venv/.run ## put the mails back that were given up, on AWS (STAGE=default)
	@$(BIN)/sam remote invoke RedriveEmailsFunction --config-env $(STAGE)

test-docker: environments .venv/.dev ## look at what is built, and run it in Lambda's containers
	@$(BIN)/python -m pytest -m "docker or build"

test-browser: environments .venv/.dev ## use the local page in Chromium: needs chromium and chromedriver
	@$(BIN)/python -m pytest -m browser -rs

screenshots: environments .venv/.dev ## take the pictures in docs/ anew: needs chromium and chromedriver
	@$(BIN)/python -m tests.browser.screenshots

bench: build .venv/.dev ## measure cold starts and warm requests in Lambda's image, beside alternatives: needs Docker (ROUNDS=15)
	@$(BIN)/python -m benchmarks.speed

desk: environments build .venv/.dev ## measure the local runner beside `sam local`: needs Docker (4 minutes)
	@$(BIN)/python -m benchmarks.desk

capacity: environments .venv/.dev ## measure units, cost and memory of each flow, and write docs/capacity.md (about 4 minutes)
	@$(BIN)/python -m benchmarks.capacity

timing: environments .venv/.dev ## compare response times for known and unknown addresses
	@$(BIN)/python -m benchmarks.timing

mail-storm: environments .venv/.dev ## send a thousand emails with a failing provider and a killed process (2 to 5 minutes)
	@$(BIN)/python -m benchmarks.mail_storm

lock: .venv/.dev ## raise the locked versions to the newest that fit
	@echo "Locking (about 15 s)"
	@UV_CUSTOM_COMPILE_COMMAND="make lock"; export UV_CUSTOM_COMPILE_COMMAND; \
	lock="$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url"; set -e; \
	$$lock --universal --python-version 3.11 --no-emit-package dnspython \
	  --group dev layers/shared/pyproject.toml --output-file requirements-dev.txt; \
	$$lock --universal --python-version 3.11 --no-emit-package dnspython --constraint requirements-dev.txt \
	  --group run layers/shared/pyproject.toml --output-file requirements-run.txt; \
	$$lock --universal --python-version 3.11 --group ministack --output-file requirements-ministack.txt; \
	$$lock --universal --python-version 3.11 --group checks --output-file requirements-checks.txt; \
	$$lock --python-version 3.13 --python-platform aarch64-manylinux2014 --no-emit-package dnspython \
	  --constraint requirements-dev.txt layers/shared/pyproject.toml --output-file layers/shared/requirements.txt; \
	$$lock --python-version 3.13 --python-platform x86_64-manylinux2014 --no-emit-package dnspython \
	  --constraint layers/shared/requirements.txt --group peers --output-file benchmarks/requirements-peers.txt

sbom: .venv/.dev ## write docs/dependencies.md and docs/sbom.cdx.json for what the layer holds
	@$(BIN)/python -m checks.dependencies --write

audit: .venv-checks/.installed ## ask PyPI's advisories about every locked version (needs the network)
	@failed=; for lock in layers/shared/requirements.txt requirements-*.txt; do \
	  echo "$$lock"; $(CHECKERS)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off --requirement "$$lock" || failed=1; \
	done; [ -z "$$failed" ]

reset: ## delete the data of the local API
	rm -rf .local

clean: ## delete what was built and installed; the local data stays
	rm -rf .venv .venv-ministack .venv-checks .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis

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

.venv-checks/.installed: requirements-checks.txt
	@$(find_python); \
	echo "Installing the checkers into .venv-checks (once, about half a minute)"; \
	.venv-checks/bin/python -m pip --version >/dev/null 2>&1 || "$$python" -m venv --clear .venv-checks
	@.venv-checks/bin/python $(INSTALL) --require-hashes -r requirements-checks.txt
	@touch $@
