# Every command of the project. `make` alone lists them.

# One build folder for all checkouts of this machine: RocksDB is compiled once.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/plimsoll/target
# RocksDB's objects of both profiles take well under 1 GB; the rest is for compiler and flag changes.
export CCACHE_MAXSIZE ?= 10G
# A fresh rustup is in the path only of the next login.
export PATH := $(PATH):$(if $(CARGO_HOME),$(CARGO_HOME),$(HOME)/.cargo)/bin

DATA_DIR ?= ./data
# Extra arguments of `make run`, for example: make run ARGS="--rules rules.yaml"
ARGS ?=
# How long `make fuzz` stays with each target.
FUZZ_SECONDS ?= 60
# How long `make torture` simulates crashes of the store, and as long those of alerting; how many other
# faults it makes; from which seed on.
TORTURE_SECONDS ?= 600
TORTURE_KILLS ?= 1000
TORTURE_ERRORS ?= 500
TORTURE_FLIPS ?= 1000
TORTURE_SEED ?= 1

OWN_CRATES = -p plimsoll -p plimsoll-storage -p plimsoll-query -p plimsoll-alerting -p plimsoll-benches -p plimsoll-tests -p plimsoll-faults -p plimsoll-tidy

.DEFAULT_GOAL := help
.PHONY: help setup run build test check bench fuzz torture deny clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## Install what the build needs and this machine lacks
	@scripts/setup.sh

run: setup ## Build and start the server on ./data (DATA_DIR, ARGS)
	cargo build --release --locked -p plimsoll
	exec "$(CARGO_TARGET_DIR)/release/plimsoll" serve --data-dir "$(DATA_DIR)" $(ARGS)

build: setup ## Build the release binary
	cargo build --release --locked -p plimsoll
	@echo "built $(CARGO_TARGET_DIR)/release/plimsoll"

test: setup ## Run the whole test suite
	cargo test --locked --workspace

check: ## Check format, lints and documentation, warnings are errors
	@scripts/setup.sh --lint
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items

bench: setup ## Run the benchmarks
	cargo bench --locked -p plimsoll-benches

fuzz: setup ## Fuzz every decoder and parser for FUZZ_SECONDS each
	@scripts/fuzz.sh $(FUZZ_SECONDS)

torture: export PLIMSOLL_TEST_BINARY := $(CARGO_TARGET_DIR)/debug/plimsoll
torture: FAULTS = "$(CARGO_TARGET_DIR)/debug/plimsoll-faults"
torture: setup ## Crashes, kills, I/O errors and flipped bits (TORTURE_SECONDS, _KILLS, _ERRORS, _FLIPS, _SEED)
	cargo build --locked --workspace --bins
	$(FAULTS) flips $(TORTURE_FLIPS) $(TORTURE_SEED)
	$(FAULTS) kills $(TORTURE_KILLS) $(TORTURE_SEED)
	$(FAULTS) errors $(TORTURE_ERRORS) $(TORTURE_SEED)
	$(FAULTS) alerts $(TORTURE_SECONDS) $(TORTURE_SEED)
	$(FAULTS) torture $(TORTURE_SECONDS) $(TORTURE_SEED)

deny: ## Check licences, duplicates and known advisories of the dependencies
	@scripts/setup.sh --lint
	cargo deny check

clean: ## Remove this project's crates from the build folder; RocksDB stays
	cargo clean $(OWN_CRATES)
	cargo clean --release $(OWN_CRATES)
