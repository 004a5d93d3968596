# Everything installs into .venv inside this checkout; nothing else on the machine is touched.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
# The first Python at hand that is 3.11 or later; override with `make PYTHON=/path/to/python3 ...`.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)

.DEFAULT_GOAL := help
.PHONY: help install demo cluster-demo cluster-test-namespaces bench-cluster view view-install replayweb-install test browser-install browser-test test-datasette-1 pictures check bench bench-search bench-bulk bench-peers kill-test docs lock clean

help: ## Show what can be made.
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1	/'

install: $(VENV)/.installed ## Set everything up in .venv.

$(VENV)/.installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found; install it, or name it: make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON) (a minute or two the first time) ..."
	@$(PYTHON) -m venv --clear $(VENV) || { echo "This Python cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; rm -rf $(VENV); exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: install ## Crawl the bundled demo press, publish it, serve the search desk at http://127.0.0.1:8001.
	@$(BIN)/dqtv demo

cluster-demo: install ## Crawl the demo press with three workers and a PostgreSQL of their own, all on this machine.
	@$(BIN)/python benchmarks/cluster/demo.py

ARCHIVE ?= $(if $(DQTV_ARCHIVE),$(DQTV_ARCHIVE),dqtv-data)
VIEWER_PORT ?= 8002
view: install view-install ## Show stored pages with pywb at port 8002 or VIEWER_PORT=N; ARCHIVE=DIR names the archive.
	@$(BIN)/dqtv index --archive "$(ARCHIVE)"
	@echo "Stored pages are at http://127.0.0.1:$(VIEWER_PORT)/dqtv/ - press Ctrl-C to stop."
	@.venv-view/bin/wayback -d "$(ARCHIVE)/index" -b 127.0.0.1 -p $(VIEWER_PORT)

view-install: .venv-view/.installed ## Set up the viewer in .venv-view.

.venv-view/.installed: docs/viewer.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found; install it, or name it: make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv-view
	@.venv-view/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement docs/viewer.txt
	@touch $@

# Only the package itself: it is built already, and what it depends on is never installed.
REPLAYWEB := replaywebpage-2.4.6
replayweb-install: .replayweb/.installed ## Fetch ReplayWeb.page with npm into .replayweb, for the tests that play packages in it.

.replayweb/.installed: tests/browser/replayweb.sha256
	@command -v npm > /dev/null || { echo "npm was not found. Install it, then try again: apt install npm" >&2; exit 1; }
	@rm -rf .replayweb && mkdir .replayweb
	@cd .replayweb && npm pack --silent --fetch-retries=0 --fetch-timeout=20000 replaywebpage@$(REPLAYWEB:replaywebpage-%=%) > /dev/null && sha256sum --check --quiet ../tests/browser/replayweb.sha256 && tar xzf $(REPLAYWEB).tgz
	@touch $@

PARTS := $(VENV)/tests-of-parts.txt
test: check view-install ## Run every check and every test; those in a browser where Chromium is found.
	@if [ -n "$(CHROMIUM)" ]; then $(MAKE) --no-print-directory browser-install; fi
	@if [ -n "$(CHROMIUM)" ]; then $(MAKE) --no-print-directory replayweb-install || echo "Tests in ReplayWeb.page are skipped." >&2; fi
	@echo "Tests of single parts run beside those of the whole program; what they said follows at the end."
	@( $(BIN)/pytest --ignore=tests/end_to_end --ignore=tests/faults --ignore=tests/browser >$(PARTS) 2>&1; echo $$? >$(PARTS).code ) & \
	$(BIN)/pytest tests/end_to_end tests/faults tests/browser; whole=$$?; wait; cat $(PARTS); \
	test "$$whole" -eq 0 -a "$$(cat $(PARTS).code)" -eq 0

CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
browser-install: $(VENV)/.browser-installed ## Set up what drives Chromium in tests.

$(VENV)/.browser-installed: tests/browser/requirements.txt $(VENV)/.installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement tests/browser/requirements.txt
	@touch $@

browser-test: install ## Walk through the desk in Chromium.
	@test -n "$(CHROMIUM)" || { echo "No Chromium was found. Install it, then try again: apt install chromium" >&2; exit 1; }
	@$(MAKE) --no-print-directory browser-install
	$(BIN)/pytest tests/browser

# Not a part of `make test`: the desk is written for Datasette 0.65, and failures here fail nothing.
test-datasette-1: install ## Run the desk's tests on the newest alpha of Datasette 1.0 (in .venv-datasette-1); say what fails.
	$(BIN)/python benchmarks/datasette_1.py --environment .venv-datasette-1

pictures: install browser-install ## Take the pictures of docs/screenshots anew.
	DQTV_PICTURES=docs/screenshots $(BIN)/pytest -q tests/browser/test_pictures.py

check: install ## Format, lint and types.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: install ## Measure extraction and crawl speed beside their peers, replay, memory, and damaged pages, on the demo press.
	$(BIN)/python benchmarks/extraction.py
	$(BIN)/python benchmarks/crawl.py
	$(BIN)/python benchmarks/replay.py
	$(BIN)/python benchmarks/memory.py --pages 30000
	$(BIN)/python benchmarks/mutations.py --pages 1000

bench-search: install ## Measure search pages and publishing on 100,000 invented articles; some 5 minutes and 4 GB of disk.
	$(BIN)/python benchmarks/search.py

bench-bulk: install ## Measure publishing beside a raw load, and exports beside the sqlite3 command, on 100,000 invented articles; some 5 minutes and 5 GB of disk.
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && $(BIN)/python benchmarks/publish.py --folder "$$folder" \
		&& echo && $(BIN)/python benchmarks/export.py --keep "$$folder/archive"

bench-cluster: install ## Measure queue, workers, writer and replay of several machines on this one; some 10 minutes.
	$(BIN)/python benchmarks/cluster/speed.py

cluster-test-namespaces: install ## Cut machines off from each other in network namespaces; as root, on Linux, some 3 minutes.
	@test "$$(id -u)" -eq 0 || { echo "Network namespaces are made by root: sudo make cluster-test-namespaces" >&2; exit 1; }
	DQTV_NAMESPACES=1 timeout --signal=INT 900 $(BIN)/pytest -q tests/cluster/test_namespaces.py

kill-test: install ## Kill crawl, publish, replay, import and repair at random instants; fail if anything is lost.
	$(BIN)/python benchmarks/kill.py

GOLD ?= tests/captures
bench-peers: install ## Measure how well text is extracted beside other tools; GOLD=DIR names other gold pages.
	@test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@grep -v '^#' benchmarks/peers.txt | while read -r peer; do \
		.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check $$peer || echo "$$peer: not installed" >&2; done
	$(BIN)/python benchmarks/gold.py --gold $(GOLD)

docs: install ## Write the generated parts of README and docs anew.
	$(BIN)/python docs/generate.py

lock: ## Resolve the newest allowed versions into requirements.lock.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet pyproject.toml --extra dev --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-annotate --no-header --output-file requirements.lock

clean: ## Remove .venv, caches and the demo's archive.
	rm -rf $(VENV) .venv-datasette-1 .venv-peers .search-peers .venv-view .replayweb .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist dqtv-demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
