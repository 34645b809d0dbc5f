# shellcheck shell=bash
# The command as its users type it.
samples="$runfiles/third_party/speech_samples"
cp "$samples/pocketsphinx/librivox/sense_and_sensibility_01_austen_64kb-0870.wav" prose.wav || exit 2
cp "$samples/pocketsphinx/cards/001.wav" card.wav || exit 2
cp "$samples/alsa/Front_Center.wav" alsa.wav || exit 2
cp "$samples/pocketsphinx/goforward.raw" goforward.raw || exit 2
mkdir -p elsewhere folder

# The command line.
expect 0 "  neural " --help
expect 2 "no FILE is given; see vad --help"
expect 2 "there is no flag --frob" prose.wav --frob
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
expect 2 "--look_ahead_ms cannot be 'x': it has to be a whole number from -2147483648 to 2147483647" prose.wav --look_ahead_ms x
expect 2 "--min_speech_duration cannot be '5'" prose.wav --min_speech_duration=5
expect 2 "--frames cannot be 'maybe'" prose.wav --frames=maybe

# A file that is cut short, and one whose samples are not numbers, are heard, and that is said.
head -c 20000 card.wav >cut.wav
expect 0 "vad: cut.wav is cut short: its header promises " cut.wav
expect 0 "vad: standard input is cut short: its header promises " - <cut.wav
python3 -c '
import struct, sys
samples = struct.pack("<f", float("nan")) * 16000
sys.stdout.buffer.write(b"RIFF" + struct.pack("<I", 36 + len(samples)) + b"WAVEfmt "
                        + struct.pack("<IHHIIHH", 16, 3, 1, 16000, 64000, 4, 32)
                        + b"data" + struct.pack("<I", len(samples)) + samples)' >nan.wav
expect 0 "vad: nan.wav: 16000 of its samples are not numbers, and are taken as silence" nan.wav
rm cut.wav nan.wav

# Files that cannot be used.
expect 2 "cannot open missing.wav: No such file" missing.wav
expect 2 "an argument is empty" ""
expect 2 "folder is not a file" folder
expect 2 "/dev/null is not a file" /dev/null
expect 2 "File name too long" "$(printf 'n%.0s' {1..300})"
ln -s loop_b loop_a
ln -s loop_a loop_b
expect 2 "Too many levels of symbolic links" loop_a
expect 2 "Too many levels of symbolic links" prose.wav --labels loop_a
expect 2 "Too many levels of symbolic links" prose.wav --plot loop_a
expect 2 "Too many levels of symbolic links" prose.wav --output_labels loop_a
expect 2 "File name too long" prose.wav --labels "$(printf 'n%.0s' {1..300})"
expect 2 "File name too long" prose.wav --plot "$(printf 'n%.0s' {1..300})"
expect 2 "File name too long" prose.wav --output_labels "$(printf 'n%.0s' {1..300})"
expect 2 "--plot has to be a folder" prose.wav card.wav --plot "$(printf 'n%.0s' {1..300})"
for flag in detector labels output_labels plot; do
  expect 2 "--$flag is empty" prose.wav "--$flag="
done
echo "no sound" >text.wav
expect 2 "text.wav: not a WAV file, but text" text.wav
: >empty.wav
expect 2 "empty.wav: not a WAV file: it is empty" empty.wav
expect 2 "standard input has no sound" - </dev/null
"$program" - <&- >out 2>err
[[ $? == 2 ]] || fail "closed standard input"
expect 2 "standard input: cannot read sound: Is a directory" - <folder
cp card.wav "$(printf 'a\033[31m\302\233b')"
expect 0 'a\x1b[31m\u009bb: 1.' "$(printf 'a\033[31m\302\233b')"
expect 2 'a\x1b[31m\u009bb: ' "$(printf 'text\na\033[31m\302\233b')"
printf '0\t1\t\033[31m\302\233b\n1\t0\t\n' >"$(printf 'l\302\233b')"
expect 2 'l\u009bb:2: the end' card.wav --labels "$(printf 'l\302\233b')"
expect 2 "prose.wav: 7.10 s, 16000 Hz, mono; 1 segment" missing.wav prose.wav

# Segments.
expect 0 "     BEGIN        END     LENGTH" prose.wav
expect 0 "alsa.wav: 1.43 s, 48000 Hz, mono; 1 segment" alsa.wav card.wav
grep -q "^card.wav: " out || fail "the second file"
expect 0 "1 segment" prose.wav --detector webrtc
expect 0 "3 segments" prose.wav --max_speech_duration 3s
head -c 64000 /dev/zero | "$program" - >out 2>err || fail "silence"
grep -qF -- "standard input: 2.00 s, 16000 Hz, mono; no speech" out || fail "silence: no speech"

