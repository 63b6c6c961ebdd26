# databeheer: every target works on a fresh clone, with nothing but make and Python 3.11 or newer.
#
#   make demo     start the demonstration on http://127.0.0.1:8000 (ARGS="--port 9000")
#   make sandbox  serve a sandbox for who tries a client, on http://127.0.0.1:8100 (ARGS="--port 9100")
#   make check    static: ruff, mypy --strict, import contracts, requirements register
#   make test     pytest (ARGS="tests/ledger -k proof")
#   make bench    measure the speed goals into build/bench.json and docs/explanation/performance.md (ONLY=name runs one)
#   make soak     the full counts: 100,000 hostile inputs, 50,000 calls of the API, and what else takes minutes
#   make format   rewrite the code in the project's form
#   make screenshots    picture every page in every state (build/screenshots), and take the README's pictures anew
#   make requirements   rewrite docs/requirements.md from the tests
#   make translations   bring the catalogues of web/translations up to date with what pages say
#   make lock     resolve the dependencies anew (needs uv)
#   make clean    remove what can be made again; keeps var/, the demo's data

.DEFAULT_GOAL := help
SHELL := /bin/sh
.SUFFIXES:
# A recipe that fails half-way must not leave a stamp that says it is done.
.DELETE_ON_ERROR:

VENV := .venv
PY := $(VENV)/bin/python
PIP_INSTALL := install --quiet --disable-pip-version-check --no-input --require-hashes
CODE := ledger databeheer web migrations tests docs/examples/python-client
# Only what is there: the same Makefile serves a checkout in which a package is still being made.
PRESENT = $(wildcard $(CODE))

.PHONY: help demo sandbox check test bench soak format lint types imports requirements requirements-check lock screenshots \
	translations clean environment chromium go softhsm identity-provider

help:
	@sed -n 's/^#   //p' Makefile

# ---- the environment --------------------------------------------------------------------------------------
# The first Python of 3.11 to 3.14 that runs and can make an environment, then any newer one.
# Set PYTHON=/path/to/python to choose. Trying each is needed: a name on the PATH may be a shim that fails.
define FIND_PYTHON
for name in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' \
		>/dev/null 2>&1 && { echo "$$name"; exit 0; }; \
done; \
for name in $(PYTHON) python3 python; do \
	"$$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
		>/dev/null 2>&1 && { echo "$$name"; exit 0; }; \
done; \
echo "make: no Python 3.11 or newer with venv was found; on Debian: apt-get install python3-venv" >&2; exit 1
endef

# Both the .pth line and the two scripts find the checkout from where they stand, so that a checkout that is
# moved goes on working. `-P` keeps the caller's directory from shadowing our packages.
define SCRIPT
#!/bin/sh
here=$$(dirname -- "$$(readlink -f -- "$$0")")
exec "$$here/python" -P -c 'import sys; sys.argv[0] = "@NAME@"; from @NAME@.cli import main; sys.exit(main())' "$$@"
endef
export SCRIPT

$(VENV)/stamp-base:
	@python=$$($(FIND_PYTHON)) && echo "making $(VENV) with $$("$$python" --version)" && \
		"$$python" -m venv --clear $(VENV)
	@site=$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))') && \
		$(PY) -c 'import os, sys; print(os.path.relpath(os.getcwd(), sys.argv[1]))' "$$site" \
		> "$$site/databeheer-checkout.pth"
	@for name in databeheer ledger; do \
		printf '%s\n' "$$SCRIPT" | sed "s/@NAME@/$$name/g" > $(VENV)/bin/$$name && \
		chmod 755 $(VENV)/bin/$$name || exit 1; \
	done
	@touch $@

$(VENV)/stamp-runtime: $(VENV)/stamp-base requirements.txt
	@echo "installing the locked dependencies"
	@$(PY) -m pip $(PIP_INSTALL) -r requirements.txt
	@touch $@

$(VENV)/stamp-dev: $(VENV)/stamp-runtime requirements-dev.txt
	@echo "installing the locked development tools"
	@$(PY) -m pip $(PIP_INSTALL) -r requirements-dev.txt
	@touch $@

environment: $(VENV)/stamp-dev

# ---- running ----------------------------------------------------------------------------------------------
demo: $(VENV)/stamp-runtime
	@exec $(VENV)/bin/databeheer demo $(ARGS)

sandbox: $(VENV)/stamp-runtime
	@exec $(VENV)/bin/databeheer sandbox serve $(ARGS)

# ---- checking ---------------------------------------------------------------------------------------------
# Side by side: most of it waits for one process that looks at types.
check: $(VENV)/stamp-dev
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target types lint imports requirements-check

lint: $(VENV)/stamp-dev
	$(PY) -m ruff check $(PRESENT)
	$(PY) -m ruff format --check $(PRESENT)

types: $(VENV)/stamp-dev
	$(PY) -m mypy
	MYPYPATH=docs/examples/python-client $(PY) -m mypy docs/examples/python-client

imports: $(VENV)/stamp-dev
	$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

requirements-check: $(VENV)/stamp-dev
	$(PY) -m tests.requirements_register --check

requirements: $(VENV)/stamp-dev
	$(PY) -m tests.requirements_register

translations: $(VENV)/stamp-runtime
	@$(PY) -m web.translations.catalogues

PICTURES := demo-maria request who-read demo-inspector demo-consumption demo-start

