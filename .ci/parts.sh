# shellcheck shell=bash
# What .ci/run and .ci/full are made of: parts that pass or fail, counted, timed, and summed up in the last lines.
# Read it from a script in .ci; it changes to the workspace's root.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
# In a hook these name the repository that is being changed, and what is done in a clone would be done there.
# shellcheck disable=SC2046
unset $(git rev-parse --local-env-vars)
passed=0
failed=0
failures=()
times=()
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# One line of the closing table.
took() { # NAME SECONDS RESULT
  times+=("$(printf '%6d s  %-28s %s' "$2" "$1" "$3")")
  echo "=== $1: $3, $2 s"
}

# Tests that may be left out here: those of packages that packages.txt calls extra, and that are not installed.
may_be_skipped() {
  local package tests
  while read -r package tests; do
    dpkg-query --show --showformat='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^[ih]i' || echo "$tests"
  done < <(sed -nE 's/^extra ([^ ]+) *# *(.*)/\1 \2/p' third_party/packages.txt)
}

# Bazel's tests: counts what its event file says of each test.
bazel_tests() { # NAME ARGUMENTS...
  local name="$1" events="$logs/events.json" start=$SECONDS counts
  shift
  echo "=== $name: ./bazelw test $*" | cut -c 1-300
  rm -f "$events"
  ./bazelw test --config=ci --build_event_json_file="$events" "$@"
  local code=$?
  counts=$(python3 - "$events" "$(may_be_skipped)" <<'PY'
import json, sys
passed, failed, skipped = 0, [], set()
may_be_skipped = sys.argv[2].split()
try:
    for line in open(sys.argv[1]):
        event = json.loads(line)
        identity = event["id"]
        if "testSummary" in event:
            if event["testSummary"]["overallStatus"] == "PASSED":
                passed += 1
            else:
                failed.append(identity["testSummary"]["label"])
        elif "targetCompleted" in identity and not event.get("completed", {}).get("success"):
            label = identity["targetCompleted"]["label"]
            if event.get("aborted", {}).get("reason") == "SKIPPED" and label in may_be_skipped:
                skipped.add(label)
            else:
                failed.append(label)
except (OSError, ValueError) as error:
    failed.append(f"(no events: {error})")
print(passed, len(set(failed)), len(skipped), *sorted(set(failed)))
PY
)
  read -r -a counts <<<"$counts"
  passed=$((passed + counts[0]))
  failed=$((failed + counts[1]))
  failures+=("${counts[@]:3}")
  # A failure that no test stands for, such as a BUILD file that cannot be read.
  if ((code != 0 && counts[1] == 0)); then
    failed=$((failed + 1))
    failures+=("$name (exit code $code)")
  elif ((counts[0] == 0 && counts[1] == 0)); then
    failed=$((failed + 1))
    failures+=("$name (no test ran)")
  fi
  took "$name" $((SECONDS - start)) \
    "${counts[0]} passed, ${counts[1]} failed$( ((counts[2] == 0)) || echo ", ${counts[2]} not here, for want of an extra package")"
}

# Each of the tests that were run last ran one of its cases at least: one that skips them all passes, and checks nothing.
some_case_ran() {
  python3 - "$logs/events.json" <<'PY'
import json, sys, urllib.parse, xml.etree.ElementTree
ran, tests = set(), set()
for line in open(sys.argv[1]):
    event = json.loads(line)
    for output in event.get("testResult", {}).get("testActionOutput", []):
        if output["name"] != "test.xml":
            continue
        test = event["id"]["testResult"]["label"]
        tests.add(test)
        cases = xml.etree.ElementTree.parse(urllib.parse.urlparse(output["uri"]).path).iter("testcase")
        if any(case.get("result") != "skipped" for case in cases):
            ran.add(test)
for test in sorted(tests - ran):
    print(f"{test}: every case is skipped")
sys.exit(not tests or tests != ran)
PY
}

check() { # NAME COMMAND...
  local name="$1" start=$SECONDS
  shift
  echo "=== $name"
  if "$@"; then
    passed=$((passed + 1))
    took "$name" $((SECONDS - start)) passed
  else
    failed=$((failed + 1))
    failures+=("$name")
    took "$name" $((SECONDS - start)) FAILED
  fi
}

# The closing lines; the exit code is 0 only if nothing failed.
finish() {
  local failure
  echo "=== what each part took"
  printf '%s\n' "${times[@]}"
  printf '%6d s  in all\n' "$SECONDS"
  for failure in "${failures[@]}"; do echo "failed: $failure"; done
  echo "$passed passed, $failed failed"
  ((failed == 0))
}

query() { ./bazelw query --noshow_progress --ui_event_filters=-info "$@"; }

cpp_files() { git ls-files '*.cc' '*.h'; }
starlark_files() { git ls-files '*.bzl' '*.bazel' '*.BUILD' WORKSPACE '*/WORKSPACE'; }
# Every file that begins with #! and a shell, and those that others read.
shell_files() { { git grep -lIE '^#!.*sh$' -- . && git ls-files '*.sh'; } | sort -u; }