# WAV files as the world has them, as files and as pipes.
wav() { # RIFF_SIZE DATA_SIZE (four bytes each, as printf takes them): prose.wav with these sizes
  printf 'RIFF%bWAVE' "$1"
  head -c 40 prose.wav | tail -c +13
  printf '%b' "$2"
  tail -c +45 prose.wav
}
wav '\0\0\0\0' '\0\0\0\0' >killed.wav
wav '\x24\0\0\0' '\0\0\0\0' >python.wav
wav '\xff\xff\xff\xff' '\xff\xff\xff\xff' >ffmpeg.wav
wav '\x24\xf0\xff\x7f' '\0\xf0\xff\x7f' >sox.wav
wav '\x24\0\0\x80' '\0\0\0\x80' >arecord.wav
{ cat prose.wav; printf 'LIST\4\0\0\0INFO'; } >tagged.wav
{ # RF64 of a recorder that was killed.
  printf 'RF64\xff\xff\xff\xffWAVEds64\x1c\0\0\0'
  head -c 28 /dev/zero
  head -c 36 prose.wav | tail -c +13
  printf 'data\xff\xff\xff\xff'
  tail -c +45 prose.wav
} >rf64.wav
"$program" prose.wav --frames >frames 2>err || fail "--frames"
for name in killed python ffmpeg sox arecord tagged rf64; do
  expect 0 "$name.wav: 7.10 s, 16000 Hz, mono; 1 segment" "$name.wav"
  expect 0 "standard input: 7.10 s, 16000 Hz, mono; 1 segment" - <"$name.wav"
  # The header says the rate.
  cat "$name.wav" | expect 0 "standard input: 7.10 s, 16000 Hz, mono; 1 segment" - --raw_rate 8000 --raw_channels 2
  (cat "$name.wav" | "$program" - --frames | cmp -s - frames) || fail "$name.wav in a pipe: other frames"
  expect 0 "16000 Hz, mono" <("cat" "$name.wav")
done
head -c 44 prose.wav >header.wav
{ head -c 40 prose.wav; printf '\0\0\0\0'; } >nothing.wav
{ head -c 40 prose.wav; printf '\0\0\0\0LIST\4\0\0\0INFO'; } >tags.wav
for name in header nothing tags; do
  expect 2 "$name.wav: has no samples" "$name.wav"
  cat "$name.wav" | expect 2 "standard input: has no samples" -
done
head -c 38 prose.wav | expect 2 "standard input: it ends before its samples" -
head -c 4 prose.wav | expect 2 "standard input: not a WAV file" -
head -c 3 goforward.raw | expect 0 "standard input: 0.00 s" -
echo "no sound" | expect 2 "standard input: it is text, which would be noise" -
printf 'fLaC\0\0\0\x22more' | expect 2 "standard input: it is FLAC" -
printf 'ID3\3\0\0\0\0\0\0more' | expect 2 "standard input: it is MP3" -
for beginning in 'MP3 \xff\xfb\x90\x64' 'AAC \xff\xf1\x50\x80' 'gzip \x1f\x8b\x08\x00'; do
  # shellcheck disable=SC2059
  { printf "${beginning#* }"; cat goforward.raw; } >suspect
  expect 0 "vad: standard input: it is taken as raw sound of 16000 Hz, but begins like ${beginning%% *}; if that is what it is, convert it" - <suspect
done
expect 0 "standard input: " - --raw_encoding mulaw --raw_rate 8000 <suspect
grep -q "begins like" err && fail "codes of one byte are suspected"
printf 'OggS\0\2\0\0more' >ogg.wav
expect 2 "standard input: it is Ogg" - <ogg.wav
expect 2 "ogg.wav: not a WAV file, but Ogg; convert it" ogg.wav

