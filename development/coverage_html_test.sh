#!/bin/bash
# Tests coverage_html.py: the figures of each component, the pages, and what is said without a report or without genhtml.
set -u
program="$PWD/$1"
cd "$TEST_TMPDIR" || exit 1
failures=0
fail() {
  echo "FAILED: $1" >&2
  cat out err >&2
  failures=$((failures + 1))
}
# EXIT_CODE WHAT ARGUMENTS...
run() {
  local code="$1" what="$2" got
  shift 2
  python3 "$program" "$@" >out 2>err
  got=$?
  [[ $got == "$code" ]] || fail "$what: exit code $got, expected $code"
}
record() { # SOURCE LINES_HIT LINES FUNCTIONS_HIT FUNCTIONS
  printf 'SF:%s\nFNF:%s\nFNH:%s\nDA:1,1\nLH:%s\nLF:%s\nend_of_record\n' "$1" "$5" "$4" "$2" "$3"
}
{ record audio/vad/a.cc 3 4 1 1; record audio/b.cc 1 4 0 1; record tools/c.cc 0 2 0 0; } >report.dat
# Stands for lcov's, and leaves what it was told.
mkdir -p bin
cat >bin/genhtml <<'STUB'
#!/bin/bash
while (($# > 1)); do
  [[ "$1" == --output-directory ]] && folder="$2"
  shift
done
[[ -e broken ]] && exit 3
mkdir -p "$folder" && grep SF: "$1" >"$folder/index.html"
STUB
chmod +x bin/genhtml
PATH="$PWD/bin:$PATH"

run 0 "a report" report.dat pages
grep -qE '^audio +4 of 8 +50\.0 % +1 of 2 +50\.0 %$' out || fail "no figures of audio"
grep -qE '^tools +0 of 2 +0\.0 % +0 of 0 +-$' out || fail "no figures of tools"
grep -qE '^all +4 of 10 +40\.0 % +1 of 2 +50\.0 %$' out || fail "no figures of all"
[[ "$(cat pages/audio/index.html)" == $'SF:audio/vad/a.cc\nSF:audio/b.cc' ]] || fail "the pages of audio are of others"
grep -q 'href="tools/index.html"' pages/index.html || fail "the first page does not lead to tools"

touch broken
run 2 "genhtml fails" report.dat pages
rm broken
run 2 "no report" none.dat pages
grep -q 'run ./bazelw coverage //... first' err || fail "it does not say what to do"
head -n 3 report.dat >cut.dat
run 2 "a report that was cut" cut.dat pages
grep -q 'no tracefile' err || fail "it does not say what is wrong"
: >empty.dat
run 2 "an empty report" empty.dat pages
run 2 "too many arguments" a b c
run 0 "help" --help
rm bin/genhtml
hash -r
if ! command -v genhtml >/dev/null; then
  run 2 "no genhtml" report.dat pages
  grep -q 'apt-get install lcov' err || fail "it does not say which package"
  grep -q '^audio' out || fail "no table without genhtml"
fi
exit $((failures > 0))
