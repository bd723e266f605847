#!/usr/bin/env bash
# Every Rust test of the workspace. All stages use the dev profile, so that dependencies compile once.
set -euo pipefail
cd "$(dirname "$0")/.."

# Tests of whole processes mostly wait: one more at a time than there are cores.
export NEXTEST_TEST_THREADS=${NEXTEST_TEST_THREADS:-$(($(nproc) + 1))}

# In CI clippy looks at the code while it is compiled, instead of before: its lints are the same, and nothing is checked twice.
if [ -n "${CI-}" ]; then
    RUSTC_WORKSPACE_WRAPPER=$(command -v clippy-driver)
    RUSTFLAGS="${RUSTFLAGS-} --deny warnings"
    export RUSTC_WORKSPACE_WRAPPER RUSTFLAGS
fi

if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --locked --workspace --no-fail-fast </dev/null
    # cargo-nextest does not run documentation tests.
    cargo test --locked --workspace --doc --no-fail-fast </dev/null
else
    cargo test --locked --workspace --no-fail-fast </dev/null
fi
