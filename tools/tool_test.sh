# shellcheck shell=bash
# The command as its users type it.

expect 0 "Commands:" --help
"$program" --help | awk 'length > 100 { exit 1 }' || fail "the help has a line of more than 100 columns"
expect 2 "no command is given"
expect 2 "there is no command 'sing'" sing
expect 2 "validate takes no argument" validate x
expect 2 "--schema is missing" validate
expect 2 "there is no flag --frob" validate --frob
expect 2 "--schema needs a value" validate --schema

echo '{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}' >schema.json
echo '{"a":1}' >valid.json
echo '{"a":"x"}' >invalid.json
echo '{"a":' >malformed.json
echo '{"typ":"object"}' >refused.json
echo '{"schema":true,"instance":1}' >batch_line.jsonl
expect 2 "--instance is missing" validate --schema schema.json
expect 0 "valid" validate --schema schema.json --instance valid.json
expect 1 "invalid: at '/a': type: is string, expected integer" validate --schema schema.json --instance invalid.json
expect 1 "invalid: the value is not JSON: at byte" validate --schema schema.json --instance malformed.json
expect 2 "refused.json: schema '/typ' is a keyword" validate --schema refused.json --instance valid.json
expect 2 "malformed.json: the schema is not JSON" validate --schema malformed.json --instance valid.json
expect 2 "cannot read missing.json" validate --schema missing.json --instance valid.json
expect 2 "cannot read missing.json" validate --schema schema.json --instance missing.json
expect 2 "cannot read .: it is a folder" validate --schema . --instance valid.json
expect 2 "cannot read .: Is a directory" validate --batch .
mkfifo fifo
cat schema.json >fifo &
expect 0 "valid" validate --schema fifo --instance valid.json
cat batch_line.jsonl >fifo &
expect 0 '{"line":1,"valid":true}' validate --batch fifo
expect 1 "the value is not JSON" validate --schema schema.json --instance /dev/null
expect 0 "" validate --batch /dev/null
expect 2 "it has more than 67108864 bytes, which is the limit" validate --schema /dev/zero --instance valid.json
expect 2 "cannot read /dev/zero: it has more than" import /dev/zero
expect 2 "standard input: it has more than" import - </dev/zero
expect 0 "valid" validate --schema schema.json --instance - <valid.json
expect 1 "lacks the property 'a'" validate --schema schema.json --instance - <<<'{}'
expect 0 "valid" validate --schema - --instance valid.json <schema.json
for number in 1e400 -1e400 1e-400; do
  expect 2 "standard input: the value is beyond what can be checked: at byte 5 (line 1): Number too" validate --schema schema.json --instance - <<<"{\"a\":$number}"
done
cp valid.json both_ways.json
"$program" validate --batch both_ways.json >>both_ways.json 2>err && fail "standard output is the batch"
grep -q "cannot write standard output: it is the same file as both_ways.json" err || fail "standard output is the batch: $(cat err)"
cmp -s valid.json both_ways.json || fail "results were added to the batch"
mkdir -p elsewhere
(cd elsewhere && BUILD_WORKING_DIRECTORY="$TEST_TMPDIR" "$program" validate --schema schema.json --instance valid.json) \
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
expect 0 '{"line":1,"id":[12345678901234567890123,-0,1E5],"valid":true}' validate --batch - <<<'{"id": [12345678901234567890123, -0, 1E5],"schema":{"const":1E5},"instance":100000}'
echo '{"schema":{"typ":1},"instance":1}' >>batch.jsonl
expect 2 '{"line":5,"schema_error":"schema '"'/typ'"' is a keyword this validator does not know"}' validate --batch batch.jsonl
expect 2 '{"line":1,"schema_error":"the line is not JSON' validate --batch - <<<'{'
expect 2 '{"line":1,"schema_error":"the line is not an object"}' validate --batch - <<<'[]'
expect 2 "the line lacks 'schema' or 'instance'" validate --batch - <<<'{"schema":true}'
deep="$(printf '[%.0s' {1..500})$(printf ']%.0s' {1..500})"
expect 2 "(line 1): nested deeper than 256 levels, the limit" validate --batch - <<<'{"schema":true,"instance":'"$deep"'}'
expect 2 "cannot read missing.jsonl" validate --batch missing.jsonl
expect 2 "--batch cannot be combined with --schema or --instance" validate --batch batch.jsonl --schema schema.json

