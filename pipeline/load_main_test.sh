# shellcheck shell=bash
# An agent called by several at once, as its users do it.
question="$runfiles/third_party/speech_samples/pocketsphinx/cards/001.wav"

expect 2 "--sessions=0 is not in 1 to 100000" --sessions 0
expect 2 "--threads=0 is not in 1 to 256" --threads 0
expect 2 "--recognizers=1000 is not in 0 to 256" --recognizers 1000
expect 2 "--length is not in 1s to 24h" --length 10ms
expect 2 "--ramp is not in 0s to 1h" --ramp=-1s
expect 2 "--recognizer=fast is neither real nor simulated" --recognizer fast
expect 2 "--max_utilization is not more than 0" --max_utilization 0
expect 2 "--session_utilization is less than 0" --session_utilization=-1
expect 2 "--max_frame_age is less than 0" --max_frame_age=-1s
expect 2 "the part that is speech is not in 0 to 0.6" --speech 0.9
expect 2 "cannot open missing.wav: No such file" missing.wav
expect 2 "--rate=4000 is not in 8000 to 48000" --rate 4000

# How it bears a load is this machine's matter; what it tells is not. Nobody is refused, however busy it is.
run() {
  "$program" --sessions 4 --length 4s --ramp 0s --max_utilization 1000 --max_frame_age inf "$@" >out 2>err
}
run
[[ $? -le 1 ]] || fail "a load of 4 callers"
for part in "4 of 4 sessions, 4 s" "age of sound in" "end of turn to answer" "store" \
  "frames: 800 in" "processors: " "memory a session: "; do
  grep -q "$part" out || fail "the table does not tell: $part"
done
[[ -z $(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'load.*' -newer out 2>/dev/null) ]] ||
  fail "its store is still there"

# A store of one's own stays, with what was said, where the user is, whom `bazel run` names.
mkdir user
BUILD_WORKING_DIRECTORY="$PWD/user" run --db own.db --recognizer real "$question"
[[ $? -le 1 ]] || fail "a load with a file"
[[ -s user/own.db ]] || fail "no own.db"
[[ ! -e own.db ]] || fail "own.db is where the program is started"

# Whoever is too many is refused, and told why.
"$program" --sessions 50 --length 1s --ramp 0s --max_utilization 0.01 >out 2>err
[[ $? == 1 ]] || fail "a load that is too much is no no"
grep -q "refused: the agent is busy: " out || fail "it does not say why"

# A server, over its sockets.
expect 2 "--url: this is not a ws:// address" --url http://127.0.0.1/
expect 2 "--url: TLS is not spoken here" --url wss://127.0.0.1/
expect 2 "--format=mp3 is not one of pcm, pcmu and pcma" --url ws://127.0.0.1/ --format mp3
expect 2 "--caller_threads=0 is not in 1 to 64" --url ws://127.0.0.1/ --caller_threads 0
expect 2 "--misbehaving=65 is not in 0 to 64" --url ws://127.0.0.1/ --misbehaving 65
expect 2 "--misbehaving needs --url" --misbehaving 1
expect 2 "--recognizer has no meaning with --url" --url ws://127.0.0.1/ --recognizer real
expect 2 "--server_pid needs --url" --server_pid 1
expect 2 "cannot read missing.txt: No such file" --url ws://127.0.0.1/ --api_key_file missing.txt
: >empty.txt
expect 2 "the file has no key" --url ws://127.0.0.1/ --api_key_file empty.txt
expect 2 "connect: Connection refused" --url ws://127.0.0.1:1/ --sessions 2
expect 2 "no.such.host.invalid: " --url ws://no.such.host.invalid/ --sessions 1

echo "load 0123456789abcdef" >keys.txt
echo 0123456789abcdef >key.txt
chmod 600 keys.txt
mkfifo lines
"$runfiles/pipeline/serve" --port 0 --db served.db --api_keys keys.txt --sessions_per_key 5 >lines 2>serve_err &
server=$!
exec 3<lines
read -r _ <&3
read -r line <&3
url=${line##* }
metrics_url=http${url#ws}
metrics_url=${metrics_url%/v1/realtime}/metrics
expect 2 "the server refuses: 401 Unauthorized: a key is needed" --url "$url" --sessions 2
expect 2 "there is no process 999999999" --url "$url" --sessions 1 --server_pid 999999999
for format in pcm pcmu; do
  "$program" --url "$url" --api_key_file key.txt --sessions 4 --length 4s --ramp 0s --format $format --caller_threads 2 \
    --server_pid $server >out 2>err
  [[ $? -le 1 ]] || fail "a load of 4 callers over $format"
  for part in "4 of 4 sessions, 4 s" "door to door" "end of speech to answer" "connections: " \
    "messages: [0-9]* of sound out, [0-9]* in; 0 events without a reply; 0 of sound lost by the server" \
    "processors: [0-9.]* for the server, [0-9.]* for the callers" "memory of the server a connection: "; do
    grep -q "$part" out || fail "the table does not tell: $part"
  done
  if grep -q -e errors -e lost: -e refused out; then fail "$format: something was refused"; fi
done
# Beside clients that misbehave; those that open no session are no callers to the server, and who asks for too many is refused.
"$program" --url "$url" --api_key_file key.txt --sessions 2 --length 3s --ramp 0s --misbehaving 5 >out 2>err
[[ $? -le 1 ]] || fail "a load beside clients that misbehave"
grep -q "^2 of 2 sessions" out || fail "callers were refused"
grep -qE "beside 5 clients that misbehave: ([5-9]|[1-9][0-9]+) connections, [0-9]+ of them ended by the server; [0-9.]+ MB sent" out ||
  fail "nobody misbehaved: $(cat out)"
# The server reads what they sent at its own pace, and then finds that they are gone.
until python3 "$runfiles/pipeline/testing/realtime_client.py" get "$metrics_url" \
  "Authorization: Bearer 0123456789abcdef" >metrics && grep -q "^parlance_sessions 0" metrics; do
  kill -0 "$server" || fail "the server has ended"
done
# Whoever is too many is refused, and told why.
"$program" --url "$url" --api_key_file key.txt --sessions 8 --length 1s --ramp 0s >out 2>err
[[ $? == 1 ]] || fail "a load with refusals is no no"
grep -q "^5 of 8 sessions" out || fail "not as many as may be"
grep -q "refused: the server refuses: 429 Too Many Requests: the key has 5 sessions already" out || fail "it does not say why"
# A server that ends meanwhile ends the load.
"$program" --url "$url" --api_key_file key.txt --sessions 3 --length 1h --ramp 0s >out 2>err &
load=$!
until python3 "$runfiles/pipeline/testing/realtime_client.py" get "$metrics_url" \
  "Authorization: Bearer 0123456789abcdef" >metrics && grep -q "^parlance_sessions 3" metrics; do
  kill -0 "$load" || break
done
kill -TERM "$server"
wait "$server" || fail "serve ends with $?"
exec 3<&-
wait "$load"
[[ $? == 1 ]] || fail "a load whose server ends is no no"
grep -q "lost: 3 connections; the server closed it with 1001" out || fail "it does not say how its callers were lost"
