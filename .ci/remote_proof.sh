# shellcheck shell=bash
# What .ci/remote_cache_test and .ci/remote_execution_test have in common: a clone in a scratch folder, in which Bazel builds
# from nothing, and the suite over two performance tests of perf. One of them is the size of a program, of which the stored
# baseline is half, so that a right verdict is red however busy the machine is; times have no baseline.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
# In a hook these name the repository that is being changed, and what is done in a clone would be done there.
# shellcheck disable=SC2046
unset $(git rev-parse --local-env-vars)
proof=$(basename "$0")
work=$(mktemp -d)
failures=0
# Processes that end with the script.
servers=()
clone="$work/clone"
# Where the tests are built from nothing; another folder than that of the suite, which is built once.
base="$work/base"
results="$work/results"
# What the clone has, and a user of it: the root of Bazel's output trees.
root="--output_user_root=$work/bazel"
# shellcheck disable=SC2034
unit_tests=(//perf/stats:statistics_test //perf/stats:verdict_test)
# shellcheck disable=SC2034
perf_tests=(//perf:recorder_perf_test //perf:proof_size_perf_test)

clean_up() {
  ((${#servers[@]} > 0)) && kill "${servers[@]}" 2>/dev/null
  (cd "$clone" && bazel "$root" --output_base="$base" shutdown && bazel "$root" shutdown) >/dev/null 2>&1
  chmod -R u+w "$work"
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 2' INT TERM

fail() {
  echo "$proof: FAILED: $1" >&2
  tail -n 30 "$work/out" "$work/err" >&2
  failures=$((failures + 1))
}
need() { # PROGRAM PACKAGE
  command -v "$1" >/dev/null || PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null || {
    echo "$proof: there is no $1; install the package $2" >&2
    exit 2
  }
}
say() { echo "$proof: $1"; }

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
wait_for() { # WHAT COMMAND...
  local turn what="$1"
  shift
  for ((turn = 0; turn < 100; ++turn)); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.1
  done
  echo "$proof: $what does not start" >&2
  exit 2
}
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# What is committed here, with one more test.
make_clone() {
  git clone --quiet . "$clone" || exit 2
  cat >>"$clone/perf/BUILD.bazel" <<'END'

load("//perf:defs.bzl", "perf_binary_size")

perf_binary_size(
    name = "proof_size_perf_test",
    binary = "//perf/program:launcher",
    measurement = "perf.launcher.size",
    title = "Size of the Launcher",
)
END
  # The suite has these two and no other test, so that little is built; nothing is required of what others measure.
  python3 - "$clone/perf/requirements.textproto" <<'END'
import re, sys
text = open(sys.argv[1]).read()
kept = re.sub(r"(?m)^requirements \{[^}]*\}\n", lambda one: one[0] * ("perf.recorder." in one[0]), text)
open(sys.argv[1], "w").write(kept)
END
  sed -i -e '\|^        "//|d' -e 's|^    tests = \[|&"//perf:recorder_perf_test", "//perf:proof_size_perf_test"|' "$clone/baselines/BUILD.bazel"
  git -C "$clone" -c user.name=ci -c user.email=ci@localhost commit --quiet --all --message "a test whose figures are deterministic" || exit 2
  (cd "$clone" && ./bazelw "$root" build --config=ci //perf) >"$work/out" 2>"$work/err" || {
    fail "the suite does not build"
    exit 2
  }
}

# Forgets what was built in the base, as a new machine has it.
from_nothing() {
  (cd "$clone" && bazel "$root" --output_base="$base" shutdown) >/dev/null 2>&1
  if [[ -d "$base" ]]; then
    chmod -R u+w "$base"
    rm -rf "$base"
  fi
}

# Bazel's tests, in the base; the events are in $work/EVENTS.json.
test_in_base() { # EVENTS BAZEL_FLAGS TEST...
  local events="$1" flags="$2"
  shift 2
  # shellcheck disable=SC2086
  (cd "$clone" && ./bazelw "$root" --output_base="$base" test --config=ci $flags --build_event_json_file="$work/$events.json" \
    -- "$@") >"$work/out" 2>"$work/err"
}

# The suite, with Bazel in the base; the events are in $results/build_events.json.
suite() { # BAZEL_FLAGS ARGUMENT...
  local flags="$1"
  shift
  rm -rf "$results"
  (cd "$clone" && ./bazelw "$root" run --config=ci //perf -- "--bazel=bazel $root --output_base=$base" \
    "--bazel_flags=--config=ci $flags" --history=none --quick --confirm 0 --baseline_dir "$work/baselines" \
    --output_dir "$results" "$@") >"$work/out" 2>"$work/err"
}
expect_suite() { # EXIT_CODE MESSAGE WHAT BAZEL_FLAGS ARGUMENT...
  local code="$1" message="$2" what="$3" got
  shift 3
  suite "$@"
  got=$?
  [[ $got == "$code" ]] || fail "$what: exit code $got, expected $code"
  # Lines are wrapped.
  cat "$work/out" "$work/err" | tr '\n' ' ' | tr -s ' ' | grep -qF -- "$message" || fail "$what: no '$message'"
}

# The verdicts of the last run of the suite, and what could not be measured.
verdicts() {
  python3 - "$results/performance_report.json" <<'END'
import json, sys
report = json.load(open(sys.argv[1]))
for one in sorted(report["measurements"], key=lambda one: one["name"]):
    print(one["name"], one["verdict"])
print(*report.get("errors", []), sep="\n")
END
}

# Makes the stored size of the program half of what it is.
store_baselines() { # BAZEL_FLAGS
  expect_suite 0 "the baselines are written" "storing baselines" "$1" --update_baselines
  find "$work/baselines" -mindepth 1 -maxdepth 1 ! -name any-machine -exec rm -r {} +
  awk '/median|mean/ { $2 /= 2 } { print }' "$work/baselines/any-machine/perf.textproto" >"$work/halved"
  cp "$work/halved" "$work/baselines/any-machine/perf.textproto"
}

where_it_ran() { .ci/where_it_ran "$1" || fail "$1 has no counts"; }
# How many processes a kind of runner had, by an event file.
processes() { # FILE RUNNER
  where_it_ran "$1" | sed -n "s/^process: $2: //p" | grep . || echo 0
}
# Each of the tests was run so, and there are tests.
tests_ran() { # FILE RUNNER LABEL...
  local ran runner="$2" label
  # As a whole: who reads a part and ends would end the other with an error.
  ran=$(where_it_ran "$1" | grep '^test: ')
  shift 2
  for label; do
    grep -qx "test: $label: $runner" <<<"$ran" || return 1
  done
  ! grep -qv ": $runner$" <<<"$ran"
}

finish() {
  ((failures == 0)) && say passed
  exit $((failures > 0))
}