# The built-in tools.
expect 0 "convert_units" list
expect 0 '"readOnlyHint":true' list --json
expect 0 '{"type":"function","function":{"name":"calculator"' list --json --format openai
expect 2 "there is no format 'xml'; --format is mcp or openai" list --json --format xml
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
expect 0 "The answer is 123456.78." call calculator '{"expression":"123456.78"}'
expect 0 "The answer is 12345678.9." call calculator '{"expression":"12345678.9"}'
expect 0 "The answer is 0.3." call calculator '{"expression":"0.1+0.2"}'
expect 1 "the arguments are not JSON: at byte 0 (line 1): Invalid value. JSON has no NaN." call calculator NaN
expect 2 "--timeout must be positive, but is 0" call calculator '{"expression":"1"}' --timeout 0s

# Programs.
cat >programs.json <<'EOF'
{"tools":[{"name":"shout","description":"Says it loudly.","inputSchema":{"type":"object","required":["text"]},
  "command":["tr","a-z","A-Z"]},{"name":"hang","description":"Hangs.","command":["sleep","1000"]}]}
EOF
expect 0 "shout" list --tools programs.json
expect 0 '{"TEXT":"HELLO"}' call shout '{"text":"hello"}' --tools programs.json
expect 1 "lacks the property 'text'" call shout --tools programs.json
expect 2 "deadline_exceeded" call hang --tools programs.json --timeout 50ms
cat >broken.json <<'EOF'
{"tools":[{"name":"missing","description":"x","command":["/nonexistent"]},
  {"name":"killed","description":"x","command":["sh","-c","kill -9 $$"]},
  {"name":"chatters","description":"x","command":["echo","hello"]},
  {"name":"floods","description":"x","command":["yes"]},
  {"name":"says_no","description":"x","command":["sh","-c","echo no such city >&2; exit 3"]}]}
EOF
expect 2 "unavailable: cannot start '/nonexistent'" call missing --tools broken.json
expect 2 "unavailable: the program was ended by signal 9" call killed --tools broken.json
expect 2 "unavailable: the program's result is not JSON" call chatters --tools broken.json
expect 2 "unavailable: the program's result has more than 1048576 bytes" call floods --tools broken.json
expect 1 "failed: the program exited with status 3: no such city" call says_no --tools broken.json
expect 2 "cannot read missing.json" list --tools missing.json
echo '[{"name":"a","description":"b"}]' >none.json
expect 0 "'a' cannot be used: it has no \"command\"" list --tools none.json
echo '{"tools":[7,{"name":"odd","description":"x","inputSchema":"x","command":["true"]},{"description":"x"},
  {"name":"fine","description":"It is.","command":["cat"]},{"name":"fine","description":"Again.","command":["cat"]}]}' >mixed.json
expect 0 "fine  It is." list --tools mixed.json
expect 0 "tool: 'tool 1' cannot be used: a tool is not an object" list --tools mixed.json
expect 0 "tool: 'tool 3' cannot be used: a tool has no name" list --tools mixed.json
expect 0 "tool: 'odd' cannot be used" list --tools mixed.json
expect 0 "tool: 'fine' cannot be used: there is a tool 'fine' already" list --tools mixed.json
expect 2 "tool: 'odd' cannot be used" call odd --tools mixed.json
expect 2 "tool: 'odd' cannot be used" describe odd --tools mixed.json
echo '{"tools":7}' >no_list.json
expect 2 'no_list.json: "tools" is not an array' list --tools no_list.json

# Definitions of others.
expect 0 "shout: can be used" import programs.json
expect 2 "import takes either a file or --mcp" import
echo '[{"name":"a b","description":"x"},{"name":"fine","description":"z","parameters":{"type":"object"}}]' >openai.json
expect 1 "a b: refused: tool name 'a b' is not" import openai.json --output imported.json
grep -q '"name": "fine"' imported.json || fail "imported.json has no tool"
expect 1 "tool 1: refused: a tool is not an object" import - <<<'[3]'
expect 2 "a tool is not an object" import - <<<'3'
expect 0 "fine: can be used" import imported.json

# What an import does not keep is said, and what it keeps is as it was written.
cat >rich.json <<'EOF'
[{"type":"function","function":{"name":"strict","description":"x","strict":true,"parameters":{"maximum":1E5,"multipleOf":0.10}}},
  {"name":"rich","description":"x","inputSchema":{"type":"object"},"icons":[{"src":"a"}],"execution":{"taskSupport":"optional"},
   "annotations":{"title":"Rich","mood":"good"},"_meta":{"parlance/version":"1","example.org/a":1},"nothing":null},
  {"name":"ever","description":"x","parameters":true}]
