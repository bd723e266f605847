#!/usr/bin/env bash
# Every Rust test of the workspace. All stages use the dev profile, so that dependencies compile once.
set -euo pipefail
cd "$(dirname "$0")/.."

if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --locked --workspace --no-fail-fast </dev/null
    # cargo-nextest does not run documentation tests.
    cargo test --locked --workspace --doc --no-fail-fast </dev/null
else
    cargo test --locked --workspace --no-fail-fast </dev/null
fi
