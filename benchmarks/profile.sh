#!/bin/bash
# Where does a Python server spend its time under load?
#
#   bash profile.sh SERVER 'LOADGEN ARGUMENTS' [SECONDS]
#   bash profile.sh new 'echo --conns 50 --depth 16'
#
# Starts the server of peers.py on one CPU and loadgen on another, lets py-spy record for SECONDS
# (10), and prints the functions with the most time. The stacks stay in profiles/SERVER-MODE.txt, one
# line each: speedscope and flamegraph.pl read that file as it is.
# PYSPY holds more options for py-spy, for example PYSPY='--native' or PYSPY='--gil --threads'. py-spy
# stops the server for each sample: one with hundreds of threads slows down to a half or less, and
# PYSPY=--nonblocking, which does not stop it, loses the samples of short calls.
set -u
[ $# -ge 2 ] || { sed -n '2,13p' "$0" | cut -c 3-; exit 2; }
cd "$(dirname "$0")" || exit 1
name=$1 load=$2 seconds=${3:-10}
env=$(realpath -m "${BENCH_ENV:-env}")
python="${BENCH_PYTHON:-../.venv/bin/python}"
[ -x "$python" ] || python=python3
mkdir -p profiles logs
stacks="profiles/$name-${load%% *}.txt"
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
command=$("$python" peers.py "$name" "$port") || exit 1

eval "exec taskset -c 0 $command" > "logs/$name.log" 2>&1 < /dev/null &
server=$!
trap 'kill $server $generator 2> /dev/null' EXIT
generator=
for _ in $(seq 100); do
    "$python" check.py "$port" http > /dev/null 2>&1 && break
    kill -0 $server 2> /dev/null || { tail -n 3 "logs/$name.log"; exit 1; }
    sleep 0.1
done

# Two seconds of load before the recording, one after it.
# shellcheck disable=SC2086
taskset -c 1 ./loadgen $load --port "$port" --warmup 2 --secs $((seconds + 1)) > "$stacks.load" &
generator=$!
sleep 2
# shellcheck disable=SC2086
taskset -c 1 "$env/tools/bin/py-spy" record --rate 100 --duration "$seconds" --format raw \
    ${PYSPY:-} --output "$stacks" --pid $server > "logs/py-spy.log" 2>&1 ||
    { tail -n 3 "logs/py-spy.log"; exit 1; }
wait $generator
sed -n 's/.*"rate":\([0-9.]*\).*/rate under py-spy: \1 per second/p' "$stacks.load"
rm -f "$stacks.load"

"$python" - "$stacks" <<'SUMMARY'
import collections
import re
import sys

alone, with_callees, total = collections.Counter(), collections.Counter(), 0
for line in open(sys.argv[1]):
    stack, _, samples = line.rpartition(" ")
    # "function (file:line)" without the line; native frames have none
    functions = [re.sub(r":\d+\)$", ")", frame) or "(unknown)" for frame in stack.split(";")]
    total += int(samples)
    alone[functions[-1]] += int(samples)
    for function in set(functions):
        with_callees[function] += int(samples)
for title, counter in ("itself", alone), ("with what it calls", with_callees):
    print(f"\n% of {total} samples, {title}")
    for function, samples in counter.most_common(25):
        print(f"{100 * samples / max(total, 1):6.1f}  {function}")
SUMMARY
