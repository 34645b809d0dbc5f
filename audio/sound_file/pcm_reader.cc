#include "audio/sound_file/pcm_reader.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "audio/signal/g711.h"
#include "audio/sound_file/waveform.h"

namespace parlance::audio {
namespace {

size_t SampleBytes(PcmEncoding encoding) {
  switch (encoding) {
    case PcmEncoding::kMuLaw:
    case PcmEncoding::kALaw:
    case PcmEncoding::kU8:
      return 1;
    case PcmEncoding::kS24:
      return 3;
    case PcmEncoding::kS24In32:
    case PcmEncoding::kS32:
    case PcmEncoding::kF32:
      return 4;
    case PcmEncoding::kF64:
      return 8;
    case PcmEncoding::kS16:
      break;
  }
  return 2;
}

// `scaled`: 32768 is full scale.
int16_t Rounded(double scaled) {
  return static_cast<int16_t>(std::lrint(std::clamp(scaled, -32768.0, 32767.0)));
}

// A sample of the highest bits of 32, as signed.
int16_t FromTop(uint32_t bits) {
  return Rounded(static_cast<double>(static_cast<int32_t>(bits)) / 65536);
}

template <size_t kBytes, bool kBigEndian>
uint64_t Load(const uint8_t* bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < kBytes; ++i) {
    value |= static_cast<uint64_t>(bytes[i]) << (8 * (kBigEndian ? kBytes - 1 - i : i));
  }
  return value;
}

// `count` samples of `kBytes` bytes each.
template <size_t kBytes, typename Decode>
void DecodeEach(const uint8_t* bytes, size_t count, bool big_endian, int16_t* samples,
                Decode decode) {
  if (big_endian) {
    for (size_t i = 0; i < count; ++i) samples[i] = decode(Load<kBytes, true>(bytes + i * kBytes));
  } else {
    for (size_t i = 0; i < count; ++i) samples[i] = decode(Load<kBytes, false>(bytes + i * kBytes));
  }
}

// Counts what is no number, and is silence, in `num_not_numbers`.
void DecodeAll(PcmEncoding encoding, bool big_endian, const uint8_t* bytes, size_t count,
               int16_t* samples, int64_t& num_not_numbers) {
  const auto from_floating_point = [&](double sample) -> int16_t {
    if (!std::isnan(sample)) return Rounded(sample * 32768.0);
    ++num_not_numbers;
    return 0;
  };
  switch (encoding) {
    case PcmEncoding::kMuLaw:
      return DecodeEach<1>(bytes, count, big_endian, samples,
                           [](uint64_t code) { return DecodeMuLaw(static_cast<uint8_t>(code)); });
    case PcmEncoding::kALaw:
      return DecodeEach<1>(bytes, count, big_endian, samples,
                           [](uint64_t code) { return DecodeALaw(static_cast<uint8_t>(code)); });
    case PcmEncoding::kU8:
      return DecodeEach<1>(bytes, count, big_endian, samples, [](uint64_t value) {
        return static_cast<int16_t>((static_cast<int>(value) - 128) * 256);
      });
    case PcmEncoding::kS16:
      return DecodeEach<2>(bytes, count, big_endian, samples,
                           [](uint64_t value) { return static_cast<int16_t>(value); });
    case PcmEncoding::kS24:
      return DecodeEach<3>(bytes, count, big_endian, samples, [](uint64_t value) {
        return FromTop(static_cast<uint32_t>(value) << 8);
      });
    case PcmEncoding::kS24In32:
      return DecodeEach<4>(bytes, count, big_endian, samples, [](uint64_t value) {
        return FromTop(static_cast<uint32_t>(value) << 8);
      });
    case PcmEncoding::kS32:
      return DecodeEach<4>(bytes, count, big_endian, samples,
                           [](uint64_t value) { return FromTop(static_cast<uint32_t>(value)); });
    case PcmEncoding::kF32:
      return DecodeEach<4>(bytes, count, big_endian, samples, [&](uint64_t value) {
        return from_floating_point(std::bit_cast<float>(static_cast<uint32_t>(value)));
      });
    case PcmEncoding::kF64:
      return DecodeEach<8>(bytes, count, big_endian, samples, [&](uint64_t value) {
        return from_floating_point(std::bit_cast<double>(value));
      });
  }
}

}  // namespace

