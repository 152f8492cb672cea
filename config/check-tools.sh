#!/bin/sh
# Name what is missing on this machine, with the command that installs it.
python=${1:-python3}
missing=0

want() { # want NAME FOUND INSTALL
    [ "$2" = yes ] && return
    echo "missing: $1. Install it with: $3" >&2
    missing=1
}

has() { command -v "$1" >/dev/null 2>&1 && echo yes; }
new_enough=$("$python" -c 'import sys; print("yes" if sys.version_info >= (3, 11) else "no")' 2>/dev/null)
has_venv=$("$python" -c 'import ensurepip, venv; print("yes")' 2>/dev/null)

want "Python 3.11 or newer" "$new_enough" "apt-get install python3 (or set PYTHON=/path/to/python3.11)"
[ "$new_enough" = yes ] && want "Python's venv module" "$has_venv" "apt-get install python3-venv"
want "Rust (cargo)" "$(has cargo)" "apt-get install cargo, or https://rustup.rs"
want "a C linker (cc)" "$(has cc)" "apt-get install gcc libc6-dev"
exit $missing
