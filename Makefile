# Two commands: `make serve` and `make test`. Both make the same .venv; from the second call on they start at once.

PYTHON ?= $(firstword $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python; done))
VENV := .venv/bin
PYTEST := CUDA_VISIBLE_DEVICES= OMP_NUM_THREADS=1 $(VENV)/pytest -n 2

.PHONY: serve test test-slow test-gpu test-api test-browser lint clean

serve: .venv/installed
	@exec $(VENV)/sjmvi serve $(if $(PORT),--port $(PORT))

test: lint .venv/browser
	$(PYTEST) -m 'not slow and not gpu'

test-slow: .venv/installed-dev .venv/browser
	$(PYTEST) -m 'slow and not gpu'

# All others are of the CPU, whatever the machine has
test-gpu: .venv/installed-dev
	CUDA_VISIBLE_DEVICES=$${CUDA_VISIBLE_DEVICES:-0} $(VENV)/pytest -m gpu

# The service against its own description, with 500 calls of each kind where make test makes 20
test-api: .venv/installed-dev
	CUDA_VISIBLE_DEVICES= API_EXAMPLES=500 OMP_NUM_THREADS=1 $(VENV)/pytest --timeout 3600 tests/app/test_contract.py

# Every screen in a real browser, with its pictures in build/screenshots to be looked at
test-browser: .venv/installed-dev .venv/browser
	$(PYTEST) tests/app/page

lint: .venv/installed-dev
	$(VENV)/ruff check
	$(VENV)/ruff format --check
	$(VENV)/mypy

clean:
	rm -rf .venv

# pip is the last thing that venv makes: a .venv without it is half made
$(VENV)/pip:
	@[ -n "$(PYTHON)" ] || { echo 'error: no python3 of version 3.11 or later was found; name one: make PYTHON=...' >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv || { echo 'error: $(PYTHON) has no venv module (Debian: apt-get install python3-venv)' >&2; exit 1; }

.venv/installed: $(VENV)/pip pyproject.toml constraints.txt
	@echo 'Installing into .venv: some minutes, the first time only.'
	@$(VENV)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/installed-dev: .venv/installed
	@echo 'Installing the tools for the tests.'
	@$(VENV)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

# Without a Chromium the tests of the page are skipped, and say so
.venv/browser: .venv/installed-dev
	@{ command -v chromium || command -v chromium-browser || command -v google-chrome \
		|| { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; }; \
	} >/dev/null 2>&1 || echo 'No Chromium, and none could be installed: the tests of the page will be skipped.'
	@touch $@
