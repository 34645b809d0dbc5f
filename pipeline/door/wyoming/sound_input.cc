#include "pipeline/door/wyoming/sound_input.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace parlance::pipeline::door {
namespace {

constexpr int64_t kMaxWidth = 4;
constexpr int64_t kMaxChannels = 8;

// The high 16 bits of a signed number of so many bytes.
int SampleAt(const char* bytes, size_t width) {
  const auto byte = [bytes](size_t at) { return static_cast<uint8_t>(bytes[at]); };
  if (width == 1) return static_cast<int16_t>(static_cast<uint16_t>(byte(0) << 8));
  return static_cast<int16_t>(static_cast<uint16_t>(byte(width - 1) << 8 | byte(width - 2)));
}

}  // namespace

SoundInput::SoundInput(const SoundFormat& format, audio::Resampler resampler)
    : format_(format), resampler_(std::move(resampler)) {}

absl::StatusOr<SoundInput> SoundInput::Create(const SoundFormat& format) {
  if (format.width < 1 || format.width > kMaxWidth) {
    return absl::InvalidArgumentError(
        absl::StrCat("sound of width ", format.width, "; it has to be 1 to 4 bytes"));
  }
  if (format.channels < 1 || format.channels > kMaxChannels) {
    return absl::InvalidArgumentError(
        absl::StrCat("sound of ", format.channels, " channels; it has to be 1 to 8"));
  }
  if (format.rate_hz < 8000 || format.rate_hz > 48000) {
    return absl::InvalidArgumentError(
        absl::StrCat("sound of ", format.rate_hz, " Hz; it has to be 8000 to 48000"));
  }
  absl::StatusOr<audio::Resampler> resampler =
      audio::Resampler::Create(static_cast<int>(format.rate_hz), kHouseRateHz);
  if (!resampler.ok()) return resampler.status();
  return SoundInput(format, *std::move(resampler));
}

absl::Status SoundInput::Add(absl::string_view bytes, std::vector<int16_t>& samples) {
  const auto width = static_cast<size_t>(format_.width);
  const auto channels = static_cast<size_t>(format_.channels);
  if (bytes.size() % (width * channels) != 0) {
    return absl::InvalidArgumentError(absl::StrCat("a chunk of ", bytes.size(),
                                                   " bytes is not a whole number of ", channels,
                                                   " samples of ", width, " bytes"));
  }
  mono_.clear();
  for (size_t at = 0; at < bytes.size(); at += width * channels) {
    int sum = 0;
    for (size_t channel = 0; channel < channels; ++channel) {
      sum += SampleAt(bytes.data() + at + channel * width, width);
    }
    mono_.push_back(static_cast<int16_t>(sum / static_cast<int>(channels)));
  }
  resampler_.Process(mono_, samples);
  return absl::OkStatus();
}

void SoundInput::End(std::vector<int16_t>& samples) { resampler_.Flush(samples); }

std::string Pcm16Bytes(absl::Span<const int16_t> samples) {
  std::string bytes;
  bytes.reserve(samples.size() * 2);
  for (const int16_t sample : samples) {
    const auto bits = static_cast<uint16_t>(sample);
    bytes.push_back(static_cast<char>(bits & 0xFF));
    bytes.push_back(static_cast<char>(bits >> 8));
  }
  return bytes;
}

}  // namespace parlance::pipeline::door
