#include "audio/wav.h"

#include <sndfile.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace parlance::audio {
namespace {

constexpr int kMinSampleRateHz = 8000;
constexpr int kMaxSampleRateHz = 48000;
constexpr int kMaxChannels = 2;
constexpr int64_t kMaxSeconds = 3600;
// Of a file without 64-bit sizes: the size that its header can say, and the eight bytes before.
constexpr int64_t kMaxPlainBytes = 0xFFFF'FFFFLL + 8;
// A multiple of each number of channels.
constexpr size_t kBlockSamples = 4096;
constexpr char kNoSamples[] = ": has no samples";

struct Closer {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using SoundFile = std::unique_ptr<SNDFILE, Closer>;

// Full scale is 1. What is beyond is cut; what is no number is silence.
int16_t ToPcm16(float sample) {
  if (std::isnan(sample)) return 0;
  return static_cast<int16_t>(std::lrint(std::clamp(sample * 32768.0F, -32768.0F, 32767.0F)));
}

absl::Status CheckFormat(const std::string& path, int sample_rate_hz, int num_channels) {
  if (sample_rate_hz < kMinSampleRateHz || sample_rate_hz > kMaxSampleRateHz) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": the sample rate is ", sample_rate_hz,
                                                   " Hz; rates from ", kMinSampleRateHz, " to ",
                                                   kMaxSampleRateHz, " Hz can be used"));
  }
  if (num_channels < 1 || num_channels > kMaxChannels) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": it has ", num_channels, " channels; one or two can be used"));
  }
  return absl::OkStatus();
}

}  // namespace

struct WavReader::File {
  SoundFile sound;
  SF_INFO format = {};
};

absl::StatusOr<std::unique_ptr<WavReader>> WavReader::Open(const std::string& path) {
  // libsndfile says "System error" of what cannot be opened; the operating system says what.
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0)
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a file"));
  }
  errno = 0;
  auto file = std::make_unique<File>();
  SF_INFO& format = file->format;
  file->sound.reset(sf_open(path.c_str(), SFM_READ, &format));
  if (file->sound == nullptr) {
    if (errno == EACCES || errno == EPERM) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
    }
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": not a WAV file: ", sf_strerror(nullptr)));
  }
  const int container = format.format & SF_FORMAT_TYPEMASK;
  if (container != SF_FORMAT_WAV && container != SF_FORMAT_WAVEX && container != SF_FORMAT_RF64) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": not a WAV file, but another audio format"));
  }
  if (absl::Status ok = CheckFormat(path, format.samplerate, format.channels); !ok.ok()) return ok;
  if (container != SF_FORMAT_RF64 && info.st_size > kMaxPlainBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": has more than 4 GB, which only a WAV file of the kind RF64 can"));
  }
  if (format.frames <= 0) return absl::InvalidArgumentError(absl::StrCat(path, kNoSamples));
  return std::unique_ptr<WavReader>(new WavReader(path, std::move(file)));
}

WavReader::WavReader(std::string path, std::unique_ptr<File> file)
    : path_(std::move(path)),
      file_(std::move(file)),
      sample_rate_hz_(file_->format.samplerate),
      num_channels_(file_->format.channels),
      num_samples_(file_->format.frames),
      block_(kBlockSamples) {}

WavReader::~WavReader() = default;

absl::StatusOr<size_t> WavReader::ReadInterleaved(absl::Span<int16_t> samples) {
  const auto channels = static_cast<size_t>(num_channels_);
  const size_t wanted = samples.size() / channels * channels;
  size_t num_read = 0;
  while (num_read < wanted) {
    const size_t block = std::min(wanted - num_read, block_.size());
    const sf_count_t count =
        sf_read_float(file_->sound.get(), block_.data(), static_cast<sf_count_t>(block));
    if (count <= 0) {
      // What came before it is delivered first; the error comes again.
      if (num_read == 0 && sf_error(file_->sound.get()) != SF_ERR_NO_ERROR) {
        return absl::InvalidArgumentError(
            absl::StrCat(path_, ": ", sf_strerror(file_->sound.get())));
      }
      break;
    }
    // A file cut short may end within a moment of several channels.
    const size_t whole = static_cast<size_t>(count) / channels * channels;
    std::transform(block_.begin(), block_.begin() + static_cast<ptrdiff_t>(whole),
                   samples.begin() + static_cast<ptrdiff_t>(num_read), ToPcm16);
    num_read += whole;
    if (whole < block) break;
  }
  return num_read;
}

