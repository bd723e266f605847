#!/usr/bin/env bash
# Simulates over fresh seeds for so many minutes: soak.sh <minutes>. The seeds of a failure are in its output.
set -euo pipefail
cd "$(dirname "$0")/.."

end=$((SECONDS + 60 * $1))
base=$(($(date +%s) * 1000))
export HANSA_SIM_SEEDS=20
while [ "$SECONDS" -lt "$end" ]; do
    echo "== seeds $base to $((base + HANSA_SIM_SEEDS - 1))"
    HANSA_SIM_SEED_BASE=$base cargo test --locked --package hansa-sim
    base=$((base + HANSA_SIM_SEEDS))
done
