#!/bin/bash
# The command as its users type it.
set -u
tool="$PWD/tools/tool"
cd "$TEST_TMPDIR" || exit 2
failures=0
fail() {
  echo "FAILED: $1" >&2
  cat out err >&2
  failures=$((failures + 1))
}
expect() { # EXIT_CODE TEXT ARGUMENTS...
  local code="$1" text="$2"
  shift 2
  "$tool" "$@" >out 2>err
  local got=$?
  [[ $got == "$code" ]] || fail "$*: exit code $got, expected $code"
  cat out err | grep -qF -- "$text" || fail "$*: no '$text'"
}

expect 0 "Commands:" --help
expect 2 "no command is given"
expect 2 "there is no command 'sing'" sing
expect 2 "validate takes no argument" validate x
expect 2 "--schema is missing" validate
expect 2 "there is no flag 'frob'" validate --frob
expect 2 "--schema needs a value" validate --schema

echo '{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}' >schema.json
echo '{"a":1}' >valid.json
echo '{"a":"x"}' >invalid.json
echo '{"a":' >malformed.json
echo '{"typ":"object"}' >refused.json
expect 2 "--instance is missing" validate --schema schema.json
expect 0 "valid" validate --schema schema.json --instance valid.json
expect 1 "invalid: at '/a': type: is string, expected integer" validate --schema schema.json --instance invalid.json
expect 1 "invalid: the value is not JSON: at byte" validate --schema schema.json --instance malformed.json
expect 2 "refused.json: schema '/typ' is a keyword" validate --schema refused.json --instance valid.json
expect 2 "malformed.json: the schema is not JSON" validate --schema malformed.json --instance valid.json
expect 2 "cannot read missing.json" validate --schema missing.json --instance valid.json
expect 2 "cannot read missing.json" validate --schema schema.json --instance missing.json
expect 2 "cannot read ." validate --schema . --instance valid.json
expect 0 "valid" validate --schema schema.json --instance - <valid.json
expect 1 "lacks the property 'a'" validate --schema schema.json --instance - <<<'{}'
expect 0 "valid" validate --schema - --instance valid.json <schema.json
mkdir -p elsewhere
(cd elsewhere && BUILD_WORKING_DIRECTORY="$TEST_TMPDIR" "$tool" validate --schema schema.json --instance valid.json) \
  >out 2>err || fail "validate below bazel run"
expect 2 "only one of" validate --schema - --instance -

cat >batch.jsonl <<'END'
{"schema":{"type":"integer"},"instance":1,"id":"first"}

{"schema":true,"instance":null,"valid":true}
END
expect 0 '{"line":1,"id":"first","valid":true}' validate --batch batch.jsonl
expect 0 '{"line":3,"valid":true}' validate --batch - <batch.jsonl
echo '{"schema":{"properties":{"p":{"type":"integer"}}},"instance":{"p":"x"},"id":7}' >>batch.jsonl
expect 1 '{"line":4,"id":7,"valid":false,"error":{"instance":"/p","keyword":"type","message":"is string, expected integer"}}' validate --batch batch.jsonl
echo '{"schema":{"typ":1},"instance":1}' >>batch.jsonl
expect 2 '{"line":5,"schema_error":"schema '"'/typ'"' is a keyword this validator does not know"}' validate --batch batch.jsonl
expect 2 '{"line":1,"schema_error":"the line is not JSON' validate --batch - <<<'{'
expect 2 '{"line":1,"schema_error":"the line is not an object"}' validate --batch - <<<'[]'
expect 2 "the line lacks 'schema' or 'instance'" validate --batch - <<<'{"schema":true}'
deep="$(printf '[%.0s' {1..500})$(printf ']%.0s' {1..500})"
expect 2 "the line is nested too deeply" validate --batch - <<<'{"schema":true,"instance":'"$deep"'}'
expect 2 "cannot read missing.jsonl" validate --batch missing.jsonl
expect 2 "--batch goes without" validate --batch batch.jsonl --schema schema.json

[[ $failures == 0 ]]
