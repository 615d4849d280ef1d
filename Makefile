# Everything below needs only make, Python 3.11 or newer, and the package registries that pip and npm
# are configured for. PYTHON names an interpreter, VENV the virtual environment, PORT the demo's port.
# The compiled package also needs a C compiler and Python's headers; it has an environment of its own.

VENV ?= .venv
COMPILED_VENV ?= .venv-compiled
# Two processes: tests start real servers. A file stays on one worker, so that its server starts once.
PYTEST_ARGS ?= -n 2 --dist loadfile

export VENV

SETUP = scripts/python.sh scripts/setup.py
# As an activated environment: its programs come first, also for the processes that tests start.
RUN = PATH="$(abspath $(VENV))/bin:$$PATH"
CHECKS = "ruff check" "ruff format --check" "mypy" "codespell"

.PHONY: help demo test pytest check docs bench wheel compiled-wheel test-compiled clean
.SILENT:

help: ## print this list
	sed -n 's/^\([a-z-]*\):.*## /  make \1 - /p' $(MAKEFILE_LIST)

demo: ## set everything up and serve the demo chat on http://127.0.0.1:5000 (PORT=5001 for another)
	$(SETUP) demo

test: ## set everything up and run the style checks, the type checks and the tests
	$(SETUP) tests
	status=0; \
	$(MAKE) --no-print-directory check || status=1; \
	$(MAKE) --no-print-directory pytest || status=1; \
	exit $$status

pytest: ## run the tests alone; PYTEST_ARGS="tests/websocket -x" chooses some of them
	$(SETUP) tests
	$(RUN) python -m pytest $(PYTEST_ARGS)

check: ## run the style and type checks: ruff, mypy, codespell
	$(SETUP) tools
	status=0; \
	for check in $(CHECKS); do \
		echo "checking: $$check"; \
		$(RUN) $$check || status=1; \
	done; \
	exit $$status

docs: ## build the documentation into docs/_build/html; warnings are errors
	$(SETUP) tools
	$(RUN) python -m sphinx -q -E -W --keep-going -n -b html docs docs/_build/html
	echo "the documentation is in docs/_build/html/index.html"

bench: ## build the peers and measure all servers (long: compilers and other servers are fetched)
	$(SETUP) tests
	$(RUN) benchmarks/setup.sh
	$(RUN) python benchmarks/bench.py

wheel: ## build the package into dist/
	$(SETUP) tools
	$(RUN) python -m pip wheel -q --no-deps -w dist .

compiled-wheel: ## build the package into dist/ with its inside compiled, for this Python and machine
	$(SETUP) tools
	HATCH_BUILD_HOOK_ENABLE_CUSTOM=1 $(RUN) python -m pip wheel -q --no-deps -w dist .

test-compiled: ## compile and install the package, and run the tests on that (PYTEST_ARGS as above)
	VENV=$(COMPILED_VENV) $(SETUP) compiled
	VENV=$(COMPILED_VENV) PATH="$(abspath $(COMPILED_VENV))/bin:$$PATH" EXPECT_COMPILED=1 \
		python -m pytest $(PYTEST_ARGS)

clean: ## delete what the targets made, except benchmarks/env
	rm -rf .venv .venv-* node_modules docs/_build build dist .coverage
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src tests examples benchmarks scripts -name __pycache__ -prune -exec rm -rf {} +
