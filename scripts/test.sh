#!/usr/bin/env bash
# `make test`: every stage, also after one has failed, then how long each took. Fails if any did.
# The output is kept in target/test.log, the sum of the test runners' counts in target/test-counts.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p target
# A clean build needs about 4 GiB; with incremental compilation, which serves nobody in CI, 7 GiB.
[ -z "${CI-}" ] || export CARGO_INCREMENTAL=0
free_kib=$(df --output=avail -k target | tail -n 1)
if [ ! -d target/debug ] && [ "$free_kib" -lt $((6 * 1024 * 1024)) ]; then
    echo "only $((free_kib / 1024)) MiB free for $PWD/target: the tests may need 6 GiB; make room if they fail" >&2
fi

log=target/test.log
counts=target/test-counts
: >"$log"
rm -f "$counts"
failed=()
table=()

stage() {
    local target=$1 start=$SECONDS result=ok
    echo "== $target"
    set +e
    make --no-print-directory "$target" </dev/null 2>&1 | tee -a "$log"
    local status=${PIPESTATUS[0]}
    set -e
    if [ "$status" -ne 0 ]; then
        result=FAILED
        failed+=("$target")
    fi
    table+=("$(printf '  %-16s %5d s  %s' "$target" "$((SECONDS - start))" "$result")")
}

# The sum over what cargo-nextest, cargo test, forge, Vitest and Node's runner say. Colours are taken out first.
count() {
    sed 's/\x1b\[[0-9;]*m//g' "$log" | awk '
        function before(word,   n) { n = $0; if (n !~ "[0-9]+ " word) return 0
            sub(" " word ".*", "", n); sub(".*[^0-9]", "", n); return n + 0 }
        /^ *Summary \[.*tests? run:/ { sub(".*run: ", " "); passed += before("passed"); seen = 1
            failed += before("failed") + before("timed out") + before("exec failed") }
        /^test result: / { passed += before("passed"); failed += before("failed"); seen = 1 }
        /^Ran [0-9]+ test suites? in .*tests? passed/ { passed += before("tests? passed"); failed += before("failed") }
        /^ *Tests .*[0-9]+ (passed|failed)/ { passed += before("passed"); failed += before("failed") }
        /^ℹ pass [0-9]+/ { passed += $3 }
        /^ℹ fail [0-9]+/ { failed += $3 }
        END { if (seen) print passed + 0, failed + 0 }'
}

# The page comes before whatever embeds it. In CI clippy runs with the compiler (scripts/test-rust.sh). The browser tests use the binary
# that the Rust tests have built.
lint=lint
[ -z "${CI-}" ] || lint=check-fmt
for target in tools check deny test-contracts dashboard "$lint" test-rust; do
    stage "$target"
done
[ ! -x target/debug/hansa ] || export HANSA_BIN=${HANSA_BIN:-$PWD/target/debug/hansa}
stage test-dashboard

sums=$(count)
echo "== time"
printf '%s\n' "${table[@]}"
# A stage of tests that failed although no test did has not run them all (it did not compile, say): no sums then.
if [ -n "$sums" ] && { [ "${sums#* }" -gt 0 ] || [[ " ${failed[*]-} " != *" test-"* ]]; }; then
    echo "$sums" >"$counts"
fi
if [ "${#failed[@]}" -gt 0 ]; then
    echo "make test failed in: ${failed[*]} (output in $log)" >&2
    exit 1
fi