format_cpp() { cpp_files | xargs clang-format --dry-run -Werror; }
# The sh_ rules, and what Starlark says of C++, are native in Debian's Bazel, and nowhere else to be had.
format_starlark() {
  starlark_files | xargs npx --yes @bazel/buildifier@8.2.1 -mode=check -lint=warn -warnings=-native-sh-test,-native-sh-binary,-native-cc-info,-native-cc-common
}
syntax_of_shell() {
  local file
  for file in $(shell_files); do bash -n "$file" || return 1; done
}

# What is built by name only: fuzzers, which need another compiler, what a check has to refuse, and tests in real time.
manual='attr(tags, "[\[ ]manual[,\]]", //...)'

# Tests with browsers and clients of others, which speak and hear in real time: a busy machine fails them, so they are no part of
# `bazel test //...`.
# shellcheck disable=SC2034
real_time='attr(tags, "[\[ ]real_time[,\]]", tests(//...))'

# Programs that no test needs, such as trainers.
programs() {
  local targets
  targets=$(query "kind('cc_binary rule', //...) except $manual") || return 1
  # shellcheck disable=SC2086
  ./bazelw build --config=ci $targets
}

# clang-tidy over the sources of the targets that a query selects; nothing selected is a failure.
clang_tidy() { # QUERY
  local targets
  if ./bazelw build --config=ci --config=clang_tidy //laws:unguarded >"$logs/unguarded" 2>&1 ||
    ! grep -q 'requires holding mutex .*\[clang-diagnostic-thread-safety-analysis' "$logs/unguarded"; then
    echo "clang-tidy does not find what //laws:unguarded does without its mutex:"
    cat "$logs/unguarded"
    return 1
  fi
  targets=$(query "($1) except $manual") && [[ -n "$targets" ]] || return 1
  # shellcheck disable=SC2086
  ./bazelw build --config=ci --config=clang_tidy --keep_going $targets
}

# The commit that a change began at: $CI_BASE, or where the branch left its upstream. A branch that is no further than its
# upstream, or has none, is taken to have begun 20 commits ago. Empty if it has no more than that.
base_commit() {
  local base="${CI_BASE:-}"
  [[ -n "$base" ]] || base=$(git merge-base HEAD '@{upstream}' 2>/dev/null)
  if [[ -z "$base" || "$base" == "$(git rev-parse HEAD)" ]]; then
    base=$(git rev-parse --quiet --verify 'HEAD~20')
  fi
  echo "$base"
}

# What changed since base_commit and is there still, one path a line.
changed_files() {
  local base
  base=$(base_commit)
  git diff --name-only --diff-filter=d "${base:-$(git hash-object -t tree /dev/null)}" && git ls-files --others --exclude-standard
}

# A query in which CHANGED stands for the C++ and proto files that changed. Those that no target names are left out.
query_changed() { # QUERY
  local changed code
  changed=$(changed_files) || return 1
  changed=$(grep -E '\.(cc|h|proto)$' <<<"$changed" | tr '\n' ' ')
  query --keep_going "${1//CHANGED/set($changed)}" 2>"$logs/query"
  code=$?
  # 3: some of it is no target.
  ((code == 0 || code == 3)) || { cat "$logs/query" >&2 && return 1; }
}

# clang-tidy over the libraries and programs of which a source or header changed; over all if what it is told has changed. A
# library's headers are read with its sources. Tests are left to .ci/full.
clang_tidy_changed() {
  local targets places='same_pkg_direct_rdeps(CHANGED)'
  if changed_files | grep -qE '^(\.clang-tidy|laws/clang_tidy\..*)$'; then places=//...; fi
  targets=$(query_changed \
    "kind('cc_(library|binary) rule', $places) except filter('/(testing|testdata|fuzz)[:/]', //...) except $manual") || return 1
  echo "of $(wc -w <<<"$targets") targets, sources changed since $(base_commit)"
  if [[ -n "$targets" ]]; then clang_tidy "set(${targets//$'\n'/ })"; fi
}

# Those tests of a query that test what changed, with a sanitizer: they depend on a changed file, or on a library with one. A
# header that everything includes would otherwise compile everything again; .ci/full does.
# More tests than max_sanitized are left to .ci/full, and the closing table says so: to compile a wide change twice more would take
# longer than everything else from a cold cache.
max_sanitized=30
sanitized_changed() { # NAME CONFIG QUERY
  local tests
  if ! tests=$(query_changed "($3) intersect rdeps(//..., CHANGED, 2)"); then
    failed=$((failed + 1))
    failures+=("$1 (which tests)")
  elif [[ -z "$tests" ]]; then
    took "$1" 0 "no test depends on what changed"
  elif (($(wc -l <<<"$tests") > max_sanitized)); then
    took "$1" 0 "left to .ci/full: $(wc -l <<<"$tests") tests depend on what changed"
  else
    # shellcheck disable=SC2086
    bazel_tests "$1" --config="$2" $tests
  fi
}

