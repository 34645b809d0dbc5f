# shellcheck shell=bash
# The scenes' program, with little sound: what it writes and what it leaves alone.
samples="$runfiles/third_party/speech_samples"
speech="en:wav:2:$samples/codec2"
music="$samples/music"

expect 2 "either --output or --listen is needed" --speech "$speech"
expect 2 "either --output or --listen is needed" --speech "$speech" --output a.f32 --listen a
expect 2 "--speech is missing" --output a.f32
expect 2 "--speech: codec2 is not NAME:ENDING:VOICES:FOLDER" --speech codec2 --output a.f32
expect 2 "missing" --speech "en:wav:2:missing" --output a.f32
expect 2 "there is no folder no/such/" --speech "$speech" --output no/such/a.f32
[[ ! -e a.f32 ]] || fail "a file that was not complete"

small=(--speech "$speech" --music "$music" --scenes 2 --seconds 3)
expect 0 "en: " "${small[@]}" --output a.f32
[[ $(stat -c %s a.f32) -gt 100000 && $(($(stat -c %s a.f32) % 4)) == 0 ]] || fail "--output: $(stat -c %s a.f32) bytes"
cp a.f32 first.f32
expect 0 "en: " "${small[@]}" --output a.f32
cmp -s a.f32 first.f32 || fail "the same seeds give other scenes"
expect 0 "en: " "${small[@]}" --listen scene
for i in 0 1; do
  [[ $(head -c 4 scene-$i.wav) == RIFF ]] || fail "--listen: scene-$i.wav"
  [[ -z $(grep -vP '^\d+\.\d{6}\t\d+\.\d{6}\tspeech$' scene-$i.txt) ]] || fail "--listen: scene-$i.txt"
done
expect_unchanged scene-0.wav 2 "it is there already and is not a file of features" "${small[@]}" --output scene-0.wav
echo precious >scene-1.txt
expect_unchanged scene-1.txt 2 "it is there already and is not a file of labels" "${small[@]}" --listen scene
expect_unchanged scene-1.txt 2 "it is there already and is not a file of features" "${small[@]}" --output scene-1.txt
expect 2 "No space left on device" "${small[@]}" --output /dev/full
