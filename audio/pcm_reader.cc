#include "audio/pcm_reader.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "audio/g711.h"
#include "audio/waveform.h"

namespace parlance::audio {
namespace {

int16_t Decoded(PcmEncoding encoding, const uint8_t* bytes) {
  switch (encoding) {
    case PcmEncoding::kMuLaw:
      return DecodeMuLaw(bytes[0]);
    case PcmEncoding::kALaw:
      return DecodeALaw(bytes[0]);
    case PcmEncoding::kS16Le:
      break;
  }
  return static_cast<int16_t>(bytes[0] | bytes[1] << 8);
}

}  // namespace

absl::StatusOr<PcmEncoding> ParsePcmEncoding(absl::string_view name) {
  if (name == "s16le") return PcmEncoding::kS16Le;
  if (name == "mulaw") return PcmEncoding::kMuLaw;
  if (name == "alaw") return PcmEncoding::kALaw;
  return absl::InvalidArgumentError(absl::StrCat("'", name, "' is none of s16le, mulaw and alaw"));
}

absl::StatusOr<PcmReader> PcmReader::Create(int fd, const Options& options) {
  if (fd < 0) return absl::InvalidArgumentError(absl::StrCat(fd, " is no file descriptor"));
  if (options.sample_rate_hz < 8000 || options.sample_rate_hz > 48000) {
    return absl::InvalidArgumentError(absl::StrCat("the sample rate is ", options.sample_rate_hz,
                                                   " Hz; rates from 8000 to 48000 Hz can be used"));
  }
  if (options.num_channels < 1 || options.num_channels > 2) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.num_channels, " channels; one or two can be used"));
  }
  return PcmReader(fd, options);
}

PcmReader::PcmReader(int fd, const Options& options)
    : fd_(fd), options_(options), sample_bytes_(options.encoding == PcmEncoding::kS16Le ? 2 : 1) {}

absl::StatusOr<size_t> PcmReader::Read(absl::Span<int16_t> samples) {
  if (samples.empty() || has_ended_) return 0;
  const auto channels = static_cast<size_t>(options_.num_channels);
  // Whole moments and at least one, so that what is pending always leaves room.
  const size_t wanted = std::min(samples.size(), bytes_.size() / moment_bytes()) * moment_bytes();
  while (num_pending_ < moment_bytes()) {
    const ssize_t count = read(fd_, bytes_.data() + num_pending_, wanted - num_pending_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return absl::ErrnoToStatus(errno, "cannot read sound");
    if (count == 0) {
      has_ended_ = true;
      return 0;
    }
    num_pending_ += static_cast<size_t>(count);
  }
  const size_t num_moments = num_pending_ / moment_bytes();
  const uint8_t* bytes = bytes_.data();
  for (size_t i = 0; i < num_moments; ++i) {
    std::array<int16_t, 2> moment;
    for (size_t channel = 0; channel < channels; ++channel) {
      moment[channel] = Decoded(options_.encoding, bytes);
      bytes += sample_bytes_;
    }
    MixToMono(absl::MakeConstSpan(moment).first(channels), options_.num_channels,
              samples.subspan(i, 1));
  }
  num_pending_ -= num_moments * moment_bytes();
  std::copy_n(bytes, num_pending_, bytes_.data());
  return num_moments;
}

}  // namespace parlance::audio
