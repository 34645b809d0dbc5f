#include "audio/sound_file/wav.h"

#include <fcntl.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "audio/sound_file/pcm_reader.h"
#include "audio/sound_file/sound_kind.h"
#include "audio/sound_file/wav_header.h"

namespace parlance::audio {
namespace {

constexpr int kMinSampleRateHz = 8000;
constexpr int kMaxSampleRateHz = 48000;
constexpr int kMaxChannels = 2;
constexpr int64_t kMaxSeconds = 3600;
// The greatest file without 64-bit sizes: the size that its header can say, and the eight bytes
// before.
constexpr int64_t kMaxPlainBytes = 0xFFFF'FFFFLL + 8;
// A multiple of each number of channels.
constexpr size_t kBlockSamples = 4096;
constexpr char kNoSamples[] = ": has no samples";

absl::Status Wrong(absl::string_view name, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat(name, ": ", message));
}

absl::Status Named(absl::string_view name, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(name, ": ", status.message()));
}

// Full scale is 1. What is beyond is cut; what is no number is silence.
int16_t ToPcm16(float sample) {
  if (std::isnan(sample)) return 0;
  return static_cast<int16_t>(std::lrint(std::clamp(sample * 32768.0F, -32768.0F, 32767.0F)));
}

absl::Status CheckFormat(int sample_rate_hz, int num_channels) {
  if (sample_rate_hz < kMinSampleRateHz || sample_rate_hz > kMaxSampleRateHz) {
    return absl::InvalidArgumentError(absl::StrCat("the sample rate is ", sample_rate_hz,
                                                   " Hz; rates from ", kMinSampleRateHz, " to ",
                                                   kMaxSampleRateHz, " Hz can be used"));
  }
  if (num_channels < 1 || num_channels > kMaxChannels) {
    return absl::InvalidArgumentError(
        absl::StrCat("it has ", num_channels, " channels; one or two can be used"));
  }
  return absl::OkStatus();
}

std::string NotWav(const SoundKind& kind, bool is_empty) {
  if (is_empty) return "not a WAV file: it is empty";
  if (kind.name.empty()) return "not a WAV file; convert it to one, such as with ffmpeg";
  return absl::StrCat("not a WAV file, but ", kind.name,
                      kind.name == "text" ? "" : "; convert it to one, such as with ffmpeg");
}

std::array<uint8_t, 4> LowByteFirst(uint32_t value) {
  std::array<uint8_t, 4> bytes;
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(value >> (8 * i));
  return bytes;
}