(cd elsewhere && BUILD_WORKING_DIRECTORY="$TEST_TMPDIR" "$program" card.wav --plot below.svg) >out 2>err ||
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
tail -c +45 prose.wav | "$program" - --frames >out 2>err || fail "raw sound"
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
expect 2 "cannot read missing.txt: No such file" prose.wav --labels missing.txt
expect 0 "against the labels" prose.wav --labels - <prose.txt
expect 2 "standard input can be read once" - --labels - <prose.txt
expect 2 "alsa.txt" prose.wav alsa.wav --labels .
grep -q "is not measured, because 1 file failed" err || fail "what is not measured"
printf '0\t1\ta\n1,5\t2\tb\n' >comma.txt
expect 2 "comma.txt:2: the begin '1,5' has a decimal comma; write a point instead" prose.wav --labels comma.txt
printf '0\t1\ta\n3\t2\tb\n' >turned.txt
expect 2 "turned.txt:2: the end '2' is before the begin 3" prose.wav --labels turned.txt
printf '0\t100\ta\n' >longer.txt
expect 0 "it ends at 7.10 s, but its labels at 100.00 s" prose.wav --labels longer.txt
expect 0 "1 segment" prose.wav --output_labels found.txt
grep -qP '^\d+\.\d{6}\t\d+\.\d{6}\tspeech \(vad [0-9a-f]{8}\)$' found.txt || fail "--output_labels: $(cat found.txt)"
expect 0 "against the labels" prose.wav --labels found.txt
expect 0 "card.wav" prose.wav card.wav --output_labels folder
[[ -s folder/card.txt && -s folder/prose.txt ]] || fail "--output_labels: a folder"
expect 2 "there is no folder no/such/" prose.wav --output_labels no/such/folder.txt

# Plots.
expect 0 "11.14 s" - --raw_encoding mulaw --raw_rate 8000 --plot raw.svg <goforward.raw
grep -q "<title>standard input, neural</title>" raw.svg || fail "--plot: standard input"
expect 0 "1 segment" prose.wav --plot prose.svg --labels prose.txt
grep -q "<title>prose.wav, neural</title>" prose.svg || fail "--plot"
grep -q ">settled<" prose.svg || fail "--plot: labels"
expect 0 "card.wav" prose.wav card.wav --plot folder
[[ -s folder/card.svg && -s folder/prose.svg ]] || fail "--plot: a folder"
expect 2 "cannot write no/such/folder.svg: there is no folder no/such/" prose.wav --plot no/such/folder.svg
expect_full_disk prose.wav --frames
expect_full_disk prose.wav
expect_full_disk prose.wav --plot -
expect_closed_pipe prose.wav --frames
# Sound that does not end does not keep a program whose output is lost.
timeout 60 "$program" - --frames </dev/zero >/dev/full 2>err
[[ $? == 2 ]] || fail "endless sound and a full disk"
timeout 60 "$program" - --frames </dev/zero 2>err | head -n 3 >out
[[ ${PIPESTATUS[0]} == 141 ]] || fail "endless sound and a reader who has gone"

# What is asked for on standard output is all that is there.
expect 0 "1 segment" prose.wav --output_labels one.txt
for path in - /dev/stdout; do
  "$program" prose.wav --output_labels "$path" --labels prose.txt >out 2>err || fail "--output_labels $path"
  cmp -s out one.txt || fail "--output_labels $path: something else is there: $(cat out)"
  grep -q "1 segment" err || fail "--output_labels $path: no table"
  grep -q "against the labels of 1 file" err || fail "--output_labels $path: no agreement"
  "$program" prose.wav --plot "$path" >out 2>err || fail "--plot $path"
  [[ $(head -c 5 out) == "<?xml" || $(head -c 4 out) == "<svg" ]] || fail "--plot $path: something else is there: $(head -n 3 out)"
done
for flags in "--plot - --output_labels -" "--plot /dev/stdout --output_labels -" "--frames --plot -" "--frames --output_labels -"; do
  # shellcheck disable=SC2086
  expect 2 "only one of --frames, --output_labels and --plot can go to standard output" prose.wav $flags
done
# Sound that is also standard output would end in what is printed about it.
cp prose.wav twice.wav
for arguments in "twice.wav" "- --raw_rate 8000"; do
  # shellcheck disable=SC2086
  "$program" $arguments <twice.wav >>twice.wav 2>err && fail "$arguments: standard output is the sound"
  grep -q "cannot write standard output: it is the same file as" err || fail "$arguments: $(cat err)"
done
cmp -s prose.wav twice.wav || fail "the table was added to the sound"

# What must not be written over.
mkdir -p rec
cp prose.txt rec/prose.txt
cp card.txt rec/card.txt
for file in prose.txt ./prose.txt rec/../prose.txt; do
  expect_unchanged prose.txt 2 "it is the same file as prose.txt, which is needed" prose.wav --labels prose.txt --output_labels "$file"
