#include "audio/sound_file/testing/sounds.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "audio/signal/resampler.h"
#include "audio/sound_file/wav.h"
#include "audio/sound_file/waveform.h"

namespace parlance::audio {
namespace {

[[noreturn]] void Die(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::abort();
}

int16_t Clipped(double sample) {
  return static_cast<int16_t>(std::clamp(std::lround(sample), -32768L, 32767L));
}

// Raw PCM16, 16 kHz.
Waveform ReadRaw(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  if (bytes.size() < 2) Die(absl::StrCat("cannot read ", path));
  Waveform waveform{.sample_rate_hz = 16000, .num_channels = 1, .samples = {}};
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    waveform.samples.push_back(static_cast<int16_t>(static_cast<uint8_t>(bytes[i]) |
                                                    static_cast<uint8_t>(bytes[i + 1]) << 8));
  }
  return waveform;
}

}  // namespace

std::vector<int16_t> WhiteNoise(size_t num_samples, double level, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> distribution(0, level);
  std::vector<int16_t> samples(num_samples);
  for (int16_t& sample : samples) sample = Clipped(distribution(random));
  return samples;
}

std::vector<int16_t> Hum(size_t num_samples, int sample_rate_hz, double hz, double level) {
  std::vector<int16_t> samples(num_samples);
  for (size_t i = 0; i < num_samples; ++i) {
    const double phase = 2 * std::numbers::pi * hz * static_cast<double>(i) / sample_rate_hz;
    samples[i] =
        Clipped(level * (std::sin(phase) + 0.5 * std::sin(2 * phase) + 0.3 * std::sin(3 * phase)));
  }
  return samples;
}

std::vector<int16_t> Mix(absl::Span<const int16_t> a, absl::Span<const int16_t> b) {
  std::vector<int16_t> mixed(std::max(a.size(), b.size()));
  for (size_t i = 0; i < mixed.size(); ++i) {
    mixed[i] = Clipped((i < a.size() ? a[i] : 0) + (i < b.size() ? b[i] : 0));
  }
  return mixed;
}

double Level(absl::Span<const int16_t> samples) {
  double sum = 0;
  for (const int16_t sample : samples) sum += static_cast<double>(sample) * sample;
  return samples.empty() ? 0 : std::sqrt(sum / static_cast<double>(samples.size()));
}

std::vector<int16_t> RecordedSpeech(const std::string& name, int sample_rate_hz) {
  const std::string path = absl::StrCat("third_party/speech_samples/", name);
  Waveform waveform;
  if (absl::EndsWith(name, ".raw")) {
    waveform = ReadRaw(path);
  } else {
    absl::StatusOr<Waveform> read = ReadWav(path);
    if (!read.ok()) Die(std::string(read.status().message()));
    waveform = *std::move(read);
  }
  std::vector<int16_t> mono = MonoSamples(waveform);
  if (waveform.sample_rate_hz == sample_rate_hz) return mono;
  absl::StatusOr<std::vector<int16_t>> resampled =
      Resample(mono, waveform.sample_rate_hz, sample_rate_hz);
  if (!resampled.ok()) Die(std::string(resampled.status().message()));
  return *std::move(resampled);
}

absl::Status WriteWavFile(const std::string& path, const Waveform& waveform) {
  std::ofstream file(path, std::ios::binary);
  absl::Status status = WriteWav(waveform, [&](absl::string_view bytes) {
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  file.close();
  return file ? absl::OkStatus() : absl::UnavailableError(absl::StrCat("cannot write ", path));
}

std::vector<std::string> SpeechRecordings() {
  std::vector<std::string> names = {"pocketsphinx/goforward.raw", "pocketsphinx/numbers.raw",
                                    "pocketsphinx/something.raw"};
  for (const char* number : {"0870", "0880", "0890", "0920", "0930"}) {
    names.push_back(absl::StrCat("pocketsphinx/librivox/sense_and_sensibility_01_austen_64kb-",
                                 number, ".wav"));
  }
  for (int i = 1; i <= 5; ++i) names.push_back(absl::StrCat("pocketsphinx/cards/00", i, ".wav"));
  return names;
}

}  // namespace parlance::audio
