# Needs make 3.81 or newer and Python 3.11 or newer, on Linux or macOS. `make` alone lists the targets. A target installs
# what it needs below this folder on first use, and again when its lock changes.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: $(shell awk -F: '/^[a-z-]+:.*## / {print $$1}' $(firstword $(MAKEFILE_LIST)))

ifeq ($(wildcard requirements-uv.txt),)
$(error This is not the folder of the project: use make -C $(dir $(firstword $(MAKEFILE_LIST))) $(MAKECMDGOALS))
endif

BIN := .venv/bin
CHECKERS := .venv-checks/bin
# The main template and the templates it nests.
TEMPLATES := template.yaml $(wildcard operations/*.yaml)
CLIENT := clients/typescript
EXAMPLE := examples/nextjs
# The section of samconfig.toml to build and deploy: default (a development stack) or prod.
STAGE ?= default

export SAM_CLI_TELEMETRY := 0
export NEXT_TELEMETRY_DISABLED := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# What this machine has set for other projects would send packages elsewhere, or keep Python from finding this one.
export PIP_USER := 0
unexport PIP_CONSTRAINT PIP_PREFIX PIP_ROOT PIP_TARGET
# The same as in local/clean.py.
unexport PYTHONDEVMODE PYTHONHOME PYTHONINSPECT PYTHONOPTIMIZE PYTHONPATH PYTHONSAFEPATH PYTHONWARNINGS
# `sam`, and the layer's Makefile that it runs, must find this project's tools first; so must the client's tools find Node.
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/.venv-node/bin:$(PATH)

help: ## list the targets
	@awk -F ': .*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

start: environments ## run the API locally, without Docker or an AWS account (PORT=3000)
	@exec $(BIN)/python -m local

test: environments .venv/.dev ## run the quick tests of every endpoint, job and tool (four minutes on two cores)
	@# A worker takes seconds to start, so more than four are not worth it.
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

test-thorough: environments .venv/.dev ## run the slow tests: races, crashes, kills, random sequences (minutes)
	@# Each file runs in one worker, the slow files first. Three workers, because tests often wait for a process.
	@$(BIN)/python -m pytest -m thorough --numprocesses 3 --dist loadfile --no-loadscope-reorder

thorough: environments .venv/.dev ## run what is too slow for .ci/run: long random sequences, mutated passkeys, fuzzing, response times, hanging calls, mail pace and storm, the whole tour of the example (45 minutes)
	@EXAMPLES=300 $(BIN)/python -m pytest -m thorough tests/shared/accounts/test_refresh_theft.py
	@EXAMPLES=100 $(BIN)/python -m pytest -m thorough tests/shared/accounts/test_assurance_properties.py
	@SLOWEST=1 RESOURCES=all $(BIN)/python -m pytest -m thorough tests/scaffold tests/shared/accounts/test_lockout.py tests/functions/test_email_budgets.py
	@SLOWEST=1 $(BIN)/python -m pytest tests/shared/records/test_tries.py
	@MUTATIONS=100000 $(BIN)/python -m pytest tests/shared/values/test_webauthn_mutations.py
	@FUZZ_SECONDS=300 $(MAKE) fuzz
	@$(MAKE) test-example
	@SLOWEST=1 $(MAKE) test-docker
	@$(MAKE) timing stalls mail-pace mail-storm

fuzz: environments .venv/.dev .venv-checks/.installed ## send the local API random requests, valid and invalid, with schemathesis (FUZZ_SECONDS=60)
	@$(BIN)/python -m tests.fuzz

snapshots: environments .venv/.dev ## accept the current emails as snapshots (tests/shared/mail/snapshots)
	@SNAPSHOTS=accept $(BIN)/python -m pytest -q tests/shared/mail/test_messages.py

# Templates are checked as written, and after the SAM transform: with cfn-lint's rules, informational ones too, with those for
# serverless applications (https://awslabs.github.io/serverless-rules), and with ours.
CFN_LINT := $(BIN)/cfn-lint --append-rules cfn_lint_serverless.rules checks/rules --include-checks I
TRANSFORMED := .aws-sam/transformed

check: .venv/.dev .venv-checks/.installed ## check style, types, templates, dependencies and pipelines
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(CHECKERS)/bandit --quiet --configfile pyproject.toml --recursive benchmarks checks functions layers local operations scaffold
	$(BIN)/python -m scaffold.sync --check
	$(CHECKERS)/openapi-spec-validator docs/openapi.json
	$(BIN)/sam validate --lint
	$(CFN_LINT) --template $(TEMPLATES)
	@rm -rf $(TRANSFORMED)
	@$(BIN)/python -m operations.transformed $(TEMPLATES) --to $(TRANSFORMED)
	$(CFN_LINT) --template $(TEMPLATES:%.yaml=$(TRANSFORMED)/%.json)
	$(CHECKERS)/checkov --config-file .checkov.yaml --directory $(TRANSFORMED)
	$(BIN)/python -m checks.dependencies
	$(CHECKERS)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(CHECKERS)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(CHECKERS)/zizmor --offline --quiet .github

format: .venv/.dev ## format the code and apply safe fixes
	$(BIN)/ruff check --fix --exit-zero
	$(BIN)/ruff format

build: .venv/.run ## build functions and layer into .aws-sam (STAGE=default)
	@# Function folders are deployed unchanged, so remove the compiled files that Python may have left there.
	@find functions -name __pycache__ -prune -exec rm -rf {} +
	$(BIN)/sam build --config-env $(STAGE)
	@# The stage's build folder, as in samconfig.toml.
	@$(BIN)/python layers/sizes.py .aws-sam/$(if $(filter default,$(STAGE)),build,$(STAGE))/SharedLayer
	@$(BIN)/python -m operations.resources --stage $(STAGE)

sam-local: environments build ## run the API in Lambda's containers; needs Docker (PORT=3000)
	@exec $(BIN)/python -m tests.sam.containers

rehearse: environments ## deploy, update and delete the stack on a local AWS, without an account
	@$(BIN)/python -m tests.rehearsal

deploy: build ## build, show the changes on AWS, deploy, print the next steps (STAGE=default)
	@$(BIN)/python -m operations.deploy --stage $(STAGE)

admin: .venv/.run ## create an administrator on a deployed stack (EMAIL=you@example.com, STAGE=default)
	@test -n "$(EMAIL)" || { echo "EMAIL is missing: make admin EMAIL=you@example.com" >&2; exit 1; }
	@$(BIN)/python -m operations.admin --stage $(STAGE) "$(EMAIL)"

discard: .venv/.run ## delete a stack whose first deployment failed, and what is left of it (STAGE=default)
	@$(BIN)/python -m operations.discard --stage $(STAGE)

adopt: .venv/.run ## begin a new stack with the tables, secrets and queues that a deleted one left (STAGE=default)
	@$(BIN)/python -m operations.adopt --stage $(STAGE) $(if $(FORMER),--former "$(FORMER)")

endpoint: .venv/.dev ## add an endpoint (URL=/api/greetings VERBS="GET POST", FOR=caller, admin or anyone, DRY=1 to see it first)
	@$(BIN)/python -m scaffold endpoint "$(URL)" --verbs "$(VERBS)" --for "$(or $(FOR),caller)" $(if $(DRY),--dry)
	@$(client_follows)

resource: .venv/.dev ## add a table and its endpoints (NAME=note FIELDS="title:Name body:Text?", OWNER, READ, WRITE, BY, DRY=1)
	@$(BIN)/python -m scaffold resource "$(NAME)" --fields "$(FIELDS)" --owner "$(OWNER)" --read "$(READ)" \
	  --write "$(WRITE)" --by="$(BY)" --plural "$(PLURAL)" $(if $(DRY),--dry)
	@$(client_follows)

remove: .venv/.dev ## remove an endpoint or a resource (URL=/api/greetings or NAME=note, DRY=1 to see it first)
	@$(BIN)/python -m scaffold remove "$(URL)" --name "$(NAME)" --plural "$(PLURAL)" $(if $(DRY),--dry)
	@$(client_follows)

sync: .venv/.dev ## write what is derived from handlers and template: docs/openapi.json, events, README, privileges
	@$(BIN)/python -m scaffold.sync
	@$(client_follows)

client: .venv/.dev $(CLIENT)/node_modules/.installed ## write the TypeScript client's types from docs/openapi.json; installs Node if there is none
	@$(node)
	@$(BIN)/python -m scaffold.client

test-client: environments .venv/.dev $(CLIENT)/node_modules/.installed ## test the TypeScript client: its types, its sessions against the local API, its package (half a minute)
	@$(node)
	@$(BIN)/python -m scaffold.client --check
	@cd $(CLIENT) && npm run --silent verify

example: environments $(EXAMPLE)/node_modules/.installed $(CLIENT)/dist/.built ## run the API and the Next.js application that uses it (PORT=3000, APP_PORT=3001)
	@$(node)
	@exec node $(EXAMPLE)/scripts/example.mjs

test-example: environments .venv/.dev $(EXAMPLE)/node_modules/.installed $(CLIENT)/dist/.built ## build the Next.js application, and test it in Chromium (five minutes; TESTS="test/core.test.mjs …" for some files)
	@$(node)
	@cd $(EXAMPLE) && npm run --silent build && npm test --silent -- $(TESTS)

openapi: sync ## an alias of sync

restore: .venv/.run ## copy the items of a restored table back (TABLE=UsersTable FROM=name, STAGE=default)
	@test -n "$(TABLE)" -a -n "$(FROM)" || { echo "TABLE or FROM is missing: make restore TABLE=UsersTable FROM=restored-table" >&2; exit 1; }
	@$(BIN)/python -m operations.restore --stage $(STAGE) "$(TABLE)" "$(FROM)"

factor-key: .venv/.run ## add a key that protects second factors, or those of another stack's secret (FROM=arn, STAGE=default)
	@$(BIN)/python -m operations.factor_key --stage $(STAGE) --from "$(FROM)"

redrive: .venv/.run ## send undeliverable emails again, on AWS (STAGE=default)
	@$(BIN)/sam remote invoke RedriveEmailsFunction --config-env $(STAGE)

test-docker: environments .venv/.dev ## check the build, and run it in Lambda's containers; needs Docker
	@$(BIN)/python -m pytest -m "docker or build"

test-browser: environments .venv/.dev ## test the local page and the contact form in Chromium; skipped without chromium and chromedriver
	@$(BIN)/python -m pytest -m browser -rs

screenshots: environments .venv/.dev ## take the screenshots for docs/; needs chromium and chromedriver
	@$(BIN)/python -m tests.browser.screenshots

bench: build .venv/.dev ## compare cold starts and warm requests with alternatives, and write docs/benchmarks.md; needs Docker (10 minutes, ROUNDS=15)
	@$(BIN)/python -m benchmarks.speed

desk: environments build .venv/.dev ## compare the local runner with `sam local`, and write docs/desk.md; needs Docker (4 minutes)
	@$(BIN)/python -m benchmarks.desk

capacity: environments .venv/.dev ## measure units, cost and memory of each flow, and write docs/capacity.md (about 4 minutes)
	@$(BIN)/python -m benchmarks.capacity

timing: environments .venv/.dev ## compare response times for known and unknown addresses
	@$(BIN)/python -m benchmarks.timing

stalls: environments .venv/.dev ## measure what callers get while AWS hangs or is slow (20 s)
	@$(BIN)/python -m benchmarks.stalls

mail-pace: environments .venv/.dev ## send more emails than a provider takes a second (6 minutes, RATES="1 14 200")
	@$(BIN)/python -m benchmarks.mail_pace

mail-storm: environments .venv/.dev ## send a thousand emails with a failing provider and a killed process (2 to 5 minutes)
	@$(BIN)/python -m benchmarks.mail_storm

lock: .venv/.dev ## update the locks to the newest compatible versions
	@echo "Locking (about 15 s)"
	@UV_CUSTOM_COMPILE_COMMAND="make lock"; export UV_CUSTOM_COMPILE_COMMAND; \
	lock="$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url"; set -e; \
	$$lock --universal --python-version 3.11 --no-emit-package dnspython \
	  --group dev layers/shared/pyproject.toml --output-file requirements-dev.txt; \
	$$lock --universal --python-version 3.11 --no-emit-package dnspython --constraint requirements-dev.txt \
	  --group run layers/shared/pyproject.toml --output-file requirements-run.txt; \
	$$lock --universal --python-version 3.11 --group install --output-file requirements-uv.txt; \
	$$lock --universal --python-version 3.11 --group ministack --output-file requirements-ministack.txt; \
	$$lock --universal --python-version 3.11 --group node --output-file requirements-node.txt; \
	$$lock --universal --python-version 3.11 --group checks --output-file requirements-checks.txt; \
	$$lock --python-version 3.13 --python-platform aarch64-manylinux2014 --no-emit-package dnspython \
	  --constraint requirements-dev.txt layers/shared/pyproject.toml --output-file layers/shared/requirements.txt; \
	$$lock --python-version 3.13 --python-platform x86_64-manylinux2014 --no-emit-package dnspython \
	  --constraint layers/shared/requirements.txt --group peers --output-file benchmarks/requirements-peers.txt

sbom: .venv/.dev ## write docs/dependencies.md and docs/sbom.cdx.json, the layer's contents
	@$(BIN)/python -m checks.dependencies --write

audit: .venv-checks/.installed ## look up every locked version in PyPI's advisories; needs the network
	@failed=; for lock in layers/shared/requirements.txt requirements-*.txt; do \
	  echo "$$lock"; $(CHECKERS)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off --requirement "$$lock" || failed=1; \
	done; [ -z "$$failed" ]

reset: ## delete the local API's data
	@[ ! -e .local ] || { $(MAKE) --silent --no-print-directory .venv/.run && $(BIN)/python -m local.data; }

clean: ## delete builds and environments; the local data stays
	rm -rf .venv .venv-ministack .venv-checks .venv-node $(CLIENT)/node_modules $(CLIENT)/dist $(EXAMPLE)/node_modules $(EXAMPLE)/.next .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis

# ---------------------------------------------------------------------------------------------------------------------
# Environments
# ---------------------------------------------------------------------------------------------------------------------
# The Python for the environments: PYTHON=, or else the first one found, Lambda's version first.
PYTHON ?=

define find_python
for python in $(PYTHON) python3.13 python3.12 python3.11 python3.14 python3; do \
  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && break; python=; \
done; \
if [ -z "$$python" ]; then \
  echo "No Python 3.11 or newer found. Install one, or set its path: make PYTHON=/path/to/python3" >&2; exit 1; \
fi
endef

# Install a lock into an environment: $(call install,ENVIRONMENT,LOCK,WHAT). The locks are complete, so nothing is resolved.
# uv is ten times as fast as pip, but does not read pip's settings; so it gets pip's index, and pip installs what uv could
# not. Of uv's output, the downloads and the totals are shown.
define install
echo "Installing $(3) into $(1) (once): $$(grep -c == $(2)) packages"; \
index=$${PIP_INDEX_URL:-$$($(BIN)/python -m pip config list | sed -n "s/^install.index-url='\(.*\)'/\1/p; s/^global.index-url='\(.*\)'/\1/p" | tail -n 1)}; \
{ $(BIN)/python -m uv pip install --python $(1)/bin/python --system-certs --no-deps --require-hashes \
  $${index:+--default-index "$$index"} --requirement $(2) || echo "uv could not, so pip installs them (half a minute or more)"; } \
  2>&1 | grep -v -e '^ [+~-] ' -e '^Using Python' -e '^Uninstalled'; \
$(BIN)/python -m pip --python $(1)/bin/python install -qq --no-compile --no-deps --require-hashes --requirement $(2)
endef

# Create an environment for the Python of .venv: $(call environment,ENVIRONMENT).
define environment
$(1)/bin/python -c '' 2>/dev/null || $(BIN)/python -m uv venv --quiet --relocatable --clear --python $(BIN)/python $(1) || \
  $(BIN)/python -m venv --clear $(1)
endef

environments: .venv/.run .venv-ministack/.installed ## install what the runner needs: .venv and .venv-ministack

# `relocatable` makes uv write programs that find their Python from their own folder, so the project may be moved.
.venv/.uv: requirements-uv.txt
	@echo "Creating .venv, and installing uv, which installs the rest (once)"
	@$(find_python); $(BIN)/python -m pip --version >/dev/null 2>&1 || "$$python" -m venv --clear .venv
	@$(BIN)/python -m pip install -qq --no-compile --no-deps --require-hashes --requirement requirements-uv.txt
	@grep -q relocatable .venv/pyvenv.cfg || echo "relocatable = true" >> .venv/pyvenv.cfg
	@touch $@

# `shared` is used in place. `local` and `tests` are found from any working directory, and with PYTHONSAFEPATH. The paths are
# relative to the environment, so the project may be moved.
.venv/.paths: Makefile | .venv/.uv
	@$(BIN)/python -c 'import sysconfig; open(sysconfig.get_path("purelib") + "/shared.pth", "w").write("../../../../layers/shared\n../../../..\n")'
	@touch $@

.venv/.run: requirements-run.txt .venv/.uv | .venv/.paths
	@$(call install,.venv,requirements-run.txt,the runner)
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.run
	@$(call install,.venv,requirements-dev.txt,the tools for tests and checks)
	@touch $@

.venv-ministack/.installed: requirements-ministack.txt .venv/.uv
	@$(call environment,.venv-ministack)
	@$(call install,.venv-ministack,requirements-ministack.txt,the local AWS)
	@touch $@

.venv-checks/.installed: requirements-checks.txt .venv/.uv
	@$(call environment,.venv-checks)
	@$(call install,.venv-checks,requirements-checks.txt,the checkers)
	@touch $@

.venv-node/.installed: requirements-node.txt .venv/.uv
	@$(call environment,.venv-node)
	@$(call install,.venv-node,requirements-node.txt,Node and npm)
	@touch $@

# The Node on PATH, if it is new enough; otherwise PyPI's.
has_node := node -e 'process.exit(Number(parseInt(process.versions.node) < 20))' >/dev/null 2>&1 && command -v npm >/dev/null
node := { $(has_node); } || $(MAKE) --silent --no-print-directory .venv-node/.installed

$(CLIENT)/node_modules/.installed: $(CLIENT)/package-lock.json | .venv/.uv
	@$(node)
	@echo "Installing the TypeScript client's tools into $(CLIENT)/node_modules (once)"
	@cd $(CLIENT) && npm ci --silent --ignore-scripts
	@touch $@

$(CLIENT)/dist/.built: $(wildcard $(CLIENT)/src/*.ts) $(CLIENT)/node_modules/.installed
	@$(node)
	@cd $(CLIENT) && npm run --silent build
	@touch $@

$(EXAMPLE)/node_modules/.installed: $(EXAMPLE)/package-lock.json | .venv/.uv
	@$(node)
	@echo "Installing the Next.js application's packages into $(EXAMPLE)/node_modules (once)"
	@cd $(EXAMPLE) && npm ci --silent --ignore-scripts
	@touch $@

# What a command that changes docs/openapi.json ends with. It installs no Node.
define client_follows
$(if $(DRY),true,$(BIN)/python -m scaffold.client --is-current) || { $(has_node) && $(MAKE) --silent --no-print-directory client; } || \
  echo "$(CLIENT)/src/schema.ts is stale: to write it takes Node 20 or newer. Next: make client"
endef
