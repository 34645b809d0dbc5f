# shellcheck shell=bash
# The agent as its users run it.
samples="$runfiles/third_party/speech_samples/pocketsphinx"
good="$samples/cards/001.wav"
sessions="$runfiles/session/sessions"
cp "$good" question.wav || exit 2
cp "$samples/goforward.raw" goforward.raw || exit 2
mkdir -p folder

# The command line.
expect 0 "--endpoint_silence" --help
expect 2 "--db is missing" --input question.wav
expect 2 "--input is missing" --db s.db
expect 2 "there is no flag --frob" --frob
expect 2 "--sample_rate_hz cannot be 'fast'" --input question.wav --db s.db --sample_rate_hz fast
expect 2 "is not in 8000 to 48000" --input - --db s.db --sample_rate_hz 10
expect 2 "not one of s16le, mulaw and alaw" --input - --db s.db --input_encoding mp3
expect 2 "unexpected argument 'x.wav'" --input question.wav --db s.db x.wav
expect 2 "--endpoint_silence=-5s is not more than 0" --input question.wav --db s.db --endpoint_silence=-5s
expect 2 "--endpoint_silence=1m is not more than 0 and at most 30s" --input question.wav --db s.db --endpoint_silence 1m
expect 2 "--endpoint_silence=inf is not more than 0" --input question.wav --db s.db --endpoint_silence inf
expect 2 "--max_endpoint_silence=1m is not more than 0 and at most 30s" --input question.wav --db s.db --max_endpoint_silence 1m
expect 2 "--max_endpoint_silence=200ms is shorter than --endpoint_silence=500ms" --input question.wav --db s.db --max_endpoint_silence 200ms
expect 2 "--output has no meaning with --export_session" --db s.db --export_session x --output a.wav
for flag in traces metrics; do
  expect 2 "--$flag has no meaning with --export_session" --db s.db --export_session x --$flag file
  expect 2 "$flag - is standard output; name a file" --input question.wav --db s.db --$flag -
done
expect 2 "--traces_content has no meaning without --traces" --input question.wav --db s.db --traces_content
expect 2 "--traces: it is not a URL of http or https" --input question.wav --db s.db --traces ftp://host/traces
expect 2 "--traces: the URL has a name or a password in it" --input question.wav --db s.db --traces http://user:word@127.0.0.1:9
OTEL_EXPORTER_OTLP_ENDPOINT=nowhere:// expect 2 "OTEL_EXPORTER_OTLP_ENDPOINT: it is not a URL" --input question.wav --db s.db
OTEL_EXPORTER_OTLP_HEADERS=secret expect 2 "OTEL_EXPORTER_OTLP_HEADERS is not of the form NAME=VALUE" --input question.wav --db s.db
expect 2 "--input has no meaning with --export_session" --db s.db --export_session x --input question.wav
for flag in input output db session export_session traces metrics; do
  expect 2 "--$flag is empty" --input question.wav --db s.db "--$flag="
done
[[ ! -e s.db ]] || fail "a wrong command line makes a database"

# Input that cannot be used.
expect 2 "cannot open missing.wav: No such file" --input missing.wav --db s.db
expect 2 "folder is not a file" --input folder --db s.db
expect 2 "File name too long" --input "$(printf 'n%.0s' {1..300})" --db s.db
ln -s loop_b loop_a
ln -s loop_a loop_b
expect 2 "Too many levels of symbolic links" --input loop_a --db s.db
echo "no sound" >text.wav
expect 2 "text.wav: not a WAV file, but text" --input text.wav --db s.db
head -c 44 question.wav >header.wav
expect 2 "header.wav: has no samples" --input header.wav --db s.db
expect 2 "standard input: has no samples" --input - --db s.db <header.wav
expect 2 "standard input: it is text, which would be noise" --input - --db s.db <text.wav
printf 'fLaC\0\0\0\x22more' >flac
expect 2 "standard input: it is FLAC" --input - --db s.db <flac
expect 2 "flac: not a WAV file, but FLAC" --input flac --db s.db
expect 2 "standard input: cannot read sound: Is a directory" --input - --db s.db <folder
"$program" --input - --db s.db <&- >out 2>err
[[ $? == 2 ]] || fail "closed standard input"
grep -q "standard input" err || fail "closed standard input: says something else"
printf '\033[2J\302\2331m no sound' >"$(printf 'a\033[31m\302\233b')"
expect 2 'a\x1b[31m\u009bb: not a WAV file' --input "$(printf 'a\033[31m\302\233b')" --db s.db
[[ ! -e s.db ]] || fail "input that cannot be used makes a database"

