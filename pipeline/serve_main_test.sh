# shellcheck shell=bash
# The agent's server, as those who run it and those who connect to it use it.
client="$runfiles/pipeline/testing/realtime_client.py"
sessions="$runfiles/session/sessions"
unset BUILD_WORKING_DIRECTORY

# The command line.
good=0123456789abcdef0123
printf 'office %s\nhouse %s\n' "$good" "${good}4" >keys.txt
chmod 600 keys.txt
expect 2 "--db is missing: where to keep the conversations"
expect 2 "unexpected argument 'extra'" --db s.db extra
for flag in port audiosocket_port wyoming_port; do
  expect 2 "--$flag=65536 is not in 0 to 65535" --db s.db --$flag 65536
  expect 2 "--$flag=-1 is not in 0 to 65535" --db s.db --$flag=-1
done
expect 2 "--max_sessions=0 is not in 1 to 1000000" --db s.db --max_sessions 0
expect 2 "--sessions_per_key=-1 is not in 0 to 1000000" --db s.db --sessions_per_key=-1
expect 2 "--sessions_per_key needs --api_keys" --db s.db --sessions_per_key 1
expect 2 "--connections_per_peer=-1 is not in 0 to 1000000" --db s.db --connections_per_peer=-1
expect 2 "--threads=257 is not in 0 to 256" --db s.db --threads 257
expect 2 "--drain=-1s is not in 0 to 1h" --db s.db --drain=-1s
expect 2 "--drain=inf is not in 0 to 1h" --db s.db --drain inf
expect 2 "--drain cannot be '20': it has to be a duration with its unit, such as 20s" --db s.db --drain 20
for share in --share_port --noshare_port; do
  expect 2 "--port and --wyoming_port are both 10300" --db s.db $share --port 10300 --wyoming_port 10300
  expect 2 "--audiosocket_port and --wyoming_port are both 10300" --db s.db $share --audiosocket_port 10300 --wyoming_port 10300
done
expect 2 "--address: 'localhost' is not a numeric address" --db s.db --address localhost
expect 2 "--stream_address: '$(printf 'a\\x1b[31m')' is not a numeric address" --db s.db --stream_address "$(printf 'a\033[31m')"
for address in 0.0.0.0 :: 192.0.2.1; do
  expect 2 "--address: at $address others than this machine's users can connect" --db s.db --address "$address"
  expect 2 "--stream_address=$address can be reached by others" --db s.db --stream_address "$address" --wyoming_port 10300
  expect 2 "--trust_network if all of them may" --db s.db --stream_address "$address" --audiosocket_port 9092
done
expect 2 "--certificate and --key go together" --db s.db --certificate cert.pem
expect 2 "--certificate and --key go together" --db s.db --key key.pem
for origin in app.example https://app.example/ https:// '*.example' 'https://a b' https://a:65536 https://a:0 https://a:x; do
  expect 2 "--allowed_origins: '$origin' is not an origin" --db s.db --allowed_origins "https://good.example,$origin"
done
expect 2 "without that port; write https://c.example" --db s.db --allowed_origins "https://good.example:8443, https://c.example:443"
expect 2 "without that port; write http://[::1]" --db s.db --allowed_origins "http://[::1]:80"
expect 2 "--public_url=wss://voice.example/ is not a WebSocket URL without a path" --db s.db --public_url wss://voice.example/
for url in https://voice.example ftp://voice.example voice.example; do
  expect 2 "--public_url=$url is not a WebSocket URL without a path, such as wss://voice.example" --db s.db --public_url $url
done

# Files of keys.
expect 2 "--api_keys: the keys missing.txt cannot be read: No such file" --db s.db --api_keys missing.txt
chmod 604 keys.txt
expect 2 "can be read by everybody on this machine, or written by others than its owner; run: chmod 600 keys.txt" --db s.db \
  --api_keys keys.txt
