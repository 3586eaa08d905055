# Needs python3 (3.11 to 3.13), make and the package index. Paths are relative: the folder of the
# clone may have a space in its name.

.DEFAULT_GOAL := help
.PHONY: help setup demo ui test soak lint lint-python lint-sql components pictures docs calibration bench lock clean

BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never
export DBT_SEND_ANONYMOUS_USAGE_STATS := false

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

setup: .venv/.ready ## Create .venv from the hash-pinned lock files
	@:

# Stamps are made at the end, so that a broken installation is begun again.
.venv/.packages: requirements.lock requirements-uv.lock
	@scripts/setup.sh
	@touch $@

.venv/.ready: .venv/.packages pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps \
		--no-build-isolation --editable .
	@touch $@

demo: setup ## Run the whole pipeline on a synthetic runner database; DEMO_JOBS=60 is a small one
	@$(BIN)/beacon demo $(if $(DEMO_JOBS),--jobs $(DEMO_JOBS))

ui: setup ## Serve Dagster's UI on 127.0.0.1
	@$(BIN)/beacon ui

# In the order of the folders, the slow ones first: by number of tests, long single ones come last.
test: lint components ## Check and test everything
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

soak: setup components ## The long proofs: random histories, ten minutes of everything, all figures
	BEACON_SOAK=yes BEACON_DRAWS=300 $(BIN)/pytest --timeout 36000 tests/faults tests/unify/test_exposures.py
	BEACON_EXTREMES=10000 $(BIN)/pytest --timeout 36000 tests/unify/test_extreme_values.py
	$(BIN)/pytest tests/browser/backfills.py tests/faults/live.py
	$(BIN)/python -m benchmarks.calibration

# Side by side: mypy uses one core for as long as sqlfluff uses another.
lint: setup ## Check formatting, types, SQL and dbt
	@$(MAKE) --no-print-directory --jobs 2 --output-sync lint-python lint-sql

lint-python:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry dagster_project
	$(BIN)/mypy

lint-sql:
	$(BIN)/sqlfluff lint --disable-progress-bar sql dagster_project benchmarks
	cd dbt && ../$(BIN)/sqlfluff lint --disable-progress-bar .
	cd dbt && ../$(BIN)/dbt parse --quiet --warn-error

components:
	@scripts/ensure_components.sh

pictures: setup components ## Make the README's pictures from the demo
	@$(BIN)/python scripts/make_pictures.py

docs: setup ## Build the documentation site into build/site, without a network
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

calibration: setup ## Show how often tests err and how often intervals cover
	@$(BIN)/python -m benchmarks.calibration

bench: setup ## Measure what the README claims
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python "$$file" || exit 1; done

# uv keeps the versions that are locked already; delete a lock file to move all of them. The hashes
# are asked for anew: uv would keep those, too.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header
VERSIONS := sed -e '/--hash=/d' -e 's/ \\$$//'

lock: setup ## Write requirements.lock and requirements-uv.lock again
	@mkdir -p build
	$(VERSIONS) requirements.lock > build/requirements.lock
	$(VERSIONS) requirements-uv.lock > build/requirements-uv.lock
	eval "$$($(BIN)/python scripts/uv_settings.py --published)" \
	&& $(LOCK) --all-extras --output-file build/requirements.lock pyproject.toml \
	&& echo uv | $(LOCK) --output-file build/requirements-uv.lock -
	mv build/requirements.lock build/requirements-uv.lock .

clean: ## Remove what was installed, built and made by the demo
	rm -rf .venv .beacon build dbt/target dbt/logs .pytest_cache .mypy_cache .ruff_cache .hypothesis
