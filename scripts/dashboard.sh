#!/usr/bin/env bash
# The dashboard: dashboard.sh [build | build-if-possible] [test] [screenshots]
# `build` puts the page where crates/dashboard embeds it from, if its sources are newer. `test` and `screenshots` need a hansa binary:
# HANSA_BIN, or the one of the last `cargo build`, which is brought up to date here.
set -euo pipefail
cd "$(dirname "$0")/.."

page=crates/dashboard/assets/dist

packages() {
    local lock=dashboard/package-lock.json installed=dashboard/node_modules/.package-lock.json
    [ ! "$installed" -nt "$lock" ] || return 0
    echo "installing Node packages of dashboard/"
    (cd dashboard && npm ci --no-audit --no-fund --loglevel=error </dev/null)
    touch "$installed"
}

build() {
    # index.html.gz is written last.
    if [ -f "$page/index.html.gz" ] && [ -z "$(find dashboard contracts/src/interfaces contracts/src/demo/LeakyVault.sol -path dashboard/node_modules -prune -o -path dashboard/screenshots -prune -o -path dashboard/tests -prune -o -type f -newer "$page/index.html.gz" -print -quit)" ]; then
        return 0
    fi
    packages
    (cd dashboard && node scripts/abi.mjs --check && npm run --silent build </dev/null)
}

hansa() {
    [ -z "${HANSA_BIN-}" ] || return 0
    cargo build --locked --workspace --bin hansa
    HANSA_BIN=${CARGO_TARGET_DIR:-$PWD/target}/debug/hansa
    export HANSA_BIN
}

for part in "$@"; do
    case "$part" in
        build) build ;;
        build-if-possible)
            if command -v npm >/dev/null; then
                build
            else
                echo "no npm here: hansa is built without its dashboard (install Node 20 or later)" >&2
            fi
            ;;
        test)
            packages
            (cd dashboard && npm run --silent test </dev/null)
            hansa
            (cd dashboard && npm run --silent test:browser </dev/null)
            ;;
        screenshots)
            packages
            hansa
            (cd dashboard && npm run --silent screenshots </dev/null)
            ;;
        *) echo "unknown part: $part" >&2; exit 2 ;;
    esac
done
