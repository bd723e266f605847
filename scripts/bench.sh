#!/usr/bin/env bash
# Runs the benchmarks and prints the table, which is kept with all results in target/bench/:
#   bench.sh              floor, guard, staking, and a league beside anvil: about ten minutes on two cores
#   bench.sh epochs       a league with short epochs: about two minutes
#   bench.sh long         the league that grows: hours
#   bench.sh ARGUMENTS    hansa-bench with these arguments, for example: bench.sh guard --rounds 500
set -euo pipefail
cd "$(dirname "$0")/.."

# The token and anvil. Without them, the parts that need them are left out.
if [ ! -f contracts/out/DemoToken.sol/DemoToken.json ]; then
    make --silent contracts >&2 || echo "contracts are not built: no ERC-20 transfers, no anvil" >&2
fi
cargo build --locked --release --package hansa-bench --package hansa >&2

case "${1:-all}" in
    all)
        [ "$#" -eq 0 ] || shift
        set -- all --blocks 20 --rounds 100 --load-txs 60000 "$@"
        ;;
    long)
        shift
        set -- growth "$@"
        ;;
esac
result=$(target/release/hansa-bench "$@")
cat "$result"