done
ln -s prose.txt to_labels
ln prose.txt hard_labels
expect_unchanged prose.txt 2 "is the same file as" prose.wav --labels prose.txt --output_labels to_labels
expect_unchanged prose.txt 2 "is the same file as" prose.wav --labels hard_labels --output_labels prose.txt
expect_unchanged prose.txt 2 "is the same file as" prose.wav --labels - --output_labels prose.txt <prose.txt
expect_unchanged rec/prose.txt 2 "it is the same file as rec/prose.txt" prose.wav --labels rec --output_labels rec
expect_unchanged rec/prose.txt 2 "it is the same file as rec/prose.txt" prose.wav card.wav --labels rec --output_labels rec
expect_unchanged rec/card.txt 2 "it is the same file as rec/card.txt" prose.wav card.wav --labels rec --output_labels rec/../rec
mkdir crossed
ln -s ../rec/card.txt crossed/prose.txt
expect_unchanged rec/card.txt 2 "it is the same file as rec/card.txt" prose.wav card.wav --labels rec --output_labels crossed
for flag in --plot --output_labels; do
  expect_unchanged card.wav 2 "it is there already and is not" prose.wav "$flag" card.wav
  expect_unchanged prose.wav 2 "it is the same file as prose.wav" prose.wav "$flag" prose.wav
  expect_unchanged prose.wav 2 "it is the same file as standard input" - "$flag" prose.wav <prose.wav
  expect_unchanged text.wav 2 "it is there already and is not" prose.wav "$flag" text.wav
  expect_unchanged goforward.raw 2 "it is there already and is not" prose.wav "$flag" goforward.raw
done
shopt -s nullglob
expect_unchanged alsa.wav 2 "--plot has to be a folder that is there" --plot *.wav
expect_unchanged card.wav 2 "it is there already and is not an SVG file" --plot c*.wav prose.wav
expect_unchanged prose.svg 2 "it is there already and is not a file of labels" prose.wav --output_labels prose.svg
expect_unchanged found.txt 2 "it is there already and is not an SVG file" prose.wav --plot found.txt
expect 2 "it is the same file as both, which is needed" prose.wav --plot both --output_labels both
[[ ! -e both ]] || fail "makes both"
expect_unchanged prose.svg 2 "cannot open missing.wav" missing.wav --plot prose.svg
expect_unchanged prose.svg 2 "not a WAV file" text.wav --plot prose.svg
expect_unchanged found.txt 2 "has no samples" header.wav --output_labels found.txt
expect_unchanged found.txt 2 "comma.txt:2" prose.wav --output_labels found.txt --labels comma.txt
expect 2 "No space left on device" prose.wav --plot /dev/full
expect 2 "No space left on device" prose.wav --output_labels /dev/full
expect 0 "1 segment" prose.wav --plot /dev/null --output_labels /dev/null
[[ -c /dev/null ]] || fail "/dev/null was replaced"
expect 0 "<title>prose.wav, neural</title>" prose.wav --plot /dev/stdout
expect 0 "</svg>" prose.wav --plot -
mkfifo fifo
cat fifo >from_fifo &
expect 0 "1 segment" prose.wav --plot fifo
wait $!
[[ -p fifo && $(tail -c 7 from_fifo) == "</svg>" ]] || fail "--plot to a FIFO"
chmod 600 prose.svg
ln -s prose.svg to_plot
echo precious >prose.svg.tmp
expect 0 "1 segment" prose.wav --plot to_plot
[[ -L to_plot && $(stat -c %a prose.svg) == 600 && $(cat prose.svg.tmp) == precious ]] ||
  fail "--plot: a link, its target's mode or another's file was changed"
expect_tidy rec
expect_tidy folder

# Labels that somebody made by hand.
printf '0.1\t0.9\tA says hello\n' >by_hand.txt
printf '0.1\t0.5\tspeech\n1.0\t2.0\tnoise' >no_newline.txt
printf '0.1\t0.9\tspeech\n' >all_speech.txt
{ for ((i = 0; i < 300; ++i)); do printf '%d.1\t%d.9\tspeech\n' $i $i; done; printf '300\t301\tnoise\n'; } >long.txt
# What vad wrote, and somebody corrected.
expect 0 "3 segments" prose.wav --max_speech_duration 3s --output_labels corrected.txt
cp corrected.txt added.txt
printf '6.900000\t7.000000\tnoise\n' >>added.txt
sed -i '1s/^[0-9.]*/0.300000/' corrected.txt
for file in by_hand no_newline all_speech long corrected added; do
  expect_unchanged $file.txt 2 "it is there already and is not a file of labels that vad wrote and nobody changed" prose.wav --output_labels $file.txt
done
expect 0 "3 segments" prose.wav --max_speech_duration 3s --output_labels found.txt
[[ $(wc -l <found.txt) == 3 ]] || fail "--output_labels: what vad wrote is not replaced"
expect 0 "against the labels of 1 file" prose.wav --labels found.txt
