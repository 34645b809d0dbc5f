// Sound without a header, from a file descriptor: what a pipe or a telephone line delivers.
#ifndef AUDIO_PCM_READER_H_
#define AUDIO_PCM_READER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "audio/sound_reader.h"

namespace parlance::audio {

enum class PcmEncoding {
  // Two bytes, the low one first.
  kS16Le,
  // One byte of G.711.
  kMuLaw,
  kALaw,
};

// Of "s16le", "mulaw" or "alaw"; InvalidArgument for anything else, with what there is.
absl::StatusOr<PcmEncoding> ParsePcmEncoding(absl::string_view name);

// Reads what comes, until the other side closes. A moment that the end cuts short, such as an odd
// byte, is no sound and is dropped. Memory: 4 kB. See SoundReader for the rest.
class PcmReader final : public SoundReader {
 public:
  struct Options {
    PcmEncoding encoding = PcmEncoding::kS16Le;
    // 8000 to 48000.
    int sample_rate_hz = 16000;
    // 1, or 2 interleaved.
    int num_channels = 1;
  };

  // `fd` is open for reading, blocking, and open for as long as the reader; it is not closed.
  // InvalidArgument for options out of range or a negative descriptor.
  static absl::StatusOr<PcmReader> Create(int fd, const Options& options);

  int sample_rate_hz() const override { return options_.sample_rate_hz; }
  int num_channels() const override { return options_.num_channels; }

  // Returns with what one read gives, so that sound is heard as it comes. The operating system's
  // error if it cannot be read; Unavailable if the descriptor does not block and nothing is there.
  absl::StatusOr<size_t> Read(absl::Span<int16_t> samples) override;

 private:
  PcmReader(int fd, const Options& options);

  size_t moment_bytes() const { return sample_bytes_ * static_cast<size_t>(options_.num_channels); }

  int fd_;
  Options options_;
  size_t sample_bytes_;
  bool has_ended_ = false;
  // The first num_pending_ are the beginning of a moment.
  size_t num_pending_ = 0;
  std::array<uint8_t, 4096> bytes_{};
};

}  // namespace parlance::audio

#endif  // AUDIO_PCM_READER_H_
