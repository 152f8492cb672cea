# Every command of the project. Plain `make` runs what a change must pass; `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUST_SOURCES := $(shell find kernels/src -name '*.rs' 2>/dev/null) kernels/Cargo.toml

.DEFAULT_GOAL := check
.PHONY: help check tools build serve test lint fmt bench golden clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

check: test ## What a change must pass (the default)

tools:
	@sh config/check-tools.sh $(PYTHON)

$(BIN)/python: | tools
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/built: $(BIN)/python pyproject.toml $(RUST_SOURCES)
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

# Tests want more packages than the product; they share its virtual environment.
$(VENV)/ready-for-tests: $(VENV)/built
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

build: $(VENV)/built ## Build the kernels and put the command at .venv/bin/cardinal

serve: build ## Run Cardinal on port 9090, scraping itself
	$(BIN)/cardinal serve --config.file=config/quickstart.yml --storage.tsdb.path=data --web.listen-address=127.0.0.1:9090

lint: $(VENV)/ready-for-tests ## Formatting, types, stubs and Rust lints
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest kernels._native
	cargo fmt --manifest-path kernels/Cargo.toml --check
	cargo clippy --quiet --manifest-path kernels/Cargo.toml --all-targets -- -D warnings

test: lint ## Everything that must hold: lint, cargo test, pytest with the small benches
	cargo test --quiet --manifest-path kernels/Cargo.toml --no-default-features
	$(BIN)/python -m pytest --quiet

fmt: $(VENV)/ready-for-tests ## Format Python and Rust
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .
	cargo fmt --manifest-path kernels/Cargo.toml

bench: $(VENV)/ready-for-tests ## The large benches, and the tables and pictures under docs/benchmarks
	$(BIN)/python -m pytest benches -m 'large or not large' --benchmark-only --benchmark-max-time=1 --benchmark-min-rounds=5

golden: $(VENV)/ready-for-tests ## Rewrite the golden files; read the diff before you commit it
	$(BIN)/python -m pytest --quiet tests --golden

clean: ## Remove what was built; data stays
	rm -rf $(VENV) kernels/target kernels/_native*.so
