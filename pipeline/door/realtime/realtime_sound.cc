#include "pipeline/door/realtime/realtime_sound.h"

#include <utility>

#include "audio/signal/g711.h"
#include "pipeline/door/wire/base64.h"

namespace parlance::pipeline::door {
namespace {

// Both rates can be resampled to and from any that a session has.
std::optional<audio::Resampler> MakeResampler(int from_hz, int to_hz) {
  absl::StatusOr<audio::Resampler> made = audio::Resampler::Create(from_hz, to_hz);
  if (!made.ok()) return std::nullopt;
  return *std::move(made);
}

// Appends the samples that the bytes stand for; of PCM, whole ones.
void DecodeBytes(RealtimeFormat format, absl::Span<const uint8_t> bytes,
                 std::vector<int16_t>& samples) {
  const size_t before = samples.size();
  if (format == RealtimeFormat::kPcm24k) {
    samples.resize(before + bytes.size() / 2);
    for (size_t i = 0; i < bytes.size() / 2; ++i) {
      samples[before + i] = static_cast<int16_t>(bytes[2 * i] | bytes[2 * i + 1] << 8);
    }
    return;
  }
  samples.resize(before + bytes.size());
  const auto decoded = absl::MakeSpan(samples).subspan(before);
  if (format == RealtimeFormat::kMuLaw) {
    audio::DecodeMuLaw(bytes, decoded);
  } else {
    audio::DecodeALaw(bytes, decoded);
  }
}

}  // namespace

void RealtimeInput::SetFormat(RealtimeFormat format, int sample_rate_hz) {
  if (format_ == format && sample_rate_hz_ == sample_rate_hz) return;
  format_ = format;
  sample_rate_hz_ = sample_rate_hz;
  half_.reset();
  resampler_ = MakeResampler(SampleRateOf(format), sample_rate_hz);
}

absl::StatusOr<absl::Span<const int16_t>> RealtimeInput::Decode(absl::string_view base64) {
  bytes_.resize(MaxDecodedBytes(base64.size()) + 1);
  size_t begin = 0;
  if (half_.has_value()) bytes_[begin++] = *half_;
  const absl::StatusOr<size_t> count = DecodeBase64(base64, absl::MakeSpan(bytes_).subspan(begin));
  if (!count.ok()) return count.status();
  size_t size = begin + *count;
  half_.reset();
  if (*format_ == RealtimeFormat::kPcm24k && size % 2 != 0) half_ = bytes_[--size];
  line_.clear();
  DecodeBytes(*format_, absl::MakeConstSpan(bytes_).first(size), line_);
  samples_.clear();
  if (resampler_.has_value()) resampler_->Process(line_, samples_);
  return absl::MakeConstSpan(samples_);
}

size_t RealtimeInput::NumSamples(size_t num_characters) const {
  const size_t num_bytes = num_characters / 4 * 3;
  const size_t num_line_samples = *format_ == RealtimeFormat::kPcm24k ? num_bytes / 2 : num_bytes;
  return num_line_samples * static_cast<size_t>(sample_rate_hz_) /
         static_cast<size_t>(SampleRateOf(*format_));
}

absl::StatusOr<std::vector<int16_t>> RealtimeInput::DecodeWhole(absl::string_view base64) const {
  const absl::StatusOr<std::vector<uint8_t>> bytes = DecodeBase64(base64);
  if (!bytes.ok()) return bytes.status();
  std::vector<int16_t> line;
  DecodeBytes(*format_, *bytes, line);
  return audio::Resample(line, SampleRateOf(*format_), sample_rate_hz_);
}

void RealtimeOutput::SetFormat(RealtimeFormat format, int sample_rate_hz) {
  if (format_ == format && sample_rate_hz_ == sample_rate_hz) return;
  format_ = format;
  sample_rate_hz_ = sample_rate_hz;
  resampler_ = MakeResampler(sample_rate_hz, SampleRateOf(format));
}

void RealtimeOutput::Begin() {
  line_.clear();
  // Afterwards it is as new.
  if (resampler_.has_value()) resampler_->Flush(line_);
  line_.clear();
}

absl::Span<const uint8_t> RealtimeOutput::Encode(absl::Span<const int16_t> samples) {
  line_.clear();
  if (resampler_.has_value()) resampler_->Process(samples, line_);
  return Bytes();
}

absl::Span<const uint8_t> RealtimeOutput::Finish() {
  line_.clear();
  if (resampler_.has_value()) resampler_->Flush(line_);
  return Bytes();
}

absl::Span<const uint8_t> RealtimeOutput::Bytes() {
  if (*format_ == RealtimeFormat::kPcm24k) {
    bytes_.resize(line_.size() * 2);
    for (size_t i = 0; i < line_.size(); ++i) {
      const auto sample = static_cast<uint16_t>(line_[i]);
      bytes_[2 * i] = static_cast<uint8_t>(sample);
      bytes_[2 * i + 1] = static_cast<uint8_t>(sample >> 8);
    }
  } else {
    bytes_.resize(line_.size());
    if (*format_ == RealtimeFormat::kMuLaw) {
      audio::EncodeMuLaw(line_, absl::MakeSpan(bytes_));
    } else {
      audio::EncodeALaw(line_, absl::MakeSpan(bytes_));
    }
  }
  return absl::MakeConstSpan(bytes_);
}

}  // namespace parlance::pipeline::door