absl::StatusOr<PcmEncoding> ParsePcmEncoding(absl::string_view name) {
  if (name == "s16le") return PcmEncoding::kS16;
  if (name == "mulaw") return PcmEncoding::kMuLaw;
  if (name == "alaw") return PcmEncoding::kALaw;
  return absl::InvalidArgumentError(
      absl::StrCat("'", name, "' is not one of s16le, mulaw and alaw"));
}

absl::StatusOr<PcmReader> PcmReader::Create(int fd, const Options& options) {
  if (fd < 0) return absl::InvalidArgumentError(absl::StrCat(fd, " is not a file descriptor"));
  return Create(ByteReader(fd), options);
}

absl::StatusOr<PcmReader> PcmReader::Create(const ByteReader& bytes, const Options& options) {
  if (options.sample_rate_hz < 8000 || options.sample_rate_hz > 48000) {
    return absl::InvalidArgumentError(absl::StrCat("the sample rate is ", options.sample_rate_hz,
                                                   " Hz; rates from 8000 to 48000 Hz can be used"));
  }
  if (options.num_channels < 1 || options.num_channels > 2) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.num_channels, " channels; one or two can be used"));
  }
  if (options.max_bytes < 0) {
    return absl::InvalidArgumentError(absl::StrCat(options.max_bytes, " is not a number of bytes"));
  }
  return PcmReader(bytes, options);
}

PcmReader::PcmReader(const ByteReader& bytes, const Options& options)
    : bytes_(bytes),
      options_(options),
      sample_bytes_(SampleBytes(options.encoding)),
      bytes_left_(options.max_bytes) {}

absl::StatusOr<size_t> PcmReader::Wait(size_t wanted) {
  const auto moments_left =
      static_cast<uint64_t>(bytes_left_ / static_cast<int64_t>(moment_bytes()));
  wanted = static_cast<size_t>(std::min<uint64_t>(wanted, moments_left));
  if (wanted == 0) return 0;
  const absl::StatusOr<absl::Span<const uint8_t>> ahead = bytes_.Look(moment_bytes());
  if (!ahead.ok()) return ahead.status();
  return std::min(wanted, ahead->size() / moment_bytes());
}

void PcmReader::Take(size_t num_moments, int16_t* interleaved) {
  DecodeAll(options_.encoding, options_.big_endian, bytes_.ahead().data(),
            num_moments * static_cast<size_t>(options_.num_channels), interleaved,
            num_not_numbers_);
  bytes_.Take(num_moments * moment_bytes());
  bytes_left_ -= static_cast<int64_t>(num_moments * moment_bytes());
}

absl::StatusOr<bool> PcmReader::HasMore() {
  const absl::StatusOr<size_t> num_moments = Wait(1);
  if (!num_moments.ok()) return num_moments.status();
  return *num_moments > 0;
}

absl::StatusOr<size_t> PcmReader::ReadInterleaved(absl::Span<int16_t> samples) {
  const auto channels = static_cast<size_t>(options_.num_channels);
  const absl::StatusOr<size_t> num_moments = Wait(samples.size() / channels);
  if (!num_moments.ok()) return num_moments.status();
  Take(*num_moments, samples.data());
  return *num_moments * channels;
}

absl::StatusOr<size_t> PcmReader::Read(absl::Span<int16_t> samples) {
  if (options_.num_channels == 1) return ReadInterleaved(samples);
  // As many as can be ahead, of the shortest samples.
  std::array<int16_t, ByteReader::kMaxAhead> interleaved;
  const absl::StatusOr<size_t> num_moments = Wait(samples.size());
  if (!num_moments.ok()) return num_moments.status();
  Take(*num_moments, interleaved.data());
  MixToMono(interleaved, options_.num_channels, samples.first(*num_moments));
  return *num_moments;
}

}  // namespace parlance::audio
