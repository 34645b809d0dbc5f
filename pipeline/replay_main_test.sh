# shellcheck shell=bash
# Records repeated, as their users do it.
agent="$runfiles/pipeline/voice_agent"
question="$runfiles/third_party/speech_samples/pocketsphinx/cards/001.wav"
mkdir records
"$agent" --input "$question" --db s.db --record records >out 2>err || fail "voice_agent --record"
mv records/*.conversation a.conversation

expect 2 "name one record at least"
expect 2 "--jobs=0 is not in 1 to 64" a.conversation --jobs 0
expect 2 "cannot read missing.conversation: No such file" missing.conversation
expect 2 "this is not a record" "$question"
: >empty.conversation
expect 2 "the record is empty" empty.conversation

expect 0 "a.conversation: the same again, " a.conversation
expect 0 "standard input: the same again" - <a.conversation
digest=$(sed -n 's/.*digest //p' out)
for jobs in 1 2 8; do
  expect 0 "digest $digest" --jobs "$jobs" a.conversation a.conversation a.conversation
  [[ $(grep -c "digest $digest" out) == 3 ]] || fail "--jobs $jobs gives another digest"
done
expect 0 "speech begins (utterance 1)" --explain a.conversation
for part in "was \"ten of clubs\"" "the agent is asked" "the answer is heard" "turn 1 is over, answered"; do
  grep -q "$part" out || fail "--explain does not tell: $part"
done

# Another sound is another conversation, and half a record is told from a whole one.
python3 - <<'PY' || exit 2
record = bytearray(open("a.conversation", "rb").read())
# A long stretch of sound is in the first half; the least bit of each twentieth byte of it changes.
for at in range(len(record) // 4, len(record) // 2, 20):
    record[at] ^= 1
open("other.conversation", "wb").write(record)
whole = open("a.conversation", "rb").read()
open("half.conversation", "wb").write(whole[: len(whole) // 2])
PY
"$program" other.conversation >out 2>err
[[ $? != 0 ]] || fail "what was changed is the same again"
expect 1 "the record breaks off" half.conversation
expect 2 "missing.conversation" a.conversation missing.conversation
grep -q "a.conversation: the same again" out || fail "one bad record hides the others"
