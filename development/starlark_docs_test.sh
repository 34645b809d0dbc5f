#!/bin/bash
# docs/rules.md is what starlark_docs.py makes of perf/defs.bzl; and what has no documentation is refused.
# Arguments: starlark_docs.py, defs.bzl, rules.md.
set -u
program="$PWD/$1"
failures=0
if ! diff -u "$3" <(python3 "$program" "$2" @parlance//perf:defs.bzl); then
  echo "FAILED: docs/rules.md is not current; run: development/starlark_docs.py perf/defs.bzl @parlance//perf:defs.bzl >docs/rules.md" >&2
  failures=$((failures + 1))
fi
cd "$TEST_TMPDIR" || exit 1
refused() { # MESSAGE, and a file as standard input
  cat >a.bzl
  if python3 "$program" a.bzl a.bzl >out 2>err || ! grep -qF -- "$1" err; then
    echo "FAILED: no '$1'" >&2
    cat err >&2
    failures=$((failures + 1))
  fi
}
refused "the file has no docstring" <<<'def _private(): pass'
refused "f is public and has no docstring" <<<$'"""Module."""\ndef f(name):\n    pass'
refused "f: its docstring does not describe its parameters in their order: name, deps" \
  <<<$'"""Module."""\ndef f(name, deps):\n    """What.\n\n    Args:\n      name: its name.\n    """'
refused "r is public and has no doc" <<<$'"""Module."""\nr = rule(implementation = _r)'
exit $((failures > 0))
