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

# The built-in tools.
expect 0 "convert_units" list
expect 0 '"readOnlyHint":true' list --json
expect 0 '{"type":"function","function":{"name":"calculator"' list --json --format openai
expect 2 "there is no format 'xml'" list --json --format xml
expect 0 '"required"' describe convert_units
expect 2 "there is no tool 'nothing'" describe nothing
expect 2 "describe takes one argument" describe
expect 0 "3 miles is 4.828032 kilometers." call convert_units '{"value":3,"from":"mile","to":"km"}'
expect 0 '{"value":42}' call calculator '{"expression":"6*7"}' --json
expect 0 '"parlance.tool.ending":"succeeded"' call calculator '{"expression":"6*7"}' --record
expect 1 "/value: is string, expected number" call convert_units '{"value":"x","from":"mile","to":"km"}'
expect 1 "the arguments are not JSON" call calculator '{'
expect 1 "division by zero" call calculator '{"expression":"1/0"}'
expect 2 "there is no tool 'nothing'" call nothing
expect 2 "--timeout has to be positive" call calculator '{"expression":"1"}' --timeout 0s

# Programs.
cat >programs.json <<'EOF'
{"tools":[{"name":"shout","description":"Says it loudly.","inputSchema":{"type":"object","required":["text"]},
  "command":["tr","a-z","A-Z"]},{"name":"hang","description":"Hangs.","command":["sleep","1000"]}]}
EOF
expect 0 "shout" list --tools programs.json
expect 0 '{"TEXT":"HELLO"}' call shout '{"text":"hello"}' --tools programs.json
expect 1 "lacks the property 'text'" call shout --tools programs.json
expect 1 "deadline_exceeded" call hang --tools programs.json --timeout 50ms
expect 2 "cannot read missing.json" list --tools missing.json
echo '[{"name":"a","description":"b"}]' >none.json
expect 2 "none.json: tool 'a' has no \"command\"" list --tools none.json

# Definitions of others.
expect 0 "shout: can be used" import programs.json
expect 2 "import takes a file, or --mcp" import
echo '[{"name":"a b","description":"x"},{"name":"fine","description":"z","parameters":{"type":"object"}}]' >openai.json
expect 1 "a b: refused: tool name 'a b' is not" import openai.json --output imported.json
grep -q '"name": "fine"' imported.json || fail "imported.json has no tool"
expect 2 "tool 0: a tool is not an object" import - <<<'[3]'
expect 0 "fine: can be used" import imported.json

# Served, and used by ourselves.
expect 2 "serve needs --stdio" serve
expect 0 "The answer is 42." call calculator '{"expression":"6*7"}' --mcp "$tool serve --stdio"
expect 0 "shout: can be used" import --mcp "$tool serve --stdio --tools $PWD/programs.json"
expect 2 "exited with status 127" list --mcp no_such_server
expect 2 "cannot use 'http://127.0.0.1:9/'" list --mcp http://127.0.0.1:9/

[[ $failures == 0 ]]