EOF
expect 0 "strict: can be used; not kept: strict" import rich.json --output kept.json
grep -qxF "rich: can be used; not kept: icons, execution, annotations/mood, _meta/example.org/a" out || fail "import: what is not kept: $(cat out)"
grep -qF '"maximum": 1E5' kept.json || fail "import changes a number: $(cat kept.json)"
grep -qF '"multipleOf": 0.10' kept.json || fail "import changes a number: $(cat kept.json)"
[[ $(tr -d ' \n' <kept.json) == *'"name":"ever","description":"x","inputSchema":{"type":"object"}'* ]] || fail "import: parameters that are true: $(cat kept.json)"

# A tool that nobody could call, one without a description, and a command that would be another.
echo '[{"name":"never","parameters":false},{"name":"listed","inputSchema":{"type":"array"}},{"name":"plain"}]' >odd.json
expect 1 "never: refused: tool 'never' can never be called: its arguments are an object" import odd.json
grep -qF "listed: refused: tool 'listed' can never be called" out || fail "import: arguments that are an array: $(cat out)"
grep -qxF "plain: can be used" out || fail "import: no description: $(cat out)"
echo '{"tools":[{"name":"cut","command":["echo","1\u0000x"]}]}' >cut.json
expect 2 "'cut' cannot be used: 'command' has a NUL" call cut --tools cut.json

# Numbers pass through with all their digits.
echo '{"tools":[{"name":"echo","description":"x","command":["cat"]}]}' >echo.json
digits='{"n":12345678901234567890123,"z":-0,"e":1E5}'
expect 0 "$digits" call echo "$digits" --tools echo.json
expect 0 "$digits" call echo "$digits" --tools echo.json --json
expect 0 "$digits" call echo " $digits " --mcp "$program serve --stdio --tools $PWD/echo.json" --json

# Served, and used by ourselves.
expect 2 "serve needs --stdio" serve
expect 0 "The answer is 42." call calculator '{"expression":"6*7"}' --mcp "$program serve --stdio"
expect 0 "shout: can be used" import --mcp "$program serve --stdio --tools $PWD/programs.json"
expect 2 "exited with status 127: /bin/sh: 1: exec: no_such_server: not found" list --mcp no_such_server
expect 2 "cannot use the server of --mcp: it is not a URL of http or https" list --mcp ftp://secret@127.0.0.1/
expect 2 "cannot use 'http://127.0.0.1:9'" list --mcp http://127.0.0.1:9/
cat >server.py <<'EOF'
import http.server, json
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, result = 200, {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}}
        if asked["method"] == "tools/list":
            result = {"tools": [{"name": "t", "inputSchema": {"type": "object"}}]}
        if asked["method"] == "tools/call":
            word = self.path.strip("/")
            status = int(word) if word.isdigit() else 200
            result = {"content": [{"type": "text", "text": "no such city"}], "isError": True} if word == "error" else {}
        body = json.dumps({"jsonrpc": "2.0", "id": asked.get("id"), "result": result}).encode() if "id" in asked else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.send_error(405)
    def log_message(self, *arguments):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
EOF
start_server server.py
expect 1 "failed: no such city" call t --mcp "$url/error"
for status in 307 401 403 404 429 503; do
  expect 2 "unavailable: the server answers with HTTP status $status" call t --mcp "$url/$status"
done
expect 2 "unavailable: the server's answer is malformed" call t --mcp "$url/malformed"
stop_server
# A URL's password and key are told to nobody, nor is a URL that cannot be read.
for url in 'http://user:secret@127.0.0.1:9/?api_key=secret' 'http://user:secret@' 'HTTP://127.0.0.1:9/secret'; do
  expect 2 "cannot use " list --mcp "$url"
  if grep -q secret out err; then fail "--mcp $url: tells the secret: $(cat err)"; fi
done

# Depth: each of these ended by SIGSEGV, or could have.
nested() { printf "$1%.0s" $(seq "$3"); printf '1'; printf "$2%.0s" $(seq "$3"); }
for depth in 600 100000; do
  nested '[' ']' $depth >deep.json
  nested '{"a":' '}' $depth >deep_objects.json
  { printf '{"tools":[\n{"name":"a","description":"b","command":["cat"],"inputSchema":'; cat deep.json; printf '}]}'; } >deep_tool.json
  printf '{"schema":true,"instance":%s}\n{"schema":true,"instance":1}\n' "$(cat deep.json)" >deep.jsonl
  limit="nested deeper than 512 levels, the limit"
  for file in deep.json deep_objects.json; do
    expect 2 "$file: not JSON: at byte" import $file
    expect 2 "$limit" import $file
    expect 2 "$limit" list --tools $file
    expect 2 "nested deeper than 192 levels" validate --schema $file --instance valid.json
    expect 2 "(line 1): $limit" validate --schema schema.json --instance $file
    expect 2 "$limit" import - <$file
  done
  expect 2 "deep_tool.json: not JSON: at byte" import deep_tool.json
  expect 2 "(line 2): $limit" list --tools deep_tool.json
  expect 2 "nested deeper than 256 levels" validate --batch deep.jsonl
  expect 2 '{"line":2,"valid":true}' validate --batch deep.jsonl