// Decompresses a file with libsndfile, which believes its header: so it is shown the file with the
// size of the samples as it is.
class CompressedSound {
 public:
  // `begin`: where the file begins in `fd`; `size`: of it. If `data_bytes` is given, it is what the
  // header should have said before the samples, which begin at `data_at`.
  CompressedSound(int fd, int64_t begin, int64_t size, int64_t data_at,
                  const std::optional<int64_t>& data_bytes)
      : fd_(fd), begin_(begin), size_(size), patch_at_(data_at - 4) {
    if (data_bytes.has_value()) {
      patch_ = LowByteFirst(static_cast<uint32_t>(std::min<int64_t>(*data_bytes, 0xFFFF'FFFE)));
    }
  }
  CompressedSound(const CompressedSound&) = delete;
  CompressedSound& operator=(const CompressedSound&) = delete;
  ~CompressedSound() { sf_close(sound_); }

  absl::Status Open() {
    SF_VIRTUAL_IO io = {.get_filelen = [](void* self) { return Self(self).size_; },
                        .seek = [](sf_count_t offset, int whence,
                                   void* self) { return Self(self).Seek(offset, whence); },
                        .read =
                            [](void* bytes, sf_count_t count, void* self) {
                              return Self(self).ReadBytes(static_cast<uint8_t*>(bytes), count);
                            },
                        .write = [](const void*, sf_count_t, void*) { return sf_count_t{0}; },
                        .tell = [](void* self) { return Self(self).position_; }};
    sound_ = sf_open_virtual(&io, SFM_READ, &format_, this);
    return sound_ != nullptr ? absl::OkStatus() : absl::InvalidArgumentError(sf_strerror(nullptr));
  }

  int64_t num_samples() const { return format_.frames; }

  absl::StatusOr<size_t> ReadInterleaved(absl::Span<int16_t> samples) {
    const auto channels = static_cast<size_t>(format_.channels);
    const size_t wanted = samples.size() / channels * channels;
    size_t num_read = 0;
    while (num_read < wanted) {
      const size_t block = std::min(wanted - num_read, block_.size());
      const sf_count_t count = sf_read_float(sound_, block_.data(), static_cast<sf_count_t>(block));
      if (count <= 0) {
        // What came before it is delivered first; the error comes again.
        if (num_read == 0 && sf_error(sound_) != SF_ERR_NO_ERROR) {
          return absl::InvalidArgumentError(sf_strerror(sound_));
        }
        break;
      }
      const size_t whole = static_cast<size_t>(count) / channels * channels;
      std::transform(block_.begin(), block_.begin() + static_cast<ptrdiff_t>(whole),
                     samples.begin() + static_cast<ptrdiff_t>(num_read), ToPcm16);
      num_read += whole;
      if (whole < block) break;
    }
    return num_read;
  }

 private:
  static CompressedSound& Self(void* self) { return *static_cast<CompressedSound*>(self); }

  sf_count_t Seek(sf_count_t offset, int whence) {
    const sf_count_t base = whence == SEEK_CUR ? position_ : whence == SEEK_END ? size_ : 0;
    position_ = std::clamp<sf_count_t>(base + offset, 0, size_);
    return position_;
  }

  sf_count_t ReadBytes(uint8_t* bytes, sf_count_t count) {
    sf_count_t done = 0;
    while (done < count) {
      const ssize_t got =
          pread(fd_, bytes + done, static_cast<size_t>(count - done), begin_ + position_);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      for (int i = 0; patch_.has_value() && i < 4; ++i) {
        const int64_t at = patch_at_ + i - position_;
        if (at >= 0 && at < got) bytes[done + at] = (*patch_)[static_cast<size_t>(i)];
      }
      position_ += got;
      done += got;
    }
    return done;
  }

  const int fd_;
  const int64_t begin_;
  const int64_t size_;
  const int64_t patch_at_;
  std::optional<std::array<uint8_t, 4>> patch_;
  int64_t position_ = 0;
  SF_INFO format_ = {};
  SNDFILE* sound_ = nullptr;
  // Samples are read as floating point, to which libsndfile scales every encoding alike.
  std::vector<float> block_ = std::vector<float>(kBlockSamples);
};

}  // namespace

struct WavReader::File {
  std::string name;
  // The descriptor to close; -1 if it is the caller's.
  int fd = -1;
  WavHeader header;
  std::optional<int64_t> num_samples;
  // Either samples that follow the header as they are,
  std::optional<PcmReader> pcm;
  // or compressed ones.
  std::unique_ptr<CompressedSound> compressed;
  // Whether the end was read.
  bool has_ended = false;

  ~File() {
    compressed.reset();
    if (fd >= 0) close(fd);
  }
};

absl::StatusOr<std::unique_ptr<WavReader>> WavReader::Open(const std::string& path) {
  return Open(path, path);
}

absl::StatusOr<std::unique_ptr<WavReader>> WavReader::Open(const std::string& path,
                                                           const std::string& name) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0)
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", name));
  if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is not a file"));
  }
  auto file = std::make_unique<File>();
  file->name = name;
  file->fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file->fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", name));
  const ByteReader bytes(file->fd);
  return Open(bytes, std::move(file));
}

absl::StatusOr<std::unique_ptr<WavReader>> WavReader::Open(const ByteReader& bytes,
                                                           const std::string& name) {
  auto file = std::make_unique<File>();
  file->name = name;
  return Open(bytes, std::move(file));
}

