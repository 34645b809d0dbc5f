#!/bin/bash
# The command as its users type it.
set -u
vad="$PWD/audio/vad"
samples="$PWD/external/speech_samples"
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
  "$vad" "$@" >out 2>err
  local got=$?
  [[ $got == "$code" ]] || fail "$*: exit code $got, expected $code"
  cat out err | grep -qF -- "$text" || fail "$*: no '$text'"
}

cp "$samples/pocketsphinx/librivox/sense_and_sensibility_01_austen_64kb-0870.wav" prose.wav || exit 2
cp "$samples/pocketsphinx/cards/001.wav" card.wav || exit 2
cp "$samples/alsa/Front_Center.wav" alsa.wav || exit 2
cp "$samples/pocketsphinx/goforward.raw" goforward.raw || exit 2
mkdir -p elsewhere folder

# The command line.
expect 0 "Exit code:" --help
expect 0 "  neural  " --help
expect 2 "no FILE is given; see --help"
expect 2 "there is no flag 'frob'" prose.wav --frob
expect 2 "--detector needs a value" prose.wav --detector
expect 2 "there is no detector 'oracle'; there are neural, classic, " prose.wav --detector oracle
expect 2 "--look_ahead_ms has to be a multiple of 10" prose.wav --look_ahead_ms 15
expect 2 "--look_ahead_ms has to be a multiple of 10" prose.wav --look_ahead_ms=-10
expect 2 "webrtc answers at once" prose.wav --detector webrtc --look_ahead_ms 40
expect 2 "--threshold has to be 0 to 1" prose.wav --threshold 1.5
expect 2 "--threshold has to be 0 to 1" prose.wav --threshold nan
expect 2 "--collar has to be a multiple of 10ms" prose.wav --collar 5ms
expect 2 "of the segments: " prose.wav --start_threshold 0.2
expect 2 "--raw_encoding: " - --raw_encoding mp3
expect 2 "--raw_rate has to be 8000 to 48000" - --raw_rate 4000
expect 2 "--raw_channels has to be 1 or 2" - --raw_channels 3
expect 2 "--frames prints one FILE" prose.wav card.wav --frames
expect 2 "goes without --labels" prose.wav --frames --labels a.txt
expect 2 "standard input can be read once" - -
expect 2 "--plot has to be a folder that is there" prose.wav card.wav --plot a.svg
expect 2 "two FILEs have the name of 'folder/card.wav'" card.wav folder/card.wav --plot folder
expect 2 "--look_ahead_ms cannot be 'x'" prose.wav --look_ahead_ms x
expect 2 "--min_speech_duration cannot be '5'" prose.wav --min_speech_duration=5
expect 2 "--frames cannot be 'maybe'" prose.wav --frames=maybe

# Files that cannot be used.
expect 1 "missing.wav" missing.wav
expect 1 "No such file" missing.wav
expect 1 "is not a file" folder
echo "no sound" >text.wav
expect 1 "text.wav: not a WAV file" text.wav
: >empty.wav
expect 1 "empty.wav" empty.wav
expect 1 "standard input has no sound" - </dev/null
expect 1 "prose.wav: 7.10 s, 16000 Hz, mono; 1 segment" missing.wav prose.wav

# Segments.
expect 0 "     BEGIN        END     LENGTH" prose.wav
expect 0 "alsa.wav: 1.43 s, 48000 Hz, mono; 1 segment" alsa.wav card.wav
grep -q "^card.wav: " out || fail "the second file"
expect 0 "1 segment" prose.wav --detector webrtc
expect 0 "3 segments" prose.wav --max_speech_duration 3s
head -c 64000 /dev/zero | "$vad" - >out 2>err || fail "silence"
grep -qF -- "standard input: 2.00 s, 16000 Hz, mono; no speech" out || fail "silence: no speech"
(cd elsewhere && BUILD_WORKING_DIRECTORY="$TEST_TMPDIR" "$vad" card.wav --plot below.svg) >out 2>err ||
  fail "below bazel run"
[[ -s below.svg ]] || fail "below bazel run: no plot"