done
nested '[' ']' 600 >deep.json
expect 1 "the arguments are not JSON: at byte" call calculator "{\"expression\":$(cat deep.json)}"
echo '{"tools":[{"name":"deep","description":"x","command":["cat","deep.json"]}]}' >deep_result.json
expect 2 "the program's result is not JSON: at byte 512 (line 1): $limit" call deep --tools deep_result.json

# What a tool or a server says must not be obeyed by the terminal, nor cut at a NUL.
printf '{"tools":[{"name":"evil","title":"t\\u001b[2J","description":"\\u001b]0;a\\u0007\\u009b31m x\\u0000y","command":["printf","%%s","{\\"text\\":\\"a\\\\u001b[31mb\\\\u009bc\\\\u0000d\\"}"]}]}' >evil.json
for command in list "list --json" "describe evil" "describe evil --json" "call evil" "call evil --json"; do
  # shellcheck disable=SC2086
  expect 0 "" $command --tools evil.json
done
expect 0 'a\x1b[31mb\u009bc\x00d' call evil --tools evil.json
expect 0 '{"text":"a\u001b[31mb\u009bc\u0000d"}' call evil --tools evil.json --json
expect 0 'x\x00y' describe evil --tools evil.json
expect 0 "" list --mcp "$program serve --stdio --tools $PWD/evil.json"
expect 0 'a\x1b[31mb\u009bc\x00d' call evil --mcp "$program serve --stdio --tools $PWD/evil.json"
echo '[{"name":"a\u001b[1mb","description":"x"},{"name":"ok","description":"x","parameters":{"\u009b":1}}]' >evil_names.json
expect 1 'a\x1b[1mb: refused' import evil_names.json
expect 2 'cannot read a\x1b[31m.json' import "$(printf 'a\033[31m.json')"
expect 2 'there is no tool '"'"'a\u009bb'"'" call "$(printf 'a\302\233b')"
echo '{"additionalProperties":{"type":"null"}}' >only_null.json
expect 1 "invalid: at '/\x1b[1m\u009b\x00'" validate --schema only_null.json --instance - <<<'{"\u001b[1m\u009b\u0000":1}'

# Output: what must not be touched.
expect_unchanged programs.json 2 "it is the same file as programs.json" import programs.json --output programs.json
expect_unchanged programs.json 2 "it is the same file as programs.json" import --mcp "$program serve --stdio" --tools programs.json --output programs.json
cp programs.json others.json
expect_unchanged others.json 2 "it is there already and is not a list of tools without commands" import --mcp "$program serve --stdio" --output others.json
{ printf '{"tools":[{"name":"first","description":"%5000s"},' x; tail -c +11 programs.json; } >long.json
expect_unchanged long.json 2 "it is there already and is not a list of tools without commands" import openai.json --output long.json
expect 2 "import takes either a file or --tools" import openai.json --tools programs.json
expect 1 "fine: can be used" import openai.json --output imported.json
printf 'RIFF....WAVE' >a.wav
expect_unchanged a.wav 2 "it is there already and is not" import programs.json --output a.wav
expect 2 "it is a folder" import programs.json --output .
expect 0 '"name": "shout"' import programs.json --output -
for path in - /dev/stdout; do
  "$program" import programs.json --output "$path" >out 2>err || fail "import to standard output"
  [[ $(head -c 1 out) == "{" ]] || fail "import --output $path: something else is there: $(head -n 2 out)"
done
cp programs.json both_ways.json
"$program" list --tools both_ways.json >>both_ways.json 2>err && fail "standard output is the list of tools"
cmp -s programs.json both_ways.json || fail "the table was added to the list of tools"
expect 2 "No space left on device" import programs.json --output /dev/full
expect_unchanged imported.json 2 "cannot read missing.json" import missing.json --output imported.json
expect_full_disk list
expect_full_disk list --json
expect_full_disk describe clock
expect_full_disk call calculator '{"expression":"1"}'
expect_full_disk import programs.json
expect_full_disk validate --schema schema.json --instance valid.json
expect_full_disk validate --batch batch_line.jsonl
expect_closed_pipe list --json

