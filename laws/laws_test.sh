#!/bin/bash
# laws_test.sh KEPT... -- BROKEN...: lists of targets that break a law. The first must be empty, the others not.
set -u
failures=0
must_be_empty=true
for list in "$@"; do
  if [[ "$list" == "--" ]]; then
    must_be_empty=false
  elif $must_be_empty && [[ -s "$list" ]]; then
    echo "The law of '${list##*/}' is broken by a dependency on:" >&2
    sed 's/^/  /' "$list" >&2
    failures=$((failures + 1))
  elif ! $must_be_empty && [[ ! -s "$list" ]]; then
    echo "The query of '${list##*/}' found nothing, though there is something to find" >&2
    failures=$((failures + 1))
  fi
done
exit $((failures > 0))