# Frames, and raw sound.
expect 0 "time_s,probability,speech" prose.wav --frames
[[ $(wc -l <out) == 711 ]] || fail "--frames: $(wc -l <out) lines"
[[ $(sed -n 2p out) == 0.00,*,0 && $(tail -n 1 out) == 7.09,*,* ]] || fail "--frames: the times"
grep -vqE '^[0-9]+\.[0-9][0-9],[01](\.[0-9]+(e-[0-9]+)?)?(e-[0-9]+)?,[01]$' <(tail -n +2 out) && fail "--frames: the form"
cp out all
expect 0 "0.50," prose.wav --frames --threshold 0
grep -q ",0$" out && fail "--threshold 0"
tail -c +45 prose.wav | "$vad" - --frames >out 2>err || fail "raw sound"
cmp -s out all || fail "raw sound: other frames"
expect 0 "standard input: 2.79 s, 16000 Hz, mono; 1 segment" - <goforward.raw
expect 0 "standard input: 1.39 s, 16000 Hz, stereo" - --raw_channels 2 <goforward.raw
expect 0 "standard input: 11.14 s, 8000 Hz, mono" - --raw_encoding mulaw --raw_rate 8000 <goforward.raw
expect 0 "standard input: 11.14 s, 8000 Hz, mono" - --raw_encoding alaw --raw_rate 8000 <goforward.raw

# Labels.
printf '0.25\t2.4\tthe family\n2.75\t3.9\thad\n4.1\t4.4\tnoise\n4.5\t6.9\tsettled\n' >prose.txt
expect 0 "against the labels of 1 file: 3 segments, 5.70 s of speech in 7.10 s" prose.wav --labels prose.txt
grep -qE "^Area under the ROC curve +0\.[0-9]+ +0\.[0-9]+ to [01]\.[0-9]+$" out || fail "the area"
grep -q "Intervals are by drawing 8 blocks of 1 s 1000 times" out || fail "blocks"
expect 0 "without 100 ms around each border" prose.wav --labels prose.txt --collar 100ms
printf '0\t1.2\tcard\n' >card.txt
expect 0 "against the labels of 2 files: 4 segments" prose.wav card.wav --labels .
grep -q "Intervals are by drawing the 2 files" out || fail "files"
: >none.txt
expect 0 "Area under the ROC curve                       -" prose.wav --labels none.txt
expect 1 "cannot read" prose.wav --labels missing.txt
expect 1 "alsa.txt" prose.wav alsa.wav --labels .
grep -q "is not measured, because 1 file failed" err || fail "what is not measured"
printf '0\t1\ta\n1,5\t2\tb\n' >comma.txt
expect 1 "comma.txt:2: the begin '1,5' has a decimal comma; write a point instead" prose.wav --labels comma.txt
printf '0\t1\ta\n3\t2\tb\n' >turned.txt
expect 1 "turned.txt:2: the end '2' is before the begin 3" prose.wav --labels turned.txt
printf '0\t100\ta\n' >longer.txt
expect 0 "it ends at 7.10 s, but its labels at 100.00 s" prose.wav --labels longer.txt
expect 0 "1 segment" prose.wav --output_labels found.txt
grep -qP '^\d+\.\d{6}\t\d+\.\d{6}\tspeech$' found.txt || fail "--output_labels: $(cat found.txt)"
expect 0 "against the labels" prose.wav --labels found.txt
expect 0 "card.wav" prose.wav card.wav --output_labels folder
[[ -s folder/card.txt && -s folder/prose.txt ]] || fail "--output_labels: a folder"
expect 1 "cannot write" prose.wav --output_labels no/such/folder.txt

# Plots.
expect 0 "11.14 s" - --raw_encoding mulaw --raw_rate 8000 --plot raw.svg <goforward.raw
grep -q "<title>standard input, neural</title>" raw.svg || fail "--plot: standard input"
expect 0 "1 segment" prose.wav --plot prose.svg --labels prose.txt
grep -q "<title>prose.wav, neural</title>" prose.svg || fail "--plot"
grep -q ">settled<" prose.svg || fail "--plot: labels"
expect 0 "card.wav" prose.wav card.wav --plot folder
[[ -s folder/card.svg && -s folder/prose.svg ]] || fail "--plot: a folder"
expect 1 "cannot write no/such/folder.svg" prose.wav --plot no/such/folder.svg
"$vad" prose.wav --frames >/dev/full 2>err
[[ $? == 1 ]] || fail "a full disk"
"$vad" prose.wav >/dev/full 2>err
[[ $? == 1 ]] || fail "a full disk, at the end"

[[ $failures == 0 ]]
