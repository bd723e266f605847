#!/usr/bin/env bash
# Installs what building and testing needs, where it is missing:
#   tools.sh [system] [deny] [fuzz] [node] [browser] [python]
# Nothing is installed outside of this repository, except for `system` and `browser` as root, which ask apt.
set -euo pipefail
cd "$(dirname "$0")/.."

CARGO_DENY=0.20.2
CARGO_FUZZ=0.13.2

# C compilers build libsecp256k1, blst and aws-lc; git, python3 and curl are used by the tests.
system() {
    local missing=()
    command -v cc >/dev/null && command -v make >/dev/null || missing+=(build-essential)
    command -v git >/dev/null || missing+=(git)
    command -v curl >/dev/null || missing+=(curl)
    command -v python3 >/dev/null || missing+=(python3)
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    command -v npm >/dev/null || missing+=(nodejs npm)
    [ "${#missing[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
    else
        echo "missing: ${missing[*]}" >&2
        echo "install them, on Debian or Ubuntu with: sudo apt-get install ${missing[*]}" >&2
        return 1
    fi
}

# A program from crates.io into .tools/bin. Unoptimised and without debug information: it builds in under a
# minute and runs for seconds.
cargo_tool() {
    local name=$1 version=$2
    if [ "$(".tools/bin/$name" --version 2>/dev/null)" = "$name $version" ]; then
        return 0
    fi
    echo "installing $name $version into .tools/"
    CARGO_TARGET_DIR=target/tools CARGO_PROFILE_DEV_DEBUG=0 \
        cargo install --quiet --locked --debug --force --root .tools "$name@$version"
    rm -rf target/tools
}

# Node packages of every directory that has a lock file.
node() {
    local lock directory
    find . \( -name node_modules -o -name target -o -name '.?*' \) -prune -o -name package-lock.json -print | while read -r lock; do
        directory=$(dirname "$lock")
        # npm writes this file last.
        if [ ! "$directory/node_modules/.package-lock.json" -nt "$lock" ]; then
            echo "installing Node packages of $directory/"
            (cd "$directory" && npm install --no-save --no-audit --no-fund --loglevel=error </dev/null)
            touch "$directory/node_modules/.package-lock.json"
        fi
    done
}

# Debian's Chromium, which the dashboard's browser tests drive.
browser() {
    command -v "${CHROMIUM:-chromium}" >/dev/null && return 0
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
    else
        echo "missing: chromium" >&2
        echo "install it, on Debian with: sudo apt-get install chromium; or set CHROMIUM to another one" >&2
        return 1
    fi
}

# The Python clients that the tests talk to Hansa with.
python() {
    local pins=scripts/requirements.txt
    if [ ! .tools/venv/.installed -nt "$pins" ]; then
        echo "installing Python packages into .tools/venv/"
        python3 -m venv --clear .tools/venv
        .tools/venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement "$pins"
        touch .tools/venv/.installed
    fi
}

[ "$#" -gt 0 ] || { sed -n '2,4s/^# //p' "$0"; exit 2; }
for part in "$@"; do
    case "$part" in
        deny) cargo_tool cargo-deny "$CARGO_DENY" ;;
        fuzz) cargo_tool cargo-fuzz "$CARGO_FUZZ" ;;
        system | node | browser | python) "$part" ;;
        *) echo "unknown part: $part" >&2; exit 2 ;;
    esac
done
