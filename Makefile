# `make` lists the targets. Each is a short command or a script in scripts/ that can be read and run alone.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

HANSA := target/release/hansa
# Passed on to `hansa` by up and down, for example: make up ARGS="--port-base 9000"
ARGS ?=
# make sim SEEDS=1000, make soak MINUTES=60, make fuzz SECONDS_EACH=600
SEEDS ?= 100
MINUTES ?= 30
SECONDS_EACH ?= 60

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: build
build: ## Build the hansa binary, optimised, with its dashboard where npm is there: target/release/hansa
	@scripts/dashboard.sh build-if-possible
	cargo build --locked --release --package hansa

.PHONY: up
up: build ## Start a local league of four operators (ARGS=... is passed on)
	$(HANSA) up $(ARGS)

.PHONY: down
down: ## Stop the local league
	@test -x $(HANSA) || { echo "no $(HANSA): nothing was started from here (make build)" >&2; exit 1; }
	$(HANSA) down $(ARGS)

.PHONY: test
test: ## Everything a change must pass: check, deny, contracts, lint, rust tests
	@scripts/test.sh

.PHONY: check-fmt
check-fmt: ## Formatting
	cargo fmt --all --check

.PHONY: lint
lint: check-fmt ## Formatting and clippy; a warning is an error
	cargo clippy --locked --workspace --all-targets -- --deny warnings

.PHONY: deny
deny: ## Licences, sources and duplicates of dependencies; known vulnerabilities where the database can be had
	@scripts/tools.sh deny
	@scripts/deny.sh

.PHONY: check
check: ## The repository's own checks: order of crates, text, links
	cargo xtask check

.PHONY: contracts
contracts: ## Build the Solidity contracts with forge
	@scripts/tools.sh node
	@scripts/contracts.sh build

.PHONY: test-contracts
test-contracts: ## Build the contracts and run their tests
	@scripts/tools.sh node
	@scripts/contracts.sh build test

.PHONY: dashboard
dashboard: ## Build the dashboard's page, which the next build of hansa embeds
	@scripts/dashboard.sh build

.PHONY: test-dashboard
test-dashboard: ## The dashboard's unit tests, and its browser tests against a real league
	@scripts/tools.sh browser
	@scripts/dashboard.sh build test

.PHONY: screenshots
screenshots: ## Pictures of each page of the dashboard: dashboard/screenshots/
	@scripts/tools.sh browser
	@scripts/dashboard.sh build screenshots

.PHONY: test-rust
test-rust: ## Rust tests, with cargo-nextest when it is installed, and documentation tests
	@scripts/test-rust.sh

.PHONY: bench
bench: ## Floor, guard and a league beside anvil: about ten minutes; results in target/bench/
	@scripts/bench.sh

.PHONY: bench-long
bench-long: ## A league that grows to a million accounts and 100,000 blocks: hours
	@scripts/bench.sh long

.PHONY: sim
sim: ## Simulate whole leagues over more seeds (SEEDS=100)
	HANSA_SIM_SEEDS=$(SEEDS) cargo test --locked --package hansa-sim

.PHONY: soak
soak: ## Simulate over fresh seeds until the time is over (MINUTES=30)
	@scripts/soak.sh $(MINUTES)

.PHONY: fuzz
fuzz: ## Run every fuzz target for a while (SECONDS_EACH=60)
	@scripts/tools.sh fuzz
	@scripts/fuzz.sh $(SECONDS_EACH)

.PHONY: fmt
fmt: ## Format the code
	cargo fmt --all

.PHONY: tools
tools: ## Install what the tests use: cargo-deny, Node and Python packages, into .tools/ and node_modules/
	@scripts/tools.sh system deny node python

.PHONY: clean
clean: ## Remove what was built; .tools/ stays
	cargo clean
	rm -rf contracts/out contracts/cache fuzz/target crates/dashboard/assets/dist