absl::StatusOr<std::unique_ptr<WavReader>> WavReader::Open(const ByteReader& from,
                                                           std::unique_ptr<File> file) {
  ByteReader bytes = from;
  const std::string& name = file->name;
  const absl::StatusOr<SoundKind> kind = RecognizeSound(bytes);
  if (!kind.ok()) return Named(name, kind.status());
  if (kind->kind != SoundKind::Kind::kWav) return Wrong(name, NotWav(*kind, bytes.ahead().empty()));
  absl::StatusOr<WavHeader> header = ReadWavHeader(bytes);
  if (!header.ok()) return Named(name, header.status());
  file->header = *header;
  if (absl::Status ok = CheckFormat(header->sample_rate_hz, header->num_channels); !ok.ok()) {
    return Named(name, ok);
  }

  // How much of it there is. The descriptor has passed what is ahead.
  struct stat info = {};
  const bool is_file = fstat(bytes.fd(), &info) == 0 && S_ISREG(info.st_mode);
  const int64_t passed = is_file ? lseek(bytes.fd(), 0, SEEK_CUR) : 0;
  const int64_t data_at = passed - static_cast<int64_t>(bytes.ahead().size());
  const int64_t begin = data_at - bytes.position();
  const int64_t size = std::max<int64_t>(info.st_size - begin, 0);
  const int64_t rest = std::max<int64_t>(info.st_size - data_at, 0);
  if (is_file && !header->has_wide_sizes && header->data_bytes.has_value() &&
      size > kMaxPlainBytes) {
    return Wrong(name, "has more than 4 GB, which only a WAV file of the kind RF64 can");
  }

  if (!header->encoding.has_value()) {
    const std::string compressed =
        absl::StrFormat("its samples are compressed (format 0x%04X)", header->format_tag);
    if (!is_file) {
      return Wrong(name, absl::StrCat(compressed, ", which can be read from a file only"));
    }
    const bool is_patched =
        !header->data_bytes.has_value() && !header->big_endian && !header->has_wide_sizes;
    file->compressed =
        std::make_unique<CompressedSound>(bytes.fd(), begin, size, bytes.position(),
                                          is_patched ? std::optional<int64_t>(rest) : std::nullopt);
    if (absl::Status opened = file->compressed->Open(); !opened.ok()) {
      return Wrong(
          name,
          absl::StrCat(compressed, "; convert it to PCM, such as with ffmpeg: ", opened.message()));
    }
    file->num_samples = file->compressed->num_samples();
    if (*file->num_samples <= 0) return Wrong(name, kNoSamples);
    return std::unique_ptr<WavReader>(new WavReader(std::move(file)));
  }

  PcmReader::Options options{.encoding = *header->encoding,
                             .sample_rate_hz = header->sample_rate_hz,
                             .num_channels = header->num_channels,
                             .big_endian = header->big_endian};
  if (header->data_bytes.has_value()) options.max_bytes = *header->data_bytes;
  absl::StatusOr<PcmReader> pcm = PcmReader::Create(bytes, options);
  if (!pcm.ok()) return Named(name, pcm.status());
  const absl::StatusOr<bool> has_samples = pcm->HasMore();
  if (!has_samples.ok()) return Named(name, has_samples.status());
  if (!*has_samples) return absl::InvalidArgumentError(absl::StrCat(name, kNoSamples));
  if (is_file) file->num_samples = std::min(rest, options.max_bytes) / header->block_bytes;
  file->pcm = *std::move(pcm);
  return std::unique_ptr<WavReader>(new WavReader(std::move(file)));
}

WavReader::WavReader(std::unique_ptr<File> file) : file_(std::move(file)) {}
WavReader::~WavReader() = default;

int WavReader::sample_rate_hz() const { return file_->header.sample_rate_hz; }
int WavReader::num_channels() const { return file_->header.num_channels; }
std::optional<int64_t> WavReader::num_samples() const { return file_->num_samples; }

absl::StatusOr<size_t> WavReader::ReadInterleaved(absl::Span<int16_t> samples) {
  absl::StatusOr<size_t> num_read = file_->pcm.has_value()
                                        ? file_->pcm->ReadInterleaved(samples)
                                        : file_->compressed->ReadInterleaved(samples);
  if (num_read.ok() && *num_read == 0 && !samples.empty()) file_->has_ended = true;
  return num_read.ok() ? num_read : Named(file_->name, num_read.status());
}

