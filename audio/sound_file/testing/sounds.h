// Sounds that are made, and recordings that come with the distribution, for tests and benchmarks.
#ifndef AUDIO_SOUND_FILE_TESTING_SOUNDS_H_
#define AUDIO_SOUND_FILE_TESTING_SOUNDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "audio/sound_file/waveform.h"

namespace parlance::audio {

// Gaussian, the same for each seed. `level`: of the root mean square, full scale being 32768.
std::vector<int16_t> WhiteNoise(size_t num_samples, double level, uint64_t seed);

// A sine with two overtones, like a transformer.
std::vector<int16_t> Hum(size_t num_samples, int sample_rate_hz, double hz, double level);

// Sample by sample, cut at full scale. The shorter one is continued with zeros.
std::vector<int16_t> Mix(absl::Span<const int16_t> a, absl::Span<const int16_t> b);

// Root mean square.
double Level(absl::Span<const int16_t> samples);

// A file of //third_party/speech_samples ("pocketsphinx/goforward.raw", "asterisk/hello.wav") as
// mono at `sample_rate_hz`. Ends the process if it cannot be read: the test names it as data.
std::vector<int16_t> RecordedSpeech(const std::string& name, int sample_rate_hz);

// Writes a file of a test; not with the care that a user's files need. Errors as WriteWav, and
// Unavailable if it cannot be written.
absl::Status WriteWavFile(const std::string& path, const Waveform& waveform);

// Recordings of several speakers, one after the other: some 50 s of prose and commands at 16 kHz.
std::vector<std::string> SpeechRecordings();

}  // namespace parlance::audio

#endif  // AUDIO_SOUND_FILE_TESTING_SOUNDS_H_
