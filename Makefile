# Everything a newcomer or CI runs. `preview` and `test` set up what they need by themselves.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
COMPILE := --universal --generate-hashes --no-header --no-emit-index-url --python-version 3.11 --quiet

.PHONY: preview test properties test-release test-sandbox sandbox check format bench mutants schema lock clean

## preview: show every resource of the prod and dev stacks, and the policy pack's verdict
preview: $(READY)
	@$(BIN)/perpetual preview --stack prod
	@$(BIN)/perpetual preview --stack dev

## test: run the test suite, offline; with Docker and the base images there, the release's core too
test: $(READY)
	@$(BIN)/pytest --ignore=tests/release --ignore=tests/sandbox_docker
	@$(BIN)/pytest -n0 -rs -m core tests/release

## properties: try the property tests on other examples than `make test` does, and on more of them
properties: $(READY)
	@$(BIN)/pytest --ignore=tests/release --ignore=tests/sandbox_docker -m hypothesis --hypothesis-profile=searching

## test-release: test the release on real containers; on Debian, as root, `.ci/docker FILE` installs what that needs
test-release: $(READY)
	@CONTAINERS=demanded $(BIN)/pytest -n0 tests/release

## test-sandbox: test the sandbox, and releases in it; needs what `make test-release` needs
test-sandbox: $(READY)
	@CONTAINERS=demanded $(BIN)/pytest -n0 tests/sandbox_docker

## sandbox: a running copy of the stack on this machine, with AWS emulated; SANDBOX holds more options of `up`
sandbox: $(READY)
	@$(BIN)/perpetual sandbox up $(SANDBOX)

## check: formatting, lint, types and import directions
check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy policy/__main__.py
	$(BIN)/lint-imports

## format: rewrite the sources in the project's style
format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

## bench: measure preview, floor, watch mode and growth
bench: $(READY)
	@$(BIN)/python -m bench

## mutants: the policy pack's score over changed stacks, and whatever it does not notice
mutants: $(READY)
	@$(BIN)/python -m tests.mutants

## schema: write what is generated: Pulumi.yaml's config, the README's table, docs/policy.md, docs/coverage.md
schema: $(READY)
	$(BIN)/python -m settings.schema
	cd policy && ../$(BIN)/python -m rules.docs > ../docs/policy.md
	cd policy && ../$(BIN)/python -m rules.coverage > ../docs/coverage.md

## lock: resolve the dependencies again
lock: $(READY)
	$(BIN)/uv pip compile $(COMPILE) requirements-setup.in -o requirements-setup.txt
	$(BIN)/uv pip compile $(COMPILE) pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile $(COMPILE) pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt

## clean: remove the virtual environment and caches
clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# The environment holds pip, because the Pulumi engine asks it; and it is byte-compiled at once,
# because the SDK takes 3 s to import compiled and 8 s otherwise, on every run.
$(READY): requirements-setup.txt requirements-dev.txt pyproject.toml
	@echo "perpetual: setting up $(VENV), once (about 30 s)" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements-dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