absl::StatusOr<size_t> WavReader::Read(absl::Span<int16_t> samples) {
  if (num_channels_ == 1) return ReadInterleaved(samples);
  std::array<int16_t, 2048> interleaved;
  const size_t wanted =
      std::min(samples.size() * static_cast<size_t>(num_channels_), interleaved.size());
  const absl::StatusOr<size_t> num_read =
      ReadInterleaved(absl::MakeSpan(interleaved).first(wanted));
  if (!num_read.ok()) return num_read.status();
  const size_t num_mono = *num_read / static_cast<size_t>(num_channels_);
  MixToMono(absl::MakeConstSpan(interleaved).first(*num_read), num_channels_,
            samples.first(num_mono));
  return num_mono;
}

absl::StatusOr<Waveform> ReadWav(const std::string& path) {
  absl::StatusOr<std::unique_ptr<WavReader>> reader = WavReader::Open(path);
  if (!reader.ok()) return reader.status();
  Waveform waveform{.sample_rate_hz = (*reader)->sample_rate_hz(),
                    .num_channels = (*reader)->num_channels(),
                    .samples = {}};
  const auto max_samples =
      static_cast<size_t>(kMaxSeconds * waveform.sample_rate_hz * waveform.num_channels);
  std::vector<int16_t> block(kBlockSamples);
  for (;;) {
    const absl::StatusOr<size_t> count = (*reader)->ReadInterleaved(absl::MakeSpan(block));
    if (!count.ok()) return count.status();
    if (*count == 0) break;
    if (waveform.samples.size() + *count > max_samples) {
      return absl::OutOfRangeError(absl::StrCat(path, ": longer than an hour"));
    }
    waveform.samples.insert(waveform.samples.end(), block.begin(),
                            block.begin() + static_cast<ptrdiff_t>(*count));
  }
  if (waveform.samples.empty()) return absl::InvalidArgumentError(absl::StrCat(path, kNoSamples));
  return waveform;
}

absl::Status WriteWav(const std::string& path, const Waveform& waveform) {
  if (absl::Status ok = CheckFormat(path, waveform.sample_rate_hz, waveform.num_channels);
      !ok.ok()) {
    return ok;
  }
  if (waveform.samples.size() % static_cast<size_t>(waveform.num_channels) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": the channels differ in length"));
  }
  const std::string temporary = absl::StrCat(path, ".tmp");
  errno = 0;
  // So that the reason is the operating system's: libsndfile has its own words for all of them.
  std::FILE* probe = std::fopen(temporary.c_str(), "wb");
  if (probe == nullptr) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  std::fclose(probe);
  SF_INFO format = {};
  format.samplerate = waveform.sample_rate_hz;
  format.channels = waveform.num_channels;
  format.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
  SoundFile file(sf_open(temporary.c_str(), SFM_WRITE, &format));
  const auto count = static_cast<sf_count_t>(waveform.samples.size());
  errno = 0;
  bool written =
      file != nullptr && sf_write_short(file.get(), waveform.samples.data(), count) == count;
  // The header is completed here, so this can fail as well.
  if (file != nullptr) written = sf_close(file.release()) == SF_ERR_NO_ERROR && written;
  if (!written || std::rename(temporary.c_str(), path.c_str()) != 0) {
    absl::Status status =
        absl::ErrnoToStatus(errno == 0 ? ENOSPC : errno, absl::StrCat("cannot write ", path));
    std::remove(temporary.c_str());
    return status;
  }
  return absl::OkStatus();
}

}  // namespace parlance::audio
