// Any bytes from a pipe, in any pieces, through the whole signal path: no crash, frames whose
// positions have no gap, and the same samples whatever the pieces. The input's first three bytes
// say how to read (see LLVMFuzzerTestOneInput); the rest is sound.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "audio/signal/framer.h"
#include "audio/signal/level_meter.h"
#include "audio/signal/resampler.h"
#include "audio/sound_file/pcm_reader.h"

namespace parlance::audio {
namespace {

constexpr std::array<int, 8> kRatesHz = {8000, 11025, 16000, 22050, 24000, 44100, 47999, 48000};
constexpr int kFrameSamples = 160;

void Check(bool holds) {
  if (!holds) std::abort();
}

// One of each pair of rates is kept, so that their coefficients are made once.
void KeepCoefficients() {
  static const std::vector<Resampler>* const kept = [] {
    auto* const resamplers = new std::vector<Resampler>;
    for (const int from_hz : kRatesHz) {
      for (const int to_hz : kRatesHz) resamplers->push_back(*Resampler::Create(from_hz, to_hz));
    }
    return resamplers;
  }();
  Check(kept->size() == kRatesHz.size() * kRatesHz.size());
}

struct Heard {
  std::vector<int16_t> samples;
  int64_t num_read = 0;
};

// What has come through in pieces of up to `read_piece` samples.
Heard Listen(absl::Span<const uint8_t> bytes, const PcmReader::Options& options, int to_hz,
             size_t read_piece) {
  int ends[2];
  Check(pipe(ends) == 0);
  // Less than a pipe holds.
  Check(write(ends[1], bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  close(ends[1]);
  absl::StatusOr<PcmReader> reader = PcmReader::Create(ends[0], options);
  absl::StatusOr<Resampler> resampler = Resampler::Create(options.sample_rate_hz, to_hz);
  absl::StatusOr<LevelMeter> meter = LevelMeter::Create({.sample_rate_hz = to_hz});
  Check(reader.ok() && resampler.ok() && meter.ok());
  Framer framer(kFrameSamples);

  Heard heard;
  const auto listen = [&](int64_t position, absl::Span<const int16_t> frame) {
    Check(position == static_cast<int64_t>(heard.samples.size()));
    const FrameLevel level = meter->Process(frame);
    Check(level.rms_dbfs <= level.peak_dbfs + 0.01F && level.peak_dbfs <= 0.01F);
    Check(std::abs(level.dc_offset) <= 1);
    heard.samples.insert(heard.samples.end(), frame.begin(), frame.end());
  };
  std::vector<int16_t> block(read_piece);
  std::vector<int16_t> resampled;
  for (;;) {
    const absl::StatusOr<size_t> count = reader->Read(absl::MakeSpan(block));
    Check(count.ok());
    if (*count == 0) break;
    heard.num_read += static_cast<int64_t>(*count);
    resampled.clear();
    resampler->Process(absl::MakeConstSpan(block).first(*count), resampled);
    framer.Push(resampled, listen);
  }
  resampled.clear();
  resampler->Flush(resampled);
  framer.Push(resampled, listen);
  framer.Flush(listen);
  close(ends[0]);
  return heard;
}

}  // namespace
}  // namespace parlance::audio

// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace parlance::audio;  // NOLINT
  KeepCoefficients();
  if (size < 3) return 0;
  constexpr std::array<PcmEncoding, 3> kEncodings = {PcmEncoding::kS16, PcmEncoding::kMuLaw,
                                                     PcmEncoding::kALaw};
  PcmReader::Options options;
  options.encoding = kEncodings[data[0] % 3];
  options.num_channels = 1 + data[0] / 3 % 2;
  options.sample_rate_hz = kRatesHz[data[1] % 8];
  const int to_hz = kRatesHz[data[1] / 8 % 8];
  const absl::Span<const uint8_t> bytes(data + 3, std::min<size_t>(size - 3, 32'000));

  const Heard heard = Listen(bytes, options, to_hz, 1 + data[2]);
  const Heard whole = Listen(bytes, options, to_hz, 10'000);
  Check(heard.samples == whole.samples && heard.num_read == whole.num_read);
  const int64_t sample_bytes = options.encoding == PcmEncoding::kS16 ? 2 : 1;
  const int64_t num_moments =
      static_cast<int64_t>(bytes.size()) / (sample_bytes * options.num_channels);
  Check(heard.num_read == num_moments);
  const int64_t num_output =
      (num_moments * to_hz + options.sample_rate_hz - 1) / options.sample_rate_hz;
  const int64_t num_frames = (num_output + kFrameSamples - 1) / kFrameSamples;
  Check(static_cast<int64_t>(heard.samples.size()) == num_frames * kFrameSamples);
  return 0;
}
