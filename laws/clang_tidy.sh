#!/bin/bash
# Reads one file with clang-tidy: clang_tidy.sh OUTPUT SOURCE COMPILER_FLAG...
# OUTPUT is made, empty, if nothing is found; otherwise the findings are printed.
set -u
output="$1"
source="$2"
shift 2
findings=$(clang-tidy --quiet --config-file=.clang-tidy "$source" -- "$@" 2>&1)
code=$?
if ((code != 0)); then
  echo "$findings" | grep -vE '^[0-9]+ warnings? (generated|treated as errors?)' >&2
  exit "$code"
fi
: >"$output"
