#!/usr/bin/env bash
# Runs every fuzz target, or those named, for so many seconds each: fuzz.sh <seconds> [target...]
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=$1
shift
if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "fuzzing needs a nightly toolchain: rustup toolchain install nightly" >&2
    exit 1
fi
export PATH="$PWD/.tools/bin:$PATH"
cd fuzz
if [ "$#" -eq 0 ]; then
    # Not by process substitution, whose failure nobody sees.
    listed=$(cargo +nightly fuzz list)
    if [ -z "$listed" ]; then
        echo "there is no fuzz target in $PWD" >&2
        exit 1
    fi
    mapfile -t targets <<<"$listed"
    set -- "${targets[@]}"
fi
for target in "$@"; do
    echo "== $target for $seconds s"
    cargo +nightly fuzz run "$target" -- -max_total_time="$seconds" -rss_limit_mb=4096
done