expect 2 "the keys /tmp is a folder" --db s.db --api_keys /tmp
expect 2 "the keys /dev/zero is not a regular file" --db s.db --api_keys /dev/zero
chmod 600 keys.txt
: >empty.txt && printf 'office qwert\n' >short.txt && chmod 600 empty.txt short.txt
expect 2 "empty.txt, there is no key" --db s.db --api_keys empty.txt
expect 2 "short.txt, line 1: the key has 5 characters" --db s.db --api_keys short.txt
if grep -q qwert out err; then fail "a key is shown"; fi
twilio=(--db s.db --public_url wss://voice.example --twilio_auth_token_file)
expect 2 "--twilio_auth_token_file needs --public_url" --db s.db --twilio_auth_token_file keys.txt
expect 2 "--twilio_auth_token_file: cannot read missing.txt: No such file" "${twilio[@]}" missing.txt
expect 2 "--twilio_auth_token_file: empty.txt is empty" "${twilio[@]}" empty.txt
chmod 604 short.txt
expect 2 "short.txt can be read by everybody on this machine, or written by others than its owner; run: chmod 600 short.txt" \
  "${twilio[@]}" short.txt
expect 2 "--twilio_auth_token_file: /tmp is a folder" "${twilio[@]}" /tmp
expect 2 "--twilio_auth_token_file: /dev/zero is not a regular file" "${twilio[@]}" /dev/zero
expect 2 "--tts_key_file: short.txt can be read by everybody" --db s.db --tts_url http://localhost:1 --tts_model m --tts_voice v \
  --tts_key_file short.txt
expect 2 "--stt_model is missing" --db s.db --stt_url http://localhost:1

# What cannot be used.
[[ ! -e s.db ]] || fail "a command line that cannot be obeyed makes a database"
head -c 4096 /dev/zero | tr '\0' x >broken.db
expect_unchanged broken.db 2 "broken.db: file is not a database" --db broken.db --port 0
expect 2 "cannot listen at 192.0.2.1, port " --db s.db --port 0 --address 192.0.2.1 --api_keys keys.txt
expect 2 "the certificate missing.pem cannot be read: No such file" --db s.db --port 0 --certificate missing.pem --key keys.txt
mkfifo pipe.pem
expect 2 "the certificate pipe.pem is not a regular file" --db s.db --port 0 --certificate pipe.pem --key keys.txt
expect 2 "the certificate keys.txt cannot be read as PEM" --db s.db --port 0 --certificate keys.txt --key keys.txt
expect 2 "no/such/s.db" --db no/such/s.db --port 0
expect 2 "there is no voice 'hal'" --db s.db --port 0 --voice hal
expect 2 "pocketsphinx-en-us" --db s.db --port 0 --model_dir /nowhere

# What it waits for while it starts can be ended: here a PostgreSQL server that takes connections and says nothing.
cat >silent.py <<'PYTHON'
import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
kept = server.accept()
print("connected", flush=True)
server.accept()
PYTHON
mkfifo silent
python3 silent.py >silent &
silent=$!
exec 7<silent
read -r -t 200 port <&7 || fail "there is no silent server"
"$program" --port 0 --db "postgresql://somebody@127.0.0.1:$port/nothing?connect_timeout=300" >out 2>err &
starting=$!
read -r -t 200 _ <&7 || fail "it does not connect to the database"
kill -TERM "$starting"
(sleep 30 && kill -KILL "$starting") 2>/dev/null &
guard=$!
wait "$starting"
got=$?
kill "$guard" "$silent" 2>/dev/null
exec 7<&-
[[ $got == 143 ]] || fail "SIGTERM while it starts: exit code $got, expected that of the signal"

# Whoever waits for the address does not wait for one that cannot be written.
timeout 300 "$program" --db s.db --port 0 >/dev/full 2>err
got=$?
: >out
[[ $got == 2 ]] || fail ">/dev/full: exit code $got, expected 2"
[[ $(grep -c "cannot write standard output: No space left on device" err) == 1 ]] || fail ">/dev/full: does not say so, once"

# Starts the program at a free port, with what it prints in `served` and `served_errors`, and waits for its address: $url, and $realtime for
# WebSockets. What it says later comes from 3 and 4.
serve() { # ARGUMENTS...
  rm -f lines errors
  mkfifo lines errors
  "$program" --port 0 "$@" >lines 2>errors &
  server=$!
  exec 3<lines 4<errors
  : >served && : >served_errors
  wait_for 3 served "OpenAI Realtime clients connect to " || fail "$*: does not say where it is"
  url=$(sed -n 's|^Talk to the agent at \(.*\)/$|\1|p' served)
  realtime=$(sed -n 's/^OpenAI Realtime clients connect to //p' served)
}
# Reads lines into a file until one has the text.
wait_for() { # DESCRIPTOR FILE TEXT
  local line
  while IFS= read -r -t 200 line <&"$1"; do
    printf '%s\n' "$line" >>"$2"
    [[ "$line" != *"$3"* ]] || return 0
  done
  return 1
}
# Waits for the program's end.
expect_end() { # EXIT_CODE
  local got
  cat <&3 >>served
  cat <&4 >>served_errors
  wait "$server"
  got=$?
  exec 3<&- 4<&-
  cp served out
  cp served_errors err
  [[ $got == "$1" ]] || fail "serve: exit code $got, expected $1"
  expect_harmless serve
}
stop() {
  kill -TERM "$server"
  expect_end 0
}
# Asks over HTTP, with the answer in `answer`.
ask_http() { # URL HEADER...
  local authority="${1#*://}" path host
  path="/${authority#*/}"
  authority="${authority%%/*}"
  host="${authority%:*}"
  host="${host#[}"
  [[ "${*:2}" == *Host:* ]] || set -- "$@" "Host: $authority"
  exec 9<>"/dev/tcp/${host%]}/${authority##*:}"
  printf '%s\r\n' "GET $path HTTP/1.1" "${@:2}" "" >&9
  tr -d '\r' <&9 >answer
  exec 9<&-
}
expect_answer() { # URL STATUS TEXT
  [[ $(head -n 1 answer) == "HTTP/1.1 $2 "* ]] || fail "$1: $(head -n 1 answer), expected $2"
  grep -qF -- "$3" answer || fail "$1: no '$3' in $(cat answer)"
}
get() { # STATUS TEXT URL [HEADER]...
  ask_http "${@:3}" "Connection: close"
  expect_answer "$3" "$1" "$2"
}
# Asks for a WebSocket in vain.
refused() { # STATUS TEXT URL [HEADER]...
  ask_http "${@:3}" "Connection: Upgrade" "Upgrade: websocket" "Sec-WebSocket-Version: 13" \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
  expect_answer "$3" "$1" "$2"
}
# Connects, and reads what comes by `hear`, into `heard`.
talk() { # URL [HEADER]...
  rm -f said answers
  mkfifo said answers
  python3 "$client" talk "$@" <said >answers 2>&1 &
  talker=$!
  exec 5>said 6<answers
  : >heard
}
say() { printf '%s\n' "$1" >&5; }
hear() { # TEXT
  wait_for 6 heard "$1" || fail "nothing was heard with '$1', but: $(cut -c 1-300 heard | tail -n 20)"
}
hang_up() {
  exec 5>&-
  hear "closed "
  exec 6<&-
  wait "$talker"
}
ask() { # TEXT
  say '{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"'"$1"'"}]}}'
  say '{"type":"response.create"}'
}

# What it says of itself.
serve --db s.db
[[ "$url" == http://127.0.0.1:* && "$realtime" == "ws${url#http}/v1/realtime" ]] || fail "addresses: $url, $realtime"
get 200 "ok" "$url/healthz"
get 200 "ready" "$url/readyz"
get 200 "parlance_sessions 0" "$url/metrics"
grep -qx 'parlance_recognition_fallbacks_total 0' answer || fail "/metrics: nothing of servers that hear"
grep -q '^Content-Type: application/openmetrics-text; version=1.0.0' answer || fail "/metrics: of another kind"
[[ $(tail -n 1 answer) == "# EOF" ]] || fail "/metrics: no end"
get 404 "there is nothing here" "$url/nothing"
get 426 "this is spoken over a WebSocket" "$url/v1/realtime"
grep -qi '^Upgrade: websocket' answer || fail "426 without Upgrade"
refused 404 "no carrier of that name" "ws${url#http}/v1/media-streams/pigeon"
refused 404 "there is nothing here" "ws${url#http}/v1/nothing"
refused 403 "pages of this origin may not ask here" "$realtime" "Origin: https://elsewhere.example"
refused 403 "pages of this origin" "$realtime" "Host: rebound.example" "Origin: http://rebound.example"
refused 404 "there is no session 'x'" "$realtime?session_id=x"
expect 2 "cannot listen at 127.0.0.1, port ${url##*:}: Address already in use; choose another port" --db other.db --port "${url##*:}"

# A conversation, from the page of this server, with a wrong event in it.
talk "$realtime?model=any" "Origin: $url" "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.any"
hear "open realtime"
hear '"type":"session.created"'
session=$(sed -n 's/.*"session":{[^{]*"id":"\([^"]*\)".*/\1/p' heard | head -n 1)
grep -q '"model":"any"' heard || fail "the model is not said back"
say '{"type":"no.such.event","event_id":"mine"}'
hear '"event_id":"mine"'
ask "take a note buy milk"
hear '"type":"response.done"'
grep -q '"transcript":"I noted: buy milk."' heard || fail "another answer: $(grep response.done heard)"
grep -q '"type":"response.output_audio.delta"' heard || fail "no sound"
get 200 "parlance_sessions 1" "$url/metrics"
hang_up
grep -q '^closed 1000' heard || fail "hanging up: $(tail -n 1 heard)"
# It goes on, and the history is shown.
talk "$realtime?session_id=$session"
hear '"text":"take a note buy milk"'
hang_up
stop
[[ $(wc -l <out) == 2 ]] || fail "serve prints more than its addresses"
if grep -q milk out err; then fail "what was said is in what it prints"; fi
"$sessions" export "$session" --db s.db >exported 2>&1 || fail "sessions export"
grep -q '"content":"take a note buy milk"' exported || fail "the store has no question"
grep -q '"content":"I noted: buy milk."' exported || fail "the store has no answer"

# Keys.
serve --db s.db --api_keys keys.txt --sessions_per_key 1 --allowed_origins "https://app.example"
get 200 "ok" "$url/healthz"
get 200 "ready" "$url/readyz"
get 401 "a key is needed" "$url/metrics"
get 401 "the key is not known here" "$url/metrics" "Authorization: Bearer ${good}5"
get 200 "# EOF" "$url/metrics" "Authorization: Bearer $good"
refused 401 "a key is needed" "$realtime"
refused 401 "the key is not known here" "$realtime" "Authorization: Bearer ${good}5"
refused 400 "a key is never put into a URL" "$realtime?api_key=$good"
refused 403 "pages of this origin" "$realtime" "Authorization: Bearer $good" "Origin: https://elsewhere.example"
talk "$realtime" "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.$good" "Origin: https://app.example"
hear '"type":"session.created"'
if head -n 1 heard | grep -q "$good"; then fail "the key is sent back"; fi
exec 7>&5 8<&6
first=$talker
cp heard first
refused 429 "the key has 1 sessions already" "$realtime" "Authorization: Bearer $good"
talk "$realtime" "Authorization: Bearer ${good}4"
hear '"type":"session.created"'
hang_up
exec 5>&7 6<&8 7>&- 8<&-
talker=$first
hang_up
stop
if grep -q "$good" out err; then fail "a key is printed"; fi

# TLS, all addresses, a port that is shared, and streams for who is on this machine.
"$runfiles/pipeline/door/net/testing/make_certificate" . test || fail "no certificate"
serve --db s.db --address 0.0.0.0 --api_keys keys.txt --certificate test.pem --key test.key --share_port
[[ "$url" == https://127.0.0.1:* && "$realtime" == "wss${url#https}/v1/realtime" ]] || fail "addresses: $url, $realtime"
python3 "$client" get "$url/healthz" >answer 2>&1
grep -qx "ok" answer || fail "$url/healthz: $(cat answer)"
talk "$realtime" "Authorization: Bearer $good"
hear '"type":"session.created"'
hang_up
stop
if grep -q "certificate" err; then fail "a worry about a certificate that is valid: $(cat err)"; fi
expect 2 "the key keys.txt cannot be read as PEM" --db s.db --port 0 --certificate test.pem --key keys.txt
expect 2 "the key missing.key cannot be read: No such file" --db s.db --port 0 --certificate test.pem --key missing.key
chmod 644 test.key
expect 2 "the key test.key can be read by everybody on this machine, or written by others than its owner; run: chmod 600 test.key" --db s.db --port 0 \
  --certificate test.pem --key test.key
"$runfiles/pipeline/door/net/testing/make_certificate" . old expired || fail "no certificate"
serve --db s.db --certificate old.pem --key old.key
wait_for 4 served_errors "the certificate old.pem has expired, on " || fail "does not say that the certificate has expired"
stop
if python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>err; then
  serve --db s.db --address 0:0::0 --api_keys keys.txt
  [[ "$url" == "http://[::1]:"* ]] || fail "the address of all that IPv6 has: $url"
  get 200 "ok" "$url/healthz"
  stop
fi

# SIGTERM: no conversation is begun any more, those that are idle end, and an answer that is being given comes to its end.
serve --db s.db
talk "$realtime"
hear '"type":"session.created"'
kill -INT "$server"
hear "closed 1001"
exec 5>&- 6<&-
expect_end 0
grep -q "serve: shutting down; a second signal ends it at once" err || fail "does not say that it ends"

# Notes that take a minute to read out.
{
  echo '{"type":"session","id":"notes","title":"Notes","created":"2026-01-01T00:00:00Z"}'
  for i in {1..40}; do
    echo '{"type":"message","sequence":'"$i"',"role":"developer","name":"note","content":"call the school"}'
  done
} >notes.jsonl
"$sessions" import notes.jsonl --db notes.db >out 2>&1 || fail "sessions import"
serve --db notes.db
talk "$realtime"
ask "what is two plus two"
hear '"type":"response.output_audio.delta"'
kill -TERM "$server"
hear '"type":"response.done"'
grep -q '"status":"completed"' heard || fail "the answer does not come to its end: $(tail -n 1 heard)"
hear "closed 1001"
exec 5>&- 6<&-
expect_end 0

serve --db notes.db
talk "$realtime"
hear '"type":"session.created"'
session=$(sed -n 's/.*"session":{[^{]*"id":"\([^"]*\)".*/\1/p' heard | head -n 1)
ask "read my notes"
hear '"type":"response.output_audio.delta"'
kill -TERM "$server"
wait_for 4 served_errors "shutting down" || fail "does not say that it ends"
get 503 "the agent shuts down" "$url/readyz"
grep -q '^Retry-After: ' answer || fail "/readyz: does not say when to ask again"
refused 503 "" "$realtime"
# Until it is taken for a second one.
while kill -TERM "$server" 2>/dev/null; do sleep 0.1; done
expect_end 2
hear "broken off"
exec 5>&- 6<&-

# What takes longer than --drain is cut, and stored.
serve --db notes.db --drain 0s
talk "$realtime?session_id=$session"
hear '"type":"session.created"'
ask "read my notes"
hear '"type":"response.output_audio.delta"'
kill -TERM "$server"
hear '"status":"cancelled"'
hear "closed "
exec 5>&- 6<&-
expect_end 0
grep -q "1 sessions had a turn under way after 0" err || fail "does not say what was cut"
"$sessions" export "$session" --db notes.db >exported 2>&1 || fail "sessions export"
grep -q '"parlance.answer.interrupted":true' exported || fail "the store does not know that the answer was cut: $(tail -n 2 exported)"
