#!/bin/bash
# Whether program_test.sh fails a program that breaks its rules, and says each of them.
set -u
folder=command/testing
failures=0
"$folder/program_test.sh" "$folder/careless.sh" "$folder/careless_cases.sh" >"$TEST_TMPDIR/said" 2>&1
got=$?
if [[ $got != 1 ]]; then
  echo "FAILED: exit code $got, expected 1" >&2
  failures=1
fi
while read -r line; do
  if ! grep -qF -- "FAILED: $line" "$TEST_TMPDIR/said"; then
    echo "FAILED: program_test.sh does not say: $line" >&2
    failures=1
  fi
done <<'LINES'
--help: no '  0  it was done'
-h: no '  2  it could not be done, or the command line is wrong'
--help: prints what a terminal obeys
--frobnicate: exit code 1, expected 2
--frobnicate: no 'there is no flag --frobnicate'
--frobnicate=1: no 'see careless.sh --help'
--help >/dev/full: exit code 0, expected 2
--help >/dev/full: does not say so
--help | true: prints an error
--help >&-: exit code 0, expected 2
change kept: changes kept
leaves ./.output-careless
LINES
exit $((failures > 0))
