#!/bin/bash
# Tests merge_coverage.py: two gcov files and an lcov report add up; what is neither is refused.
set -eu
merge="$PWD/$1"
cd "$TEST_TMPDIR"
mkdir -p data
fail() {
  echo "FAILED: $1" >&2
  exit 1
}

gcov_json() { # NAME COUNT_OF_LINE_1
  cat <<JSON | gzip >"data/$1.gcov.json.gz"
{"files": [
  {"file": "audio/vad.cc",
   "lines": [{"line_number": 1, "count": $2}, {"line_number": 2, "count": 0}],
   "functions": [{"demangled_name": "f()", "start_line": 1, "execution_count": $2}]},
  {"file": "/usr/include/c++/12/vector",
   "lines": [{"line_number": 9, "count": 9}], "functions": []},
  {"file": "external/x/y.h", "lines": [{"line_number": 9, "count": 9}], "functions": []}]}
JSON
}

gcov_json one 3
gcov_json two 4
"$merge" --coverage_dir=data --output_file=merged.dat --filter_sources=/usr/lib/.+
grep -qx 'DA:1,7' merged.dat || fail "counts of one line add up"
grep -qx 'DA:2,0' merged.dat || fail "a line that never ran is 0"
grep -qx 'FNDA:7,f()' merged.dat || fail "counts of a function add up"
grep -qx 'LH:1' merged.dat || fail "one line was hit"
grep -qx 'LF:2' merged.dat || fail "there are two lines"
[[ $(grep -c '^SF:' merged.dat) == 1 ]] || fail "only sources of the workspace count"

printf '%s\n' merged.dat merged.dat missing.dat >reports.txt
"$merge" --reports_file=reports.txt --output_file=all.dat
grep -qx 'DA:1,14' all.dat || fail "reports add up"
grep -qx 'FNDA:14,f()' all.dat || fail "functions of reports add up"

printf 'SF:a.cc\nDA:one,1\n' >broken.dat
echo broken.dat >reports.txt
if "$merge" --reports_file=reports.txt --output_file=all.dat 2>message.txt; then fail "broken lcov is refused"; fi
grep -q 'broken.dat:2: not lcov' message.txt || fail "the message names the line"
echo 'no gzip' >data/bad.gcov.json.gz
if "$merge" --coverage_dir=data --output_file=merged.dat 2>message.txt; then fail "a broken gcov file is refused"; fi
grep -q 'bad.gcov.json.gz' message.txt || fail "the message names the file"
echo "passed"
