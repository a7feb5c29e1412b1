# The four commands: make run, make test, make bench, make check. Everything else serves them.
# All but `make run` leave a base that is kept here alone: data/, .env, inkcre.toml, .wrangler.
# Needs Python 3.11 or newer with pip, and make. Everything is installed under .venv, and for another
# Python that is named beside it: make test PYTHON=python3.12 has its packages in .venv-3.12.

PYTHON ?= python3
UV_VERSION := 0.13.9

# An environment keeps its Python: one that is named, and is of another version, has its own.
VERSION = $(shell $(1) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
VENV := .venv
ifneq ($(origin PYTHON),file)
ifneq ($(wildcard .venv/bin/python),)
ifneq ($(call VERSION,$(PYTHON)),$(call VERSION,.venv/bin/python))
VENV := .venv-$(call VERSION,$(PYTHON))
endif
endif
endif

BIN := $(VENV)/bin
READY := $(VENV)/.ready
BOOTSTRAP := $(VENV)/.bootstrap
# One more than there are cores: a test often waits for a process, a timer or a disk.
JOBS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

export UV_CACHE_DIR := $(CURDIR)/$(VENV)/.cache
export UV_PYTHON_DOWNLOADS := never

# uv on the path is used as it is; else it is fetched into the project's own folder.
UV = $(if $(shell command -v uv),uv,PYTHONPATH=$(BOOTSTRAP) $(PYTHON) -m uv)

.PHONY: run test bench bench-edge fuzz soak check format lock clean

run: $(READY)
	@$(BIN)/inkcre run

test: $(READY)
	@$(BIN)/pytest --numprocesses $(JOBS) --dist worksteal $(ARGS)

bench: $(READY)
	@$(BIN)/python -m benchmarks $(ARGS)

# The Workers artifact beside a bare one, in the same harness.
bench-edge: $(READY)
	@$(BIN)/python -m benchmarks.edge $(ARGS)

# The TOML files of this machine for a minute, then two of mutated settings: nothing but diagnostics
# may come of them. Not part of make test.
fuzz: $(READY)
	@$(BIN)/python -m tests.fuzz_settings $(ARGS)

# What takes too long for make test, by its name: make soak ARGS=packaging. In folders of its own.
soak: $(READY)
	@PYTHONPATH=$(CURDIR)/tests/packages $(BIN)/python -m tests.soak $(ARGS)

check: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@PYTHONPATH=examples/links:extensions/telegram $(BIN)/lint-imports
	@$(BIN)/deptry .

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# The locks are files of exact versions and hashes that pip and uv both read, and name no registry:
# one for this machine, one for what makes clients in tests, one for the Workers artifact (its markers
# are those of Pyodide), and one for uv, which pip fetches before there is any of it.
lock: $(READY)
	@echo uv==$(UV_VERSION) | $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-emit-index-url --no-annotate --output-file requirements/uv.txt -
	@$(UV) pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes \
		--no-header --no-emit-index-url --no-annotate --all-extras --group dev \
		--output-file requirements/locked.txt pyproject.toml
	@echo openapi-python-client | $(UV) pip compile --quiet --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-header --no-emit-index-url --no-annotate \
		--output-file requirements/generators.txt -
	@$(UV) pip compile --quiet --python-platform wasm32-pyodide2025 --python-version 3.14 \
		--upgrade --generate-hashes --no-header --no-emit-index-url --group workers \
		--output-file requirements/workers.txt pyproject.toml

NODE_LOCK := inkcre/edge/local/package-lock.json
# What makes clients of the API's description, for tests: beside the environment, for it asks for
# versions of its own.
GENERATORS := tests/wire/generators

$(READY): pyproject.toml $(wildcard requirements/*.txt) $(NODE_LOCK) $(GENERATORS)/package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; name one: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	@command -v uv >/dev/null || $(PYTHON) -m pip install --quiet --disable-pip-version-check \
		--root-user-action ignore --upgrade --target $(BOOTSTRAP) --require-hashes -r requirements/uv.txt
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/locked.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(UV) pip install --quiet --python $(BIN)/python --target $(VENV)/generators --require-hashes \
		-r requirements/generators.txt
	@$(BIN)/python -m inkcre.edge.prepare $(GENERATORS)
	@touch $@

# What `inkcre dev --edge` keeps lies in the folder that was built, in .wrangler, and stays.
clean:
	rm -rf $(VENV) .venv .venv-3.* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@for folder in build dist; do \
		test -d $$folder || continue; \
		find $$folder -name .wrangler -prune -o ! -type d -exec rm -f {} +; \
		find $$folder -depth -type d -empty ! -path '*/.wrangler*' -delete; \
	done