std::string WavReader::Remark() const {
  if (!file_->has_ended || !file_->pcm.has_value()) return "";
  const WavHeader& header = file_->header;
  std::vector<std::string> remarks;
  if (header.data_bytes.has_value()) {
    const int64_t missing = file_->pcm->bytes_left();
    const double bytes_per_second = double{1} * header.block_bytes * header.sample_rate_hz;
    // Less than 10 ms are what some programs count wrong.
    if (static_cast<double>(missing) >= bytes_per_second / 100) {
      remarks.push_back(
          absl::StrFormat("%s is cut short: its header promises %.2f s, %.2f s are there",
                          file_->name, static_cast<double>(*header.data_bytes) / bytes_per_second,
                          static_cast<double>(*header.data_bytes - missing) / bytes_per_second));
    }
  }
  if (const int64_t count = file_->pcm->num_not_numbers(); count > 0) {
    remarks.push_back(absl::StrCat(file_->name, ": ", count,
                                   " of its samples are not numbers, and are taken as silence"));
  }
  return absl::StrJoin(remarks, "; ");
}

absl::StatusOr<size_t> WavReader::Read(absl::Span<int16_t> samples) {
  if (num_channels() == 1) return ReadInterleaved(samples);
  std::array<int16_t, 2048> interleaved;
  const size_t wanted =
      std::min(samples.size() * static_cast<size_t>(num_channels()), interleaved.size());
  const absl::StatusOr<size_t> num_read =
      ReadInterleaved(absl::MakeSpan(interleaved).first(wanted));
  if (!num_read.ok()) return num_read.status();
  const size_t num_mono = *num_read / static_cast<size_t>(num_channels());
  MixToMono(absl::MakeConstSpan(interleaved).first(*num_read), num_channels(),
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

absl::Status WriteWav(const Waveform& waveform,
                      absl::FunctionRef<absl::Status(absl::string_view)> sink) {
  if (absl::Status ok = CheckFormat(waveform.sample_rate_hz, waveform.num_channels); !ok.ok()) {
    return ok;
  }
  const auto channels = static_cast<size_t>(waveform.num_channels);
  if (waveform.samples.size() % channels != 0) {
    return absl::InvalidArgumentError("the channels differ in length");
  }
  // Behind the size that the file begins with.
  constexpr size_t kHeaderBytes = 36;
  constexpr size_t kSampleBytes = 2;
  if (waveform.samples.size() > (0xFFFF'FFFF - kHeaderBytes) / kSampleBytes) {
    return absl::OutOfRangeError("a WAV file of more than 4 GB cannot be written");
  }
  const auto data_bytes = static_cast<uint32_t>(waveform.samples.size() * kSampleBytes);
  std::string bytes;
  bytes.reserve(2 * kBlockSamples);
  const auto add = [&](uint32_t value, size_t count) {
    for (size_t i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i));
  };
  const auto rate_hz = static_cast<uint32_t>(waveform.sample_rate_hz);
  bytes += "RIFF";
  add(static_cast<uint32_t>(kHeaderBytes) + data_bytes, 4);
  bytes += "WAVEfmt ";
  add(16, 4);
  add(1, 2);  // PCM
  add(static_cast<uint32_t>(channels), 2);
  add(rate_hz, 4);
  add(rate_hz * static_cast<uint32_t>(channels * kSampleBytes), 4);
  add(static_cast<uint32_t>(channels * kSampleBytes), 2);
  add(8 * kSampleBytes, 2);
  bytes += "data";
  add(data_bytes, 4);
  for (const int16_t sample : waveform.samples) {
    add(static_cast<uint16_t>(sample), kSampleBytes);
    if (bytes.size() + kSampleBytes <= 2 * kBlockSamples) continue;
    if (absl::Status written = sink(bytes); !written.ok()) return written;
    bytes.clear();
  }
  return bytes.empty() ? absl::OkStatus() : sink(bytes);
}

}  // namespace parlance::audio