# Databases, models and voices that cannot be used.
head -c 4096 /dev/zero | tr '\0' x >broken.db
expect_unchanged broken.db 2 "broken.db: file is not a database" --input question.wav --db broken.db
expect_unchanged question.wav 2 "file is not a database" --input question.wav --db question.wav
python3 -c "import sqlite3; c = sqlite3.connect('other.db'); c.execute('CREATE TABLE birds (name)'); c.commit()" || exit 2
expect_unchanged other.db 2 "another application" --input question.wav --db other.db
expect 2 "loop_a" --input question.wav --db loop_a
expect 2 "" --input question.wav --db "$(printf 'n%.0s' {1..300})"
expect 2 "there is no voice 'hal'" --input question.wav --db s.db --voice hal
expect 2 "pocketsphinx-en-us" --input question.wav --db s.db --model_dir /nowhere
expect 2 "Too many levels of symbolic links); on Debian the package pocketsphinx-en-us" --input question.wav --db s.db --model_dir loop_a
expect 2 "pocketsphinx-en-us" --input question.wav --db s.db --model_dir "$(printf 'n%.0s' {1..300})"
expect 2 "there is no session 'x'" --input question.wav --db s.db --session x
expect 2 "there is no missing.db" --db missing.db --export_session x
[[ ! -e missing.db ]] || fail "exporting from a mistyped database makes one"
expect 2 "cannot open loop_a" --db loop_a --export_session x
expect 2 "File name too long" --db "$(printf 'n%.0s' {1..300})" --export_session x
expect 2 "there is no session" --db s.db --export_session "$(printf 'a\033[31m\302\233b')"

