#!/usr/bin/env bash
# Every Rust test of the workspace. All stages use the dev profile, so that dependencies compile once.
set -euo pipefail
cd "$(dirname "$0")/.."

# Tests of whole processes mostly wait: one more at a time than there are cores.
export NEXTEST_TEST_THREADS=${NEXTEST_TEST_THREADS:-$(($(nproc) + 1))}

if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --locked --workspace --no-fail-fast </dev/null
    # cargo-nextest does not run documentation tests.
    cargo test --locked --workspace --doc --no-fail-fast </dev/null
else
    cargo test --locked --workspace --no-fail-fast </dev/null
fi
