#!/usr/bin/env bash
# Runs every fuzz target, or those named, for so many seconds each: fuzz.sh <seconds> [target...]
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=$1
shift
# The sanitizer needs unstable flags. A nightly toolchain has them; without one, the stable one can be told to take them.
if cargo +nightly --version >/dev/null 2>&1; then
    toolchain=(+nightly)
else
    toolchain=()
    export RUSTC_BOOTSTRAP=1
fi
export PATH="$PWD/.tools/bin:$PATH"
cd fuzz
if [ "$#" -eq 0 ]; then
    # Not by process substitution, whose failure nobody sees.
    listed=$(cargo "${toolchain[@]}" fuzz list)
    if [ -z "$listed" ]; then
        echo "there is no fuzz target in $PWD" >&2
        exit 1
    fi
    mapfile -t targets <<<"$listed"
    set -- "${targets[@]}"
fi
for target in "$@"; do
    echo "== $target for $seconds s"
    options=(-max_total_time="$seconds" -rss_limit_mb=4096)
    # Its inputs are long sequences of calls: they must not grow from one byte on.
    if [ "$target" = staking ]; then
        options+=(-len_control=0)
    fi
    cargo "${toolchain[@]}" fuzz run "$target" -- "${options[@]}"
done
