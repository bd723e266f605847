#!/usr/bin/env bash
# Runs the npm scripts of contracts/ that are named: contracts.sh [build] [test]
set -euo pipefail
cd "$(dirname "$0")/.."

if [ ! -f contracts/package.json ]; then
    echo "no contracts/ here: nothing to do"
    exit 0
fi
for script in "$@"; do
    npm --prefix contracts run --silent "$script" </dev/null
done
