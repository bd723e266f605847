#!/usr/bin/env bash
# Runs the benchmark targets of the workspace, or those whose names match the arguments.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo metadata --locked --no-deps --format-version 1 | grep -q '"kind":\["bench"\]'; then
    echo "no crate has a benchmark" >&2
    exit 1
fi
if [ "$#" -eq 0 ]; then
    set -- '*'
fi
for name in "$@"; do
    cargo bench --locked --workspace --bench "$name"
done
