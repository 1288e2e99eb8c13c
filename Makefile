# Everything a fresh clone needs, set up in .venv and target/ with nothing but Python >= 3.11, Rust and make.
# `make` alone lists the targets.

VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m
PIP := $(RUN) pip
export PIP_QUIET := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Optional packages whose faces the tests exercise.
EXTRAS := dimod,graphs,hdf5,progress,sklearn,sparse,xarray

# The first interpreter that is new enough; `make PYTHON=...` chooses another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)

RUST_NEEDED := $(shell sed -n 's/^rust-version *= *"\(.*\)"/\1/p' Cargo.toml)
RUST_SOURCES := $(wildcard Cargo.toml Cargo.lock) $(shell find src -name '*.rs')

# A toolchain that was installed in this very shell is not on its PATH yet.
export PATH := $(PATH):$(HOME)/.cargo/bin
# One interpreter for every build of the binding, so that switching targets rebuilds nothing.
export PYO3_PYTHON := $(abspath $(BIN)/python)

# Real instances with known optima, where they are to be found.
ifeq ($(MAGNETITE_DATA),)
MAGNETITE_DATA := $(wildcard ../shared/data)
endif
ifneq ($(MAGNETITE_DATA),)
override MAGNETITE_DATA := $(abspath $(MAGNETITE_DATA))
export MAGNETITE_DATA
endif
G22 := $(wildcard $(MAGNETITE_DATA)/gset/G22.txt.gz)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: rust-found $(VENV)/.built-release ## Set up .venv and build the extension into it

.PHONY: demo
demo: build ## Anneal a shipped spin glass to its proven optimum, and G22 where the data is at hand
	$(BIN)/magnetite demo
ifneq ($(G22),)
	$(BIN)/magnetite anneal $(G22) --time-limit 5 --best-known 13359
endif

.PHONY: test
test: build ## Run the Rust and Python tests, without the slow ones
	cargo test --no-default-features
	$(RUN) pytest -m "not slow" --timeout 300

.PHONY: test-slow
test-slow: build ## Run the slow tests: time limits, physics, exact proofs
	cargo test --release --no-default-features -- --ignored
	$(RUN) pytest -m slow --timeout 1800

.PHONY: lint
lint: build ## Check format, lints, types and stubs; any warning fails
	cargo fmt --check
	cargo clippy --all-targets --features bench -- -D warnings
	cargo clippy --all-targets --no-default-features --features bench -- -D warnings
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) mypy.stubtest magnetite._core

.PHONY: format
format: $(VENV)/.tools ## Rewrite the sources in the project's format
	cargo fmt
	$(RUN) ruff check --fix-only
	$(RUN) ruff format

.PHONY: bench
bench: rust-found $(VENV)/.built-dist ## Measure against the packages that users have now (about half an hour)
	$(PIP) install --group bench
	$(BIN)/python benches/compare.py

.PHONY: bench-answers
bench-answers: rust-found $(VENV)/.built-dist ## Measure the answers that the command line finds in 10 and 30 seconds
	$(BIN)/python benches/answers.py

.PHONY: bench-solve
bench-solve: rust-found $(VENV)/.built-dist ## Measure how often and how fast best known values are reached (hours)
	$(PIP) install --group bench
	$(BIN)/python benches/solve.py

.PHONY: bench-core
bench-core: rust-found ## Run the criterion benches of every kernel and energy
	cargo bench --no-default-features --features bench

.PHONY: wheel
wheel: rust-found $(VENV)/.tools ## Build the wheel into dist/ and try it in an environment of its own
	rm -rf dist target/wheel-venv
	$(RUN) maturin build --profile dist --out dist
	$(PYTHON) -m venv target/wheel-venv
	target/wheel-venv/bin/python -m pip install dist/*.whl
	cd target && wheel-venv/bin/magnetite demo
	cd target && MAGNETITE_SIMD=baseline wheel-venv/bin/magnetite demo

.PHONY: clean
clean: ## Remove everything that was built, .venv included
	rm -rf $(VENV) target dist .hypothesis .mypy_cache .pytest_cache .ruff_cache python/magnetite/_core*.so
	find python tests benches -name __pycache__ -prune -exec rm -rf {} +

# Set-up. The files .venv/.* are stamps: what they stand for is redone only when what it was made from has changed.

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "magnetite needs Python 3.11 or newer, and none was found."; \
		echo "Install one, or name it: make PYTHON=/path/to/python3"; exit 1; } >&2
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "magnetite needs Python 3.11 or newer; $(PYTHON) is older, or does not run."; exit 1; } >&2
	@"$(PYTHON)" -m venv --clear $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make a virtual environment; on Debian, install python3-venv."; exit 1; } >&2
	$(PIP) install --upgrade "pip>=25.1"
	@touch $@

$(VENV)/.tools: pyproject.toml $(VENV)/.made
	$(PIP) install --group dev
	@touch $@

# The quick release build serves development; `dist` is what wheels hold and benches measure. Either replaces the other.
$(VENV)/.built-release: $(RUST_SOURCES) $(VENV)/.tools
	$(BIN)/maturin develop --profile release --extras $(EXTRAS)
	@rm -f $(VENV)/.built-dist && touch $@

$(VENV)/.built-dist: $(RUST_SOURCES) $(VENV)/.tools
	$(BIN)/maturin develop --profile dist --extras $(EXTRAS)
	@rm -f $(VENV)/.built-release && touch $@

.PHONY: rust-found
rust-found:
	@command -v cargo >/dev/null && command -v rustc >/dev/null || { \
		echo "magnetite's core is written in Rust, and no Rust toolchain (cargo, rustc) was found."; \
		echo "Install Rust $(RUST_NEEDED) or newer (https://www.rust-lang.org/tools/install) and run make again."; \
		exit 1; } >&2
	@found=$$(rustc --version | cut -d ' ' -f 2 | cut -d - -f 1); \
	oldest=$$(printf '%s\n' "$$found" "$(RUST_NEEDED)" | sort -V | head -n 1); \
	test "$$oldest" = "$(RUST_NEEDED)" || test "$$found" = "$(RUST_NEEDED)" || { \
		echo "magnetite needs Rust $(RUST_NEEDED) or newer, and found $$found: run 'rustup update'."; exit 1; } >&2
