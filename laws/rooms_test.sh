#!/bin/bash
# Made-up rooms that rooms.py must reject, and others that it must not: rooms_test.sh ROOMS_PY
set -u
rooms="$PWD/$1"
cd "$TEST_TMPDIR" || exit 2
failures=0

# Makes a file in the made-up workspace, with the lines of standard input.
file() { # NAME
  mkdir -p "$(dirname "$1")"
  cat >"$1"
}
expect() { # COMMAND EXPECTED
  local got
  got=$(find . -type f | sed 's|^\./||' | sort | python3 "$rooms" "$1")
  if [[ "$got" != "$2" ]]; then
    printf 'FAILED: %s prints:\n%s\ninstead of:\n%s\n' "$1" "$got" "$2" >&2
    failures=$((failures + 1))
  fi
}
begin() { rm -rf -- ./*; }

begin
file a/one.h <<<'#include "b/two.h"'
file b/two.h <<<'#include "a/three.h"'
file a/three.h <<<'#include <vector>'
expect cycles "include one another: a, b
  a/one.h includes b/two.h
  b/two.h includes a/three.h"

# Around three rooms, by a proto, from a folder within a room; c is in no cycle.
begin
file a/one.cc <<<'#include "a/inner/two.pb.h"'
file a/inner/two.proto <<<'import "b/three.proto";'
file b/three.proto <<<'import public "a/four.proto";'
file a/four.proto <<<''
file c/five.cc <<<'# include "a/one.h"'
file a/one.h <<<'#include "absl/status/status.h"'
expect cycles "include one another: a, a/inner, b
  a/one.cc includes a/inner/two.proto
  a/inner/two.proto includes b/three.proto
  b/three.proto includes a/four.proto"
expect graph "a -> a/inner
a/inner -> b
b -> a
c -> a"

# What composes is not bound, and what is in testing/ belongs to its room.
begin
file a/one.h <<<'#include "b/two.h"'
file b/two.h <<<''
for exempt in b/two_test.cc b/two_benchmark.cc b/two_main.cc b/testing/fake.h b/fuzz/x.cc; do
  file "$exempt" <<<'#include "a/one.h"'
done
expect cycles ""
file b/count_benchmarks.cc <<<'#include "a/testing/fake.h"'
file a/testing/fake.h <<<''
expect cycles "include one another: a, b
  a/one.h includes b/two.h
  b/count_benchmarks.cc includes a/testing/fake.h"

begin
file a/one.h <<<'#include "a/moved.h"'
expect cycles "a/one.h includes a/moved.h, which does not exist"

# A package with sources has a README; data, tests' helpers and overlays need none.
begin
file a/BUILD.bazel <<<''
file a/one.cc <<<''
file a/testing/BUILD.bazel <<<''
file a/testing/fake.cc <<<''
file b/BUILD.bazel <<<''
file b/one.bzl <<<''
file b/README.md <<<'# b'
file data/BUILD.bazel <<<''
file third_party/rules/BUILD.bazel <<<''
file third_party/rules/defs.bzl <<<''
expect unexplained "a/README.md does not exist"
file a/README.md <<<'`one.h`, `../b/other.h`, `*_table.h`'
for header in one other sine_table testing/fake; do file "a/$header.h" <<<''; done
expect unexplained "a/README.md does not name other.h"

# Tests, and what serves them, make no room crowded.
begin
for ((i = 0; i < 25; ++i)); do
  file "a/s$i.cc" <<<''
  file "a/s${i}_test.cc" <<<''
  file "a/testing/s$i.cc" <<<''
  file "b/s$i.h" <<<''
done
expect crowded ""
file a/one.proto <<<''
expect crowded "a has 26 sources, and 25 are the limit"

if python3 "$rooms" cycles </dev/null 2>/dev/null; then
  echo "FAILED: nothing to look at is no error" >&2
  failures=$((failures + 1))
fi
exit $((failures > 0))
