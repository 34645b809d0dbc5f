# shellcheck shell=bash
# The scenes' program, with little sound: what it writes and what it leaves alone.
samples="$runfiles/third_party/speech_samples"
speech="en:wav:2:$samples/codec2"
music="$samples/music"

needed="one of --output, --listen and --recordings is needed"
expect 2 "$needed" --speech "$speech"
expect 2 "$needed" --speech "$speech" --output a.f32 --listen a
expect 2 "$needed" --speech "$speech" --output a.f32 --recordings a.s16
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

# A teacher says what speaks in recordings: here that everything does, or nothing.
expect 0 "en: " --speech "$speech" --recordings corpus.s16
expect_unchanged scene-0.wav 2 "it is there already and is not a file of recordings" \
  --speech "$speech" --recordings scene-0.wav
expect 2 "No space left on device" --speech "$speech" --recordings /dev/full
frames=$(python3 -c '
import struct
data = open("corpus.s16", "rb").read()
at = frames = 0
while at < len(data):
    at += 4 + struct.unpack_from("<i", data, at)[0]
    samples = struct.unpack_from("<i", data, at)[0]
    at += 4 + 2 * samples
    frames += samples // 160
open("all.f32", "wb").write(struct.pack("<f", 0.9) * frames)
open("none.f32", "wb").write(struct.pack("<f", 0.1) * frames)
open("short.f32", "wb").write(struct.pack("<f", 0.9) * (frames - 1))
open("cut.s16", "wb").write(data[:-1])
print(frames)')
((frames > 1000)) || fail "--recordings: $frames frames"
taught=(--corpus corpus.s16 --music "$music" --scenes 2 --seconds 3)
expect 0 "the teacher hears speech in " "${taught[@]}" --teacher all.f32 --output taught.f32
[[ $(stat -c %s taught.f32) == $(stat -c %s a.f32) ]] || fail "--teacher: $(stat -c %s taught.f32) bytes"
expect 2 "the teacher hears no speech" "${taught[@]}" --teacher none.f32 --output b.f32
expect 2 "short.f32 has $((frames - 1)) frames, the recordings $frames" "${taught[@]}" --teacher short.f32 --output b.f32
expect 2 "--corpus needs --teacher" "${taught[@]}" --output b.f32
expect 2 "no/such: " "${taught[@]}" --teacher no/such --output b.f32
taught[1]=cut.s16
expect 2 "cut.s16 is not what --recordings writes" "${taught[@]}" --teacher all.f32 --output b.f32
taught[1]=scene-0.txt
expect 2 "scene-0.txt is not what --recordings writes" "${taught[@]}" --teacher all.f32 --output b.f32
taught[1]=/dev/null
expect 2 "/dev/null has no recordings" "${taught[@]}" --teacher all.f32 --output b.f32
taught[1]=no/such
expect 2 "cannot read no/such" "${taught[@]}" --teacher all.f32 --output b.f32
[[ ! -e b.f32 ]] || fail "a file that was not complete"
