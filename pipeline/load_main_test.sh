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

# A store of one's own stays, with what was said.
run --db own.db --recognizer real "$question"
[[ $? -le 1 ]] || fail "a load with a file"
[[ -s own.db ]] || fail "no own.db"

# Whoever is too many is refused, and told why.
"$program" --sessions 50 --length 1s --ramp 0s --max_utilization 0.01 >out 2>err
[[ $? == 1 ]] || fail "a load that is too much is no no"
grep -q "refused: the agent is busy: " out || fail "it does not say why"
