#!/bin/bash
# Builds every peer of peers.py in its own environment below env/ beside this file (or $BENCH_ENV).
#
#   bash setup.sh             everything
#   bash setup.sh node bun    only these
#
# Safe to run again: what is there already is kept. A peer that cannot be built is skipped with one
# line, and its build log stays in env/logs; bench.py then leaves that peer out. Needs Linux, gcc,
# Python 3.11 or newer, Node 20 and npm; cargo for socketioxide, the headers of Python for new-compiled.
set -u
cd "$(dirname "$0")" || exit 1
ENV="$(realpath -m "${BENCH_ENV:-env}")"
# The system's Python, if it will do: distributions build theirs with profile-guided optimisation,
# which makes 1.7 times the speed of a plain build, such as pyenv's. All Python peers get the same.
PYTHON="${BENCH_PYTHON:-$(for python in /usr/bin/python3 python3; do
    "$python" -c 'import sys, venv, ensurepip; assert sys.version_info >= (3, 11)' 2> /dev/null \
        && echo "$python" && break
done)}"
ALL="loadgen new new-compiled threading gevent asgi wsgi tools node node20 node26 bun oxide"

venv() {                       # venv NAME PACKAGE...
    local name=$1; shift
    [ -x "$ENV/$name/bin/python" ] || "$PYTHON" -m venv "$ENV/$name" || return
    "$ENV/$name/bin/python" -m pip install --disable-pip-version-check -q "$@"
}

npm_packages() {               # npm_packages NAME PACKAGE...
    local name=$1; shift
    mkdir -p "$ENV/$name" || return
    [ -f "$ENV/$name/package.json" ] || echo '{"private":true}' > "$ENV/$name/package.json"
    (cd "$ENV/$name" && npm install --no-audit --no-fund "$@")
}

build_loadgen()   { gcc -O2 -std=gnu11 -Wall -Wextra -Werror -o loadgen loadgen.c; }
build_new()       { venv new -e ..; }
build_new-compiled() { HATCH_BUILD_HOOK_ENABLE_CUSTOM=1 venv new-compiled ..; }
build_threading() { venv threading 'flask-socketio==5.6.1' simple-websocket; }
build_gevent()    { venv gevent 'flask-socketio==5.6.1' gevent gevent-websocket; }
build_asgi()      { venv asgi python-socketio 'uvicorn[standard]'; }
build_wsgi()      { venv wsgi flask gunicorn granian; }
build_tools()     { venv tools py-spy; }
build_node()      { npm_packages node 'socket.io@4.8'; }
build_node20()    {            # the node on PATH, if it is the version that the targets are about
    case "$(node --version)" in
        v20.*) mkdir -p "$ENV/node20" && ln -sfn "$(command -v node)" "$ENV/node20/node" ;;
        *) echo "the node on PATH is not version 20"; return 1 ;;
    esac
}
build_node26()    { npm_packages node26 'node@26' && "$ENV/node26/node_modules/.bin/node" --version; }
build_bun()       { npm_packages bun 'bun@1.4' '@socket.io/bun-engine@0.1' 'socket.io@4.8' &&
                    "$ENV/bun/node_modules/.bin/bun" --version; }
build_oxide()     { nice cargo build --release --manifest-path servers/oxide/Cargo.toml \
                                     --target-dir "$ENV/oxide"; }

mkdir -p "$ENV/logs" || exit 1
[ $# -gt 0 ] || set -- $ALL
for name in "$@"; do
    log="$ENV/logs/setup-$name.log"
    if ! [[ " $ALL " == *" $name "* ]]; then
        echo "unknown: $name (there are: $ALL)"; exit 2
    elif "build_$name" > "$log" 2>&1 < /dev/null; then
        echo "ready:   $name"
    else
        echo "SKIPPED: $name, $(tail -n 1 "$log" | cut -c 1-120) (whole log: $log)"
    fi
done

# What was installed, for the notes of a results file.
{
    for name in new new-compiled threading gevent asgi wsgi tools; do
        [ -x "$ENV/$name/bin/python" ] && echo "== $name" && "$ENV/$name/bin/python" -m pip freeze
    done
    for name in node node26 bun; do
        [ -d "$ENV/$name" ] && echo "== $name" && (cd "$ENV/$name" && npm ls --all 2> /dev/null)
    done
} > "$ENV/versions.txt"
# The generator is the one thing that nothing works without.
[ -x loadgen ]