screenshots: $(VENV)/stamp-dev chromium
	$(PY) -m pytest tests/journeys
	DATABEHEER_SCREENSHOTS="$(or $(ONLY),.)" $(PY) -m pytest tests/web/every_page
	@mkdir -p docs/images
	@for name in $(PICTURES); do cp build/screenshots/$$name-top.png docs/images/$$name.png || exit 1; done

format: $(VENV)/stamp-dev
	$(PY) -m ruff check --fix-only --quiet $(PRESENT)
	$(PY) -m ruff format $(PRESENT)

# ---- testing ----------------------------------------------------------------------------------------------
# The browser journeys want Debian's Chromium, best the one without windows. The tests skip them, and say so, where
# there is none.
chromium:
	@command -v chromium-headless-shell >/dev/null && exit 0; \
	left="make test: left out the browser journeys:"; \
	if command -v chromium >/dev/null || command -v chromium-browser >/dev/null; then \
		left="make test: the browser journeys take a third longer, with a Chromium that has windows:"; \
	fi; \
	if ! command -v apt-get >/dev/null; then \
		echo "$$left no chromium-headless-shell, and no apt-get to install it"; exit 0; \
	elif [ "$$(id -u)" = 0 ]; then as_root=; \
	elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root="sudo -n"; \
	else \
		echo "$$left no chromium-headless-shell, and neither root nor sudo to install it"; \
		exit 0; \
	fi; \
	echo "installing Chromium"; \
	install="$$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends"; \
	$$as_root apt-get -qq update; \
	$$install chromium-headless-shell fonts-dejavu-core >/dev/null || command -v chromium >/dev/null || \
		$$install chromium fonts-dejavu-core >/dev/null || echo "$$left apt-get could not install it"

# The foreign verifier of docs/examples wants Debian's Go and golang.org/x/mod; likewise.
go:
	@command -v go >/dev/null && [ -d /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog ] && exit 0; \
	left="make test: left out the verifier in Go:"; \
	if ! command -v apt-get >/dev/null; then echo "$$left no Go, and no apt-get to install it"; exit 0; \
	elif [ "$$(id -u)" = 0 ]; then as_root=; \
	elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root="sudo -n"; \
	else echo "$$left no Go, and neither root nor sudo to install it"; exit 0; \
	fi; \
	echo "installing Go and golang.org/x/mod"; \
	{ $$as_root apt-get -qq update && $$as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -qq install -y --no-install-recommends golang-go golang-golang-x-mod-dev >/dev/null; } || \
		echo "$$left apt-get could not install it"

# The key store's tests over a token want SoftHSM; likewise.
softhsm:
	@command -v softhsm2-util >/dev/null && exit 0; \
	left="make test: left out the key store over a token:"; \
	if ! command -v apt-get >/dev/null; then echo "$$left no SoftHSM, and no apt-get to install it"; exit 0; \
	elif [ "$$(id -u)" = 0 ]; then as_root=; \
	elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root="sudo -n"; \
	else echo "$$left no SoftHSM, and neither root nor sudo to install it"; exit 0; \
	fi; \
	echo "installing SoftHSM"; \
	{ $$as_root apt-get -qq update && $$as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -qq install -y --no-install-recommends softhsm2 >/dev/null; } || \
		echo "$$left apt-get could not install it"

# The tests of logging in want a certified OpenID provider, which runs on Node; likewise.
PROVIDER := tests/identity_provider
identity-provider:
	@[ $(PROVIDER)/node_modules/.package-lock.json -nt $(PROVIDER)/package-lock.json ] && command -v node >/dev/null \
		&& exit 0; \
	left="make test: left out logging in at a certified provider:"; \
	if ! command -v npm >/dev/null || ! command -v node >/dev/null; then \
		if ! command -v apt-get >/dev/null; then echo "$$left no Node, and no apt-get to install it"; exit 0; \
		elif [ "$$(id -u)" = 0 ]; then as_root=; \
		elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root="sudo -n"; \
		else echo "$$left no Node, and neither root nor sudo to install it"; exit 0; \
		fi; \
		echo "installing Node"; \
		{ $$as_root apt-get -qq update && $$as_root env DEBIAN_FRONTEND=noninteractive \
			apt-get -qq install -y --no-install-recommends nodejs npm >/dev/null; } || \
			{ echo "$$left apt-get could not install Node"; exit 0; }; \
	fi; \
	echo "installing the provider of the tests"; \
	{ npm --prefix $(PROVIDER) ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null \
		&& touch $(PROVIDER)/node_modules/.package-lock.json; } || \
		echo "$$left npm could not install it"

# A worker more than there are processors (tests/conftest.py), which takes tests from another when it has none left; a
# choice of tests runs in order.
# Bytecode is kept, whatever the environment says: else every process of every test compiles all anew.
test: $(VENV)/stamp-dev chromium go softhsm identity-provider
	PYTHONDONTWRITEBYTECODE= $(PY) -m pytest $(if $(ARGS),$(ARGS),--numprocesses auto --dist worksteal)

bench: $(VENV)/stamp-dev
	$(PY) -m tests.bench $(if $(ONLY),--only $(ONLY))

soak: $(VENV)/stamp-dev
ifeq ($(wildcard tests/soak/test_*.py),)
	@echo "make soak: no full counts are written yet"
else
	$(PY) -m pytest tests/soak $(ARGS)
endif

# ---- upkeep -----------------------------------------------------------------------------------------------
UV ?= uv
UV_COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock:
	$(UV_COMPILE) requirements.in -o requirements.txt
	$(UV_COMPILE) requirements-dev.in -o requirements-dev.txt

clean:
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find $(PRESENT) -name __pycache__ -type d -prune -exec rm -rf {} +
