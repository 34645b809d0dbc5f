// Sound without a header, from a file descriptor: what a pipe or a telephone line delivers, and
// what follows the header of a WAV file.
#ifndef AUDIO_SOUND_FILE_PCM_READER_H_
#define AUDIO_SOUND_FILE_PCM_READER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "audio/sound_file/byte_reader.h"
#include "audio/sound_file/sound_reader.h"

namespace parlance::audio {

// One sample. Numbers have their low byte first unless Options::big_endian says otherwise.
enum class PcmEncoding {
  // Two bytes.
  kS16,
  // One byte of G.711.
  kMuLaw,
  kALaw,
  // One byte without a sign: 128 is silence.
  kU8,
  // Three bytes.
  kS24,
  // Four bytes, of which the low three are the sample.
  kS24In32,
  kS32,
  // Floating point: 1 is full scale, what is beyond is cut, and what is no number is silence.
  kF32,
  kF64,
};

// The encoding named "s16le", "mulaw" or "alaw"; InvalidArgument for another name, with those that
// there are.
absl::StatusOr<PcmEncoding> ParsePcmEncoding(absl::string_view name);

// Reads what comes, until the other side closes. A moment that the end cuts short, such as an odd
// byte, is no sound and is dropped. Memory: 4 kB. See SoundReader for the rest.
class PcmReader final : public SoundReader {
 public:
  struct Options {
    PcmEncoding encoding = PcmEncoding::kS16;
    // 8000 to 48000.
    int sample_rate_hz = 16000;
    // 1, or 2 interleaved.
    int num_channels = 1;
    bool big_endian = false;
    // The sound ends after this many bytes, whatever follows them. Not negative.
    int64_t max_bytes = std::numeric_limits<int64_t>::max();
  };

  // `fd` is open for reading, blocking, and open for as long as the reader; it is not closed.
  // InvalidArgument for options out of range or a negative descriptor.
  static absl::StatusOr<PcmReader> Create(int fd, const Options& options);
  // Reads on where `bytes` is: the bytes that it has ahead are the first of the sound.
  static absl::StatusOr<PcmReader> Create(const ByteReader& bytes, const Options& options);

  int sample_rate_hz() const override { return options_.sample_rate_hz; }
  int num_channels() const override { return options_.num_channels; }

  // Returns with what one read gives, so that sound is heard as it comes. The operating system's
  // error if it cannot be read; Unavailable if the descriptor does not block and nothing is there.
  absl::StatusOr<size_t> Read(absl::Span<int16_t> samples) override;

  // Does the same as Read, but with the channels as they are, interleaved: whole moments, so that
  // the number of samples is a multiple of num_channels.
  absl::StatusOr<size_t> ReadInterleaved(absl::Span<int16_t> samples);

  // How many samples were no numbers and are silence, of all that were read.
  int64_t num_not_numbers() const { return num_not_numbers_; }
  // How many bytes of Options::max_bytes were not read.
  int64_t bytes_left() const { return bytes_left_; }

  // Waits for the first moment, which stays to be read; false if there is none. Errors as Read.
  absl::StatusOr<bool> HasMore();

 private:
  PcmReader(const ByteReader& bytes, const Options& options);

  size_t moment_bytes() const { return sample_bytes_ * static_cast<size_t>(options_.num_channels); }
  // Waits until a moment is ahead and returns how many are, at most `wanted`.
  absl::StatusOr<size_t> Wait(size_t wanted);
  // Decodes moments that are ahead.
  void Take(size_t num_moments, int16_t* interleaved);

  ByteReader bytes_;
  Options options_;
  size_t sample_bytes_;
  // At most this many bytes of sound are still to come.
  int64_t bytes_left_;
  int64_t num_not_numbers_ = 0;
};

}  // namespace parlance::audio

#endif  // AUDIO_SOUND_FILE_PCM_READER_H_
