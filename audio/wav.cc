#include "audio/wav.h"

#include <sndfile.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace parlance::audio {
namespace {

constexpr int kMinSampleRateHz = 8000;
constexpr int kMaxSampleRateHz = 48000;
constexpr int kMaxChannels = 2;
constexpr int64_t kMaxSeconds = 3600;

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

absl::StatusOr<Waveform> ReadWav(const std::string& path) {
  // libsndfile says "System error" of what cannot be opened; the operating system says what.
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0)
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a file"));
  }
  errno = 0;
  SF_INFO format = {};
  const SoundFile file(sf_open(path.c_str(), SFM_READ, &format));
  if (file == nullptr) {
    if (errno == EACCES || errno == EPERM) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
    }
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": not a WAV file: ", sf_strerror(nullptr)));
  }
  const int container = format.format & SF_FORMAT_TYPEMASK;
  if (container != SF_FORMAT_WAV && container != SF_FORMAT_WAVEX) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": not a WAV file, but another audio format"));
  }
  if (absl::Status ok = CheckFormat(path, format.samplerate, format.channels); !ok.ok()) return ok;
  Waveform waveform{
      .sample_rate_hz = format.samplerate, .num_channels = format.channels, .samples = {}};
  const size_t max_samples =
      static_cast<size_t>(kMaxSeconds) * static_cast<size_t>(format.samplerate * format.channels);
  // As floating point, to which libsndfile scales every encoding alike.
  std::vector<float> block(static_cast<size_t>(format.channels) * 8192);
  for (;;) {
    const sf_count_t count =
        sf_read_float(file.get(), block.data(), static_cast<sf_count_t>(block.size()));
    if (count <= 0) break;
    if (waveform.samples.size() + static_cast<size_t>(count) > max_samples) {
      return absl::OutOfRangeError(absl::StrCat(path, ": longer than an hour"));
    }
    for (sf_count_t i = 0; i < count; ++i) {
      waveform.samples.push_back(ToPcm16(block[static_cast<size_t>(i)]));
    }
  }
  // A file cut short may end within a moment of several channels.
  waveform.samples.resize(waveform.samples.size() / static_cast<size_t>(format.channels) *
                          static_cast<size_t>(format.channels));
  if (sf_error(file.get()) != SF_ERR_NO_ERROR) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", sf_strerror(file.get())));
  }
  if (waveform.samples.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": has no samples"));
  }
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
