#!/bin/sh
# Runs its arguments with a Python that can set this project up: $PYTHON where it is given, else the
# newest on PATH. A name on PATH proves nothing (a version manager's shim may refuse to start), so each
# candidate is run. One without venv and ensurepip is taken only when there is no better one:
# setup.py then says what to install.

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

makes_environments() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

if [ -n "$PYTHON" ]; then
    if is_new_enough "$PYTHON"; then
        exec "$PYTHON" "$@"
    fi
    echo "error: PYTHON=$PYTHON is not a Python 3.11 or newer that starts" >&2
    exit 1
fi

second_best=
for candidate in python3.14 python3.13 python3.12 python3.11 python3; do
    is_new_enough "$candidate" || continue
    makes_environments "$candidate" && exec "$candidate" "$@"
    second_best=${second_best:-$candidate}
done
[ -n "$second_best" ] && exec "$second_best" "$@"

echo "error: no Python 3.11 or newer found on PATH; install one, or name it: make PYTHON=/path/to/python3" >&2
exit 1