# Every fuzzer can be built. Those that a regular expression finds are, and run for a second from their corpus on.
fuzzers() { # REGULAR_EXPRESSION
  local targets target
  targets=$(query 'attr(tags, "[\[ ]fuzzer[,\]]", //...)') && [[ -n "$targets" ]] || return 1
  # shellcheck disable=SC2086
  ./bazelw build --config=ci --config=fuzz --nobuild $targets || return 1
  targets=$(grep -E "$1" <<<"$targets") || return 1
  # shellcheck disable=SC2086
  ./bazelw build --config=ci --config=fuzz $targets || return 1
  for target in $targets; do
    [[ "$target" =~ ^//(.*):(.*)_fuzzer$ ]] || return 1
    if ! laws/run_fuzzer "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" 1 >"$logs/fuzzer" 2>&1; then
      cat "$logs/fuzzer"
      return 1
    fi
  done
}

# A query of the tests that asan looks at in .ci/run: in perf, those of what reads files that others wrote. The rest of perf, which
# no input from outside reaches, is left to .ci/full.
tests_of_input() {
  echo "tests(//...) except attr(tags, '[\[ ](perf|heavy|manual)[,\]]', tests(//...)) except //perf/ab/... except //perf/counts/..." \
    "except //perf/gbench/... except //perf/mode/... except //perf/report/... except //perf/runner/... except" \
    "//perf/selfcheck/... except //perf/stats/..."
}

# A query of the tests of what has threads: a library whose sources include them, and who tests it directly. audio has one lock, in the
# resampler, and pipeline one, around Flite, and its runtime, telemetry, doors and transfers; all else there is of one thread, and left to .ci/full,
# as are tests that use one thread of what they depend on.
tests_with_threads() {
  local files alone="//session/sqlite:repair_test //session/sqlite:migrations_test //tools/json_schema:json_schema_test"
  files=$(git grep -lE '#include (<(thread|mutex|shared_mutex|condition_variable|future|atomic)>|"third_party/annotated_mutex\.h")|pthread_create' -- '*.cc' '*.h' |
    grep -vE '(^|/)testing/|_test\.cc$|^third_party/' | tr '\n' ' ')
  echo "tests(//...) except attr(tags, '[\[ ](perf|manual|notsan)[,\]]', tests(//...)) intersect rdeps(//..., set($files), 2) except //audio/... except //pipeline/... except set($alone) + //audio/signal:resampler_test + tests(//pipeline/runtime/...) + tests(//pipeline/telemetry/...) + tests(//pipeline/door/...) + tests(//pipeline/http/...) + tests(//pipeline/remote_speech/...)"
}

# The detectors' arithmetic on another instruction set.
aarch64() {
  if [[ ! -e /usr/lib/aarch64-linux-gnu/libgtest.a ]] || ! command -v aarch64-linux-gnu-gcc qemu-aarch64 ld.lld >/dev/null; then
    echo "This needs another architecture's libraries. As root: dpkg --add-architecture arm64 && apt-get update && apt-get install" \
      "g++-aarch64-linux-gnu qemu-user lld libabsl-dev:arm64 libgtest-dev:arm64 libgmock-dev:arm64"
    return 1
  fi
  ./bazelw test --config=ci --config=aarch64 //audio/vad/kernels/...
}

# The components' coverage, printed, and as pages.
coverage() {
  ./bazelw coverage --config=ci //... && ./bazelw run --config=ci //development:coverage_html -- bazel-out/_coverage/_coverage_report.dat "$logs/coverage"
}

# Against the stored counts.
counts() {
  ./bazelw run --config=ci //perf -- --bazel_flags=--config=ci --counts --output_dir "$logs/counts"
}

# The main job: every requirement is met, and nothing is worse than before.
suite_at_default_loads() {
  ./bazelw run --config=ci //perf -- --bazel_flags=--config=ci --output_dir "$logs/suite"
}

# What both scripts prove first. How much of the documentation's commands and of the suite's own test: light or all.
common_parts() { # light|all
  bazel_tests "tests" //...
  check "cases that run" some_case_ran
  check "programs" programs
  check "format of C++" format_cpp
  check "format of Starlark" format_starlark
  check "syntax of shell" syntax_of_shell
  check "laws" .ci/laws
  check "what macros refuse" .ci/starlark_test
  check "documentation" .ci/docs_test "$1"
  check "gate" .ci/gate_test
  check "counts" counts
  check "suite" .ci/suite_test "$1"
}

# Node.js from elsewhere has an npm of its own, beside which the distribution's cannot be installed.
if command -v npx >/dev/null; then
  grep -vx npm .ci/packages.txt >"$logs/packages.txt"
else
  cp .ci/packages.txt "$logs/packages.txt"
fi
third_party/install_packages "$logs/packages.txt" || exit 2
