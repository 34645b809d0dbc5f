// WAV files (RIFF WAVE; Microsoft's multimedia standards update, 1994; RF64, EBU Tech 3306; BW64,
// ITU-R BS.2088).
#ifndef AUDIO_SOUND_FILE_WAV_H_
#define AUDIO_SOUND_FILE_WAV_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "audio/sound_file/byte_reader.h"
#include "audio/sound_file/sound_reader.h"
#include "audio/sound_file/waveform.h"

namespace parlance::audio {

// Reads a file or a pipe of any length, a piece at a time. PCM of 8 to 32 bits, floating point,
// mu-law and A-law become PCM16, and so does what libsndfile can decompress (ADPCM, GSM) of a file;
// one or two channels, 8 to 48 kHz; with the extensible header and as RF64 or BW64 too, which go
// beyond 4 GB.
//
// What a header promises is not believed. If it promises more than the file has, what is there is
// read, but for a moment of several channels that is cut, and Remark says so if 10 ms and more are
// missing of samples that are not compressed; if less, that much; if it does not know
// how much, as that of a recorder that was killed, to the end (see wav_header.h). Of floating
// point, 1 is full scale, what is beyond is cut, and what is no number is silence, of which Remark
// tells.
//
// Memory: less than 50 kB, whatever the file. See SoundReader for the rest.
class WavReader final : public SoundReader {
 public:
  // NotFound or PermissionDenied for what cannot be opened; InvalidArgument, with the reason, for a
  // file that is no WAV, has no sample, another rate or more channels, and for one of more than
  // 4 GB that is no RF64: its header cannot say how long it is.
  static absl::StatusOr<std::unique_ptr<WavReader>> Open(const std::string& path);
  // `name`: the path in messages, for example as it was typed.
  static absl::StatusOr<std::unique_ptr<WavReader>> Open(const std::string& path,
                                                         const std::string& name);

  // Reads what `bytes` has ahead, such as a pipe. `name`: for messages. Errors as above, and those
  // of reading; compressed sound can only be read if the descriptor is that of a file.
  static absl::StatusOr<std::unique_ptr<WavReader>> Open(const ByteReader& bytes,
                                                         const std::string& name);

  ~WavReader() override;

  int sample_rate_hz() const override;
  int num_channels() const override;
  // How many samples each channel has, if the file has what its header promises. Nothing for a
  // pipe.
  std::optional<int64_t> num_samples() const;

  // InvalidArgument for what the file's encoding does not allow; otherwise as PcmReader.
  absl::StatusOr<size_t> Read(absl::Span<int16_t> samples) override;

  std::string Remark() const override;

  // Does the same as Read, but with the channels as they are, interleaved: whole moments, so that
  // the number of samples is a multiple of num_channels.
  absl::StatusOr<size_t> ReadInterleaved(absl::Span<int16_t> samples);

 private:
  struct File;

  explicit WavReader(std::unique_ptr<File> file);
  static absl::StatusOr<std::unique_ptr<WavReader>> Open(const ByteReader& bytes,
                                                         std::unique_ptr<File> file);

  std::unique_ptr<File> file_;
};

// The whole file, as WavReader reads it, with its channels; OutOfRange if that is more than an
// hour. Memory grows with what the file really has.
absl::StatusOr<Waveform> ReadWav(const std::string& path);

// Hands the bytes of a WAV file of PCM16 to `sink`, in order and in pieces of at most 8 kB.
// InvalidArgument for a rate or number of channels that ReadWav would not read, or channels that
// differ in length; OutOfRange for more than 4 GB; otherwise what `sink` returns, which is called
// no more after an error.
absl::Status WriteWav(const Waveform& waveform,
                      absl::FunctionRef<absl::Status(absl::string_view)> sink);

}  // namespace parlance::audio

#endif  // AUDIO_SOUND_FILE_WAV_H_
