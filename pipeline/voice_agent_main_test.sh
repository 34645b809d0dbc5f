# shellcheck shell=bash
# The agent as its users run it.
samples="$runfiles/third_party/speech_samples/pocketsphinx"
good="$samples/cards/001.wav"
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
expect 2 "none of s16le, mulaw and alaw" --input - --db s.db --input_encoding mp3
expect 2 "unexpected argument 'x.wav'" --input question.wav --db s.db x.wav
expect 2 "--endpoint_silence=-5s is not more than 0" --input question.wav --db s.db --endpoint_silence=-5s
expect 2 "--endpoint_silence=1m is not more than 0 and at most 30s" --input question.wav --db s.db --endpoint_silence 1m
expect 2 "--endpoint_silence=inf is not more than 0" --input question.wav --db s.db --endpoint_silence inf
expect 2 "--max_endpoint_silence=1m is not more than 0 and at most 30s" --input question.wav --db s.db --max_endpoint_silence 1m
expect 2 "--max_endpoint_silence=200ms is shorter than --endpoint_silence=500ms" --input question.wav --db s.db --max_endpoint_silence 200ms
expect 2 "--output has no meaning with --export_session" --db s.db --export_session x --output a.wav
expect 2 "--input has no meaning with --export_session" --db s.db --export_session x --input question.wav
for flag in input output db session export_session; do
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
sessions="$runfiles/session/sessions"
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