# No name is a path: opened, the FIFO would never return, and the server would hear nothing else. Its path has to be short,
# as names of zones may be.
short=$(mktemp -d /tmp/zXXXXXX)
mkfifo "$short/f"
for name in "file:$short/f" "FILE:$short/f" "$short/f" file:fifo fifo ../fifo file:/dev/stdin; do
  expect 1 "there is no time zone" call clock "{\"time_zone\":\"$name\"}"
done
{
  echo '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-03-26"}}'
  echo '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"clock","arguments":{"time_zone":"file:'"$short"'/f"}}}'
  echo '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"clock","arguments":{"time_zone":"file:/dev/stdin"}}}'
  echo '[{"jsonrpc":"2.0","id":3,"method":"ping"},{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"calculator","arguments":{"expression":"6*7"}}}]'
} >requests
"$program" serve --stdio <requests >out 2>err || fail "serve"
rm -r "$short"
for id in 0 1 2 3 4; do grep -q "\"id\":$id" out || fail "no answer to $id"; done
grep -q '^\[{"jsonrpc":"2.0","id":3,"result":{}},{"jsonrpc":"2.0","id":4,"result"' out || fail "no batch"
(unset TZ; expect 0 '"time_zone":' call clock --json; ! grep -q localtime out) || fail "clock without TZ"
TZ=Asia/Tokyo expect 0 '"time_zone":"Asia/Tokyo"' call clock --json
# What TZ names is not opened unless it is a file; what is no zone is said, and UTC is taken.
mkfifo zone_fifo
for zone in "$PWD/zone_fifo" "file:$PWD/zone_fifo" "$PWD" /dev/zero Europe/Nowhere CET-1CEST,M3.5.0,M10.5.0/3; do
  # By env, because the shell itself would open what its TZ names.
  env TZ="$zone" "$program" call clock --json >out 2>err || fail "clock with TZ=$zone"
  grep -q "times are in UTC" err && grep -q '"time_zone":"UTC"' out || fail "clock with TZ=$zone"
done
TZ="" expect 0 '"time_zone":"UTC"' call clock --json
! grep -q "times are in UTC" err || fail "an empty TZ is UTC"
TZ=/usr/share/zoneinfo/Asia/Tokyo expect 0 '"time_zone":"Asia/Tokyo"' call clock --json

# One bad tool of a server does not lose the others, and a bad answer is said at once.
cat >server.sh <<'END'
while read -r line; do
  id=$(sed -n 's/.*"id":\([0-9]*\).*/\1/p' <<<"$line")
  case $line in
    *'"initialize"'*) result='{"protocolVersion":"2025-03-26","capabilities":{"tools":{}}}' ;;
    *tools/list*) result='{"nextCursor":"x","tools":[{"name":"missing"},{"name":"null","inputSchema":null},{"name":"text","inputSchema":"x"},{"inputSchema":{}},{"name":"good","inputSchema":{"type":"object"}}]}' ;;
    *surrogate*) result='{"content":[{"type":"text","text":"\ud83d"}]}' ;;
    *latin*) result=$(printf '{"content":[{"type":"text","text":"caf\351"}]}') ;;
    *dies*) exit 0 ;;
    *nan*) result='{"structuredContent":{"n":NaN}}' ;;
    *) continue ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$result"
done
END
server="bash server.sh"
expect 0 "good  good" list --mcp "$server"
for name in missing null text "tool 4"; do expect 0 "tool: '$name' cannot be used" list --mcp "$server"; done
expect 0 "tool: the list of tools is cut short: page 2 leads back to an earlier one" list --mcp "$server"
expect 2 "surrogate pair" call good '{"x":"surrogate"}' --mcp "$server"
expect 2 "Byte 0xe9 is not UTF-8" call good '{"x":"latin"}' --mcp "$server"
expect 2 "JSON has no NaN" call good '{"x":"nan"}' --mcp "$server"

# Values of variables that are not set would silently mean something else.
# A server that dies when it is called was not asked, and is no tool that says no.
expect 2 "unavailable" call good '{"x":"dies"}' --mcp "$server" --timeout 5s
for flag in --mcp --tools; do expect 2 "$flag is empty" list "$flag" ''; done
expect 2 "--output is empty" import programs.json --output ''
echo '{"name":"pkg"}' >package.json
expect_unchanged package.json 2 "it is there already and is not a list of tools" import programs.json --output package.json