# A conversation.
head -c 20000 question.wav >cut.wav
expect 0 "voice_agent: cut.wav is cut short: its header promises " --input cut.wav --db cut.db
expect 0 "voice_agent: standard input is cut short: its header promises " --input - --db cut.db <cut.wav
rm cut.wav cut.db
expect 0 "No speech was found" --input - --db s.db
expect 0 "I noted: ten of clubs." --input question.wav --db s.db --output answer.wav
[[ $(head -c 4 answer.wav) == RIFF ]] || fail "the answer is no WAV file"
expect 0 "Session: " --input answer.wav --db s.db
session=$(sed -n 's/^Session: //p' out)
expect 0 "I noted: ten of clubs." --input question.wav --db s.db --session "$session"
expect 0 "I noted: ten of clubs." --input question.wav --db s.db --session "$session" --endpoint_silence 300ms --max_endpoint_silence 1s
expect 0 '"content":"ten of clubs"' --db s.db --export_session "$session"
expect 0 "Transcript: go forward ten meters" --input - --db s.db --session "$session" <goforward.raw
for prose in "$samples"/librivox/*.wav; do
  expect 0 "Sorry, I did not understand that." --input "$prose" --db s.db
  if grep -q 'Tool call' out; then fail "prose leads to a tool call"; fi
done
mkdir elsewhere
(cd elsewhere && BUILD_WORKING_DIRECTORY="$TEST_TMPDIR" "$program" --input question.wav --db run.db --output run.wav) >out 2>err ||
  fail "below bazel run"
[[ -s run.db && -s run.wav ]] || fail "below bazel run: database or answer are elsewhere"
expect_full_disk --input question.wav --db s.db
expect_closed_pipe --input question.wav --db s.db
expect_full_disk --db s.db --export_session "$session"

# Somebody who speaks now: sound on standard output, words on standard error.
expect 2 "--output - needs --input -" --input question.wav --db s.db --output -
"$program" --input - --db s.db --output - <question.wav >live.wav 2>err || fail "--output -"
[[ $(head -c 4 live.wav) == RIFF ]] || fail "--output - is no WAV file"
grep -q "Answer:     I noted: ten of clubs." err || fail "--output - does not tell the turn"
# All of the question and the answer, in frames of 20 ms.
((($(stat -c %s live.wav) - 44) % 640 == 0 && $(stat -c %s live.wav) > 100000)) || fail "--output - has no frames"
expect 0 "Session: " --input live.wav --db s.db

# Traces and metrics. A file of traces is added to, and one of metrics is written anew.
for turn in 1 2; do
  expect 0 "I noted: ten of clubs." --input question.wav --db s.db --session "$session" --traces traces.jsonl --metrics metrics.txt
done
cat >read_traces.py <<'EOF'
import json, sys
for line in open(sys.argv[1]):
    spans = json.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"]
    values = [{a["key"]: list(a["value"].values())[0] for a in s["attributes"]} for s in spans]
    took = [int(s["endTimeUnixNano"]) - int(s["startTimeUnixNano"]) for s in spans]
    stages = sum(t for t, v in zip(took, values) if "parlance.turn.stage" in v)
    assert str(stages) == values[0]["parlance.turn.latency_ns"], (stages, values[0])
    print(values[0]["gen_ai.conversation.id"], stages, spans[-1]["name"])
EOF
python3 read_traces.py traces.jsonl >traces.txt || fail "--traces: stages are not the whole"
[[ $(wc -l <traces.txt) == 2 ]] || fail "--traces: not a line for each turn"
[[ $(grep -c "^$session [0-9]* execute_tool notes$" traces.txt) == 2 ]] || fail "--traces: no session or no call"
if grep -q clubs traces.jsonl; then fail "--traces: what was said is in it"; fi
"$sessions" export "$session" --db s.db --output exported.jsonl >out 2>err || fail "sessions export"
while read -r _ total _; do
  grep -q "\"total\":$total[,}]" exported.jsonl || fail "the store has another latency than the trace: $total"
done <traces.txt
grep -q '^parlance_turns_total{ending="answered"} 1$' metrics.txt || fail "--metrics: no turn"
grep -q '^parlance_turn_stage_seconds_bucket{stage="agent_first_token",le="+Inf"} 1$' metrics.txt || fail "--metrics: no stage"
grep -q '^parlance_spans_total{result="sent"} [1-9]' metrics.txt || fail "--metrics: no spans"
[[ $(tail -1 metrics.txt) == "# EOF" ]] || fail "--metrics: no end"
expect 0 "" --input question.wav --db s.db --session "$session" --traces said.jsonl --traces_content
grep -q "ten of clubs" said.jsonl || fail "--traces_content: what was said is not in it"
expect_unchanged question.wav 2 "it is the same file as question.wav" --input question.wav --db s.db --traces question.wav
expect_unchanged answer.wav 2 "it is there already and is not a file of traces" --input question.wav --db s.db --traces answer.wav
# A pipe gets them once, and is no place for them beside the sound.
mkfifo metrics.fifo
cat metrics.fifo >metrics_once.txt &
expect 0 "I noted: ten of clubs." --input question.wav --db s.db --metrics metrics.fifo
wait
[[ $(grep -c "^# EOF$" metrics_once.txt) == 1 ]] || fail "--metrics of a pipe: not once"
for flag in traces metrics; do
  "$program" --input - --output - --db s.db "--$flag" /dev/stdout <question.wav 2>err | cat >out
  [[ ${PIPESTATUS[0]} == 2 ]] || fail "--$flag /dev/stdout beside --output -: not refused"
done
expect_unchanged answer.wav 2 "it is there already and is not a file of metrics" --input question.wav --db s.db --metrics answer.wav
expect_unchanged traces.jsonl 2 "it is there already and is not a file of metrics" --input question.wav --db s.db --metrics traces.jsonl
expect_unchanged traces.jsonl 2 "it is the same file as traces.jsonl" --input question.wav --db s.db --traces traces.jsonl --metrics traces.jsonl
for flag in traces metrics; do
  expect 2 "it is the same file as new.db, which is needed" --input question.wav --db new.db --$flag new.db
  expect 2 "it is the same file as new.wav, which is needed" --input question.wav --db new.db --output new.wav --$flag new.wav
  expect 2 "there is no folder no/such/" --input question.wav --db new.db --$flag no/such/file
  [[ ! -e new.db && ! -e new.wav ]] || fail "--$flag: makes what it refuses"
  expect 2 "No space left on device" --input question.wav --db s.db --$flag /dev/full
done

# To a server: the one that is named, the one of the environment, and one that is away.
cat >server.py <<'EOF'
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open("posted.jsonl", "ab") as file:
            file.write(body + b"\n")
        with open("posted.txt", "a") as file:
            print(self.path, self.headers["Content-Type"], self.headers.get("api-key"), file=file)
        answer = {"/partial": b'{"partialSuccess":{"rejectedSpans":"2","errorMessage":"bad"}}',
                  "/warns": b'{"partialSuccess":{"errorMessage":"old form"}}'}.get(self.path, b"{}")
        self.send_response(429 if self.path.startswith("/busy") else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
    def log_message(self, *arguments):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
EOF
start_server server.py
expect 0 "I noted" --input question.wav --db s.db --session "$session" --traces "$url"
OTEL_EXPORTER_OTLP_ENDPOINT="$url/base" OTEL_EXPORTER_OTLP_HEADERS=api-key=k%20y OTEL_SERVICE_NAME=office \
  expect 0 "I noted" --input question.wav --db s.db --session "$session"
cp posted.jsonl posted.first.jsonl
cp posted.txt posted.first.txt
expect 0 "voice_agent: not all traces were sent: $url: the server rejected 2 spans: bad" --input question.wav --db s.db \
  --traces "$url/partial" --metrics spans.txt
grep -q '^parlance_spans_total{result="failed"} 2$' spans.txt || fail "--traces: rejected spans are not counted"
expect 0 "voice_agent: $url: the server says: old form" --input question.wav --db s.db --traces "$url/warns"
expect 0 "voice_agent: not all traces were sent: $url: the server answers with HTTP status 429" --input question.wav --db s.db \
  --traces "$url/busy" --metrics spans.txt
grep -q '^parlance_dropped_total{what="spans"} [1-9]' spans.txt || fail "--traces: what is dropped at the end is not counted"
mv posted.first.jsonl posted.jsonl
mv posted.first.txt posted.txt
stop_server
[[ $(cat posted.txt) == "/v1/traces application/json None"$'\n'"/base/v1/traces application/json k y" ]] ||
  fail "--traces URL: posted otherwise: $(cat posted.txt)"
python3 read_traces.py posted.jsonl >traces.txt || fail "--traces URL: stages are not the whole"
grep -q '"office"' posted.jsonl || fail "OTEL_SERVICE_NAME"
expect 0 "I noted" --input question.wav --db s.db --session "$session" --traces "$url"
grep -q "voice_agent: not all traces were sent: $url: " err || fail "--traces: does not tell that the server is away"

# A language model, by a server that first has a note taken and then says so.
cat >model.py <<'END'
import http.server, json
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with open("asked.jsonl", "a") as file:
            print(json.dumps({"path": self.path, "key": self.headers.get("Authorization"), **request}), file=file)
        if request["model"] == "busy":
            self.send_response(400)
            body = b'{"error":{"message":"no such model"}}'
        else:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            if request["messages"][-1]["role"] == "tool":
                deltas = [{"content": "I wrote"}, {"content": " that down."}]
            else:
                call = {"name": "notes", "arguments": json.dumps({"action": "add", "text": request["messages"][-1]["content"]})}
                deltas = [{"content": "One moment. "}, {"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": call}]}]
            body = b"".join(b"data: %s\n\n" % json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode() for delta in deltas)
            body += b"data: [DONE]\n\n"
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
END
start_server model.py
echo "Be short, and take notes." >prompt.txt
echo "sk-1" >key.txt && chmod 600 key.txt
expect 0 "Answer:     One moment. I wrote that down." --input question.wav --db model.db --agent model --model_url "$url" --model m \
  --system_prompt prompt.txt --model_key_file <(cat key.txt)
grep -q 'Tool call:  notes {"action": "add", "text": "ten of clubs"}' out || fail "--agent model: no tool was called"
chat=$(sed -n 's/^Session: //p' out)
OPENAI_API_KEY=sk-2 expect 0 "I wrote that down." --input question.wav --db model.db --session "$chat" --agent model --model_url "$url/v1" --model m
cat >read_asked.py <<'END'
import json
asked = [json.loads(line) for line in open("asked.jsonl")]
assert [(one["path"], one["key"]) for one in asked] == [("/v1/chat/completions", "Bearer sk-1")] * 2 + [("/v1/chat/completions", "Bearer sk-2")] * 2, asked
roles = [[message["role"] for message in one["messages"]] for one in asked]
turn = ["user", "assistant", "tool", "assistant"]
assert roles == [["system", "user"], ["system", *turn[:3]], ["system", *turn, "user"], ["system", *turn, *turn[:3]]], roles
assert asked[0]["messages"][0]["content"] == "Be short, and take notes." and asked[0]["messages"][1]["content"] == "ten of clubs"
assert asked[1]["messages"][2]["content"] == "One moment. " and asked[1]["messages"][3]["content"] == '{"id":1}'
assert {"clock", "notes"} <= {tool["function"]["name"] for tool in asked[0]["tools"]}
END
python3 read_asked.py || fail "--agent model: asked otherwise"
# What rules know, and what nobody understood, goes to no server.
expect 0 "I noted: ten of clubs." --input question.wav --db model.db --agent both --model_url "$url" --model m
expect 0 "Sorry, I did not understand that." --input "$samples/librivox/sense_and_sensibility_01_austen_64kb-0870.wav" --db model.db \
  --agent both --model_url "$url" --model m
[[ $(wc -l <asked.jsonl) == 4 ]] || fail "--agent both: asks the model what rules know"
# A model that does not answer is no failure of the conversation, and is told of.
expect 0 "Sorry, I cannot think right now." --input question.wav --db model.db --agent model --model_url "$url" --model busy
grep -q "voice_agent: the model does not answer: .*(status 400): no such model" err || fail "--agent model: does not tell of the error"
stop_server
expect 0 "Sorry, I cannot think right now." --input question.wav --db model.db --agent model --model_url "$url" --model m
grep -q "voice_agent: the model does not answer: $url: " err || fail "--agent model: does not tell that the server is away"
expect 2 "--agent is 'models', which is not one of" --input question.wav --db s.db --agent models
expect 2 "--model needs --agent model" --input question.wav --db s.db --model m
expect 2 "--model_url is missing" --input question.wav --db s.db --agent both
expect 2 "--model is missing" --input question.wav --db s.db --agent model --model_url "$url"
expect 2 "the URL of the model's server cannot be used: it is not a URL" --input question.wav --db new.db --agent model --model_url nowhere --model m
[[ ! -e new.db ]] || fail "a wrong --model_url makes a database"
expect 2 "--system_prompt - is standard input; name a file" --input question.wav --db s.db --agent model --model_url "$url" --model m --system_prompt -
echo secret >model_key.txt && chmod 644 model_key.txt
expect 2 "--model_key_file: model_key.txt can be read by everybody on this machine, or written by others than its owner; run: chmod 600 model_key.txt" --input question.wav \
  --db s.db --agent model --model_url "$url" --model m --model_key_file model_key.txt
expect 2 "--model_key_file: cannot read missing" --input question.wav --db s.db --agent model --model_url "$url" --model m --model_key_file missing
OPENAI_API_KEY=sk-2 expect 2 "the key would go over the network" --input question.wav --db s.db --agent model --model_url http://model.example --model m
expect 2 "--agent has no meaning with --export_session" --db s.db --export_session x --agent rules

# Servers that hear and speak. The names of their models say what they do.
cat >speech.py <<'END'
import http.server, json, struct, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers.get("Authorization")
        length = None
        if self.path == "/v1/audio/transcriptions":
            boundary = self.headers["Content-Type"].split("boundary=")[1].encode()
            parts = [part.partition(b"\r\n\r\n") for part in body.split(b"--" + boundary)]
            fields = {head.split(b'name="')[1].split(b'"')[0].decode(): value[:-2] for head, _, value in parts if b"name=" in head}
            asked = {"path": self.path, "key": key, "model": fields["model"].decode(), "sound": fields["file"][:4].decode()}
            answer = b'{"text": " Set a timer for 25 minutes."}'
            if asked["model"] == "mumbles":
                answer = b'{"said": "my secret"}'
        else:
            asked = {"path": self.path, "key": key, **json.loads(body)}
            header = b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 24000, 48000, 2, 16) + b"data\xff\xff\xff\xff"
            answer = header + struct.pack("<h", 1000) * 12000
            if asked["model"] == "dies":
                length = 10 * len(answer)
            if asked["model"] == "mp3":
                answer = b"ID3\x04" + answer
        with open("spoken.jsonl", "a") as file:
            print(json.dumps(asked), file=file)
        self.send_response(200)
        self.send_header("Content-Length", str(length or len(answer)))
        self.end_headers()
        self.wfile.write(answer)
    def log_message(self, *arguments):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
END
start_server speech.py
cat >is_the_servers_sound.py <<'END'
import struct, sys, wave
with wave.open(sys.argv[1]) as file:
    samples = struct.unpack(f"<{file.getnframes()}h", file.readframes(file.getnframes()))
# Half a second at least, and the edges of a filter.
assert sum(abs(sample - 1000) < 5 for sample in samples) > 7800, len(samples)
END
echo "sk-3" >speech_key.txt
chmod 604 speech_key.txt
expect 2 "speech_key.txt can be read by everybody on this machine, or written by others than its owner; run: chmod 600 speech_key.txt" --input question.wav --db s.db \
  --stt_url "$url" --stt_model good --stt_key_file speech_key.txt
chmod 600 speech_key.txt
expect 0 "Transcript: set a timer for twenty five minutes" --input question.wav --db speech.db --stt_url "$url" --stt_model good \
  --stt_key_file speech_key.txt --metrics speech.txt
grep -q "Answer: .*25 minutes" out || fail "--stt_url: the rules do not answer what the server heard"
grep -qx 'parlance_remote_recognition_total{result="answered"} 1' speech.txt || fail "--stt_url: not counted"
TTS_API_KEY=sk-4 expect 0 "I noted" --input question.wav --db speech.db --tts_url "$url/v1" --tts_model good --tts_voice alloy --output spoken.wav
python3 is_the_servers_sound.py spoken.wav || fail "--tts_url: the sound is not the server's"
cat >read_spoken.py <<'END'
import json
heard, said = [json.loads(line) for line in open("spoken.jsonl")]
assert heard == {"path": "/v1/audio/transcriptions", "key": "Bearer sk-3", "model": "good", "sound": "RIFF"}, heard
assert said == {"path": "/v1/audio/speech", "key": "Bearer sk-4", "model": "good", "input": "I noted: ten of clubs.", "voice": "alloy", "response_format": "wav"}, said
END
python3 read_spoken.py || fail "servers that hear and speak: asked otherwise"
# What comes of a server that gives nonsense, dies or is away; no word of what was said is in what is told of it.
expect 0 "I noted: ten of clubs." --input question.wav --db speech.db --stt_url "$url" --stt_model mumbles --metrics speech.txt
grep -q "voice_agent: done without a server: the recognition server answers with JSON without a text" err || fail "--stt_url: nonsense is not told of"
if grep -q secret err out; then fail "--stt_url: tells what was said"; fi
grep -qx 'parlance_remote_recognition_total{result="not_understood"} 1' speech.txt || fail "--stt_url: nonsense is not counted"
grep -qx 'parlance_recognition_fallbacks_total 1' speech.txt || fail "--stt_url: a fallback is not counted"
expect 0 "I noted" --input question.wav --db speech.db --tts_url "$url" --tts_model mp3 --tts_voice alloy --output spoken.wav
grep -q "MPEG audio, such as MP3, which is not supported" err || fail "--tts_url: MP3 is not told of"
if python3 is_the_servers_sound.py spoken.wav 2>noise; then fail "--tts_url: MP3 is heard"; fi
expect 0 "Not said:" --input question.wav --db speech.db --tts_url "$url" --tts_model dies --tts_voice alloy --output spoken.wav
python3 is_the_servers_sound.py spoken.wav || fail "--tts_url: what came before the server died is not heard"
stop_server
expect 0 "I noted: ten of clubs." --input question.wav --db speech.db --stt_url "$url" --stt_model good \
  --tts_url "$url" --tts_model good --tts_voice alloy --output spoken.wav
[[ $(grep -c "voice_agent: done without a server: $url: " err) == 2 ]] || fail "servers that are away are not told of"
expect 2 "--stt_model is missing" --input question.wav --db s.db --stt_url "$url"
expect 2 "the URL of the speech server cannot be used: it is not a URL" --input question.wav --db new.db --tts_url nowhere --tts_model m --tts_voice v
[[ ! -e new.db ]] || fail "a wrong --tts_url makes a database"
STT_API_KEY=sk-2 expect 2 "the key would go over the network" --input question.wav --db s.db --stt_url http://speech.example --stt_model m
expect 2 "--tts_voice has no meaning with --export_session" --db s.db --export_session x --tts_voice alloy

# A record, and that it can be repeated: replay_main_test.
expect 0 "Record: records/$session.conversation" --input question.wav --db s.db --session "$session" --record records
expect 0 "Record: records/$session-2.conversation" --input question.wav --db s.db --session "$session" --record records
[[ $(stat -c %a "records/$session.conversation") == 600 ]] || fail "others can read a record"
expect 2 "cannot make the folder no/where: No such file" --input question.wav --db s.db --record no/where
expect 2 "cannot record to the folder question.wav: Not a directory" --input question.wav --db s.db --record question.wav
expect 2 "--record has no meaning with --export_session" --db s.db --export_session x --record records

# WAV files as the world has them.
expect 0 "I noted: ten of clubs." --input - --db s.db <question.wav
cat question.wav | expect 0 "I noted: ten of clubs." --input - --db s.db --sample_rate_hz 8000
{ head -c 40 question.wav; printf '\0\0\0\0'; tail -c +45 question.wav; } >killed.wav
expect 0 "I noted: ten of clubs." --input killed.wav --db s.db
cat killed.wav | expect 0 "I noted: ten of clubs." --input - --db s.db
mkfifo fifo
cat question.wav >fifo &
expect 0 "I noted: ten of clubs." --input fifo --db s.db
wait $!

# What must not be written over.
for ending in "" -wal -shm -journal; do
  for target in va.db folder/../va.db "$PWD/va.db"; do
    expect 2 "it is the same file as va.db$ending, which is needed" --input question.wav --db va.db --output "$target$ending"
  done
  ln -sf "va.db$ending" to_va
  expect 2 "it is the same file as va.db$ending, which is needed" --input question.wav --db va.db --output to_va
  expect 2 "it is the same file as to_va, which is needed" --input question.wav --db to_va --output to_va
  [[ -z "$(ls va.db* 2>/dev/null)" ]] || fail "makes what it refuses: $(ls va.db*)"
done
expect 0 "" --input question.wav --db va.db
ln -sf va.db to_va
ln va.db hard_va
for target in va.db folder/../va.db to_va hard_va; do
  expect_unchanged va.db 2 "it is the same file as va.db, which is needed" --input question.wav --db va.db --output "$target"
done
expect_unchanged question.wav 2 "it is the same file as question.wav" --input question.wav --db s.db --output question.wav
expect_unchanged question.wav 2 "it is the same file as" --input - --db s.db --output question.wav <question.wav
expect_unchanged va.db 2 "it is there already and is not a WAV file" --input question.wav --db s.db --output va.db
expect_unchanged text.wav 2 "it is there already and is not a WAV file" --input question.wav --db s.db --output text.wav
expect_unchanged answer.wav 2 "there is no voice" --input question.wav --db s.db --output answer.wav --voice hal
expect_unchanged answer.wav 2 "there is no session" --input question.wav --db s.db --output answer.wav --session x
expect_unchanged answer.wav 2 "pocketsphinx-en-us" --input question.wav --db s.db --output answer.wav --model_dir /nowhere
expect 2 "there is no folder no/such/" --input question.wav --db s.db --output no/such/folder.wav
expect 2 "it is a folder" --input question.wav --db s.db --output folder
expect 2 "No space left on device" --input question.wav --db s.db --output /dev/full
expect 0 "I noted" --input question.wav --db s.db --output /dev/null
[[ -c /dev/null ]] || fail "/dev/null was replaced"
"$program" --input question.wav --db s.db --output /dev/stdout 2>err | cat >out
LC_ALL=C grep -qaPzo '\nSession: [^\n]*\nRIFF' out || fail "--output /dev/stdout: the WAV file is not behind the text"
cat fifo >from_fifo &
expect 0 "I noted" --input question.wav --db s.db --output fifo
wait $!
[[ -p fifo && $(head -c 4 from_fifo) == RIFF ]] || fail "--output to a FIFO"
chmod 600 answer.wav
ln -s answer.wav to_answer
echo precious >answer.wav.tmp
expect 0 "I noted" --input question.wav --db s.db --output to_answer
[[ -L to_answer && $(stat -c %a answer.wav) == 600 && $(cat answer.wav.tmp) == precious ]] ||
  fail "--output: a link, its target's mode or another's file was changed"

# What others have said is printed harmless, and is not cut.
say="$runfiles/pipeline/testing/say"
"$say" "read my notes" notes.wav || exit 2
printf '%s\n' '{"type":"session","id":"sess_1","title":"Notes"}' \
  '{"type":"message","role":"developer","name":"note","content":"milk\u001b[2J\u009b1m\u202e\u0000 bread"}' >notes.jsonl
"$sessions" import notes.jsonl --db notes.db >out 2>err || fail "sessions import"
expect 0 "Transcript: read my notes" --input notes.wav --db notes.db
grep -q '^  Answer: .*' out && grep -qF 'milk\x1b[2J\u009b1m\u202e\x00 bread' out ||
  fail "the answer is cut or not harmless"
# What cannot be said is not passed over in silence.
grep -q '^  Not said:   cannot say a text of' out || fail "does not tell that the answer is not heard"
# An export is harmless on a terminal, and in a pipe byte by byte what `sessions` writes to a file.
script --quiet --return --command "'$program' --db notes.db --export_session sess_1" /dev/null >out 2>err ||
  fail "an export to a terminal"
grep -qF 'milk\u001B[2J\u009b1m\u202e\u0000 bread' out || fail "an export to a terminal is not harmless"
"$program" --db notes.db --export_session sess_1 >piped.jsonl 2>err || fail "an export to a pipe"
"$sessions" export sess_1 --db notes.db --output written.jsonl >out 2>err || fail "sessions export"
cmp -s piped.jsonl written.jsonl || fail "an export to a pipe is not what is written to a file"
