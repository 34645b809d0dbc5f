// WAV files (RIFF WAVE; Microsoft's multimedia standards update, 1994; RF64, EBU Tech 3306).
#ifndef AUDIO_WAV_H_
#define AUDIO_WAV_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "audio/sound_reader.h"
#include "audio/waveform.h"

namespace parlance::audio {

// Reads a file of any length, a piece at a time. PCM of 8 to 32 bits, floating point, mu-law and
// A-law become PCM16; one or two channels, 8 to 48 kHz; with the extensible header and as RF64 too,
// which goes beyond 4 GB.
//
// What a header promises is not believed. If it promises more than the file has, what is there is
// read, but for a moment of several channels that is cut; if less, that much. Of floating point,
// 1 is full scale, what is beyond is cut, and what is no number is silence.
//
// Memory: less than 50 kB, whatever the file. See SoundReader for the rest.
class WavReader final : public SoundReader {
 public:
  // NotFound or PermissionDenied for what cannot be opened; InvalidArgument, with the reason, for a
  // file that is no WAV, has no sample, another rate or more channels, and for one of more than
  // 4 GB that is no RF64: its header cannot say how long it is.
  static absl::StatusOr<std::unique_ptr<WavReader>> Open(const std::string& path);

  ~WavReader() override;

  int sample_rate_hz() const override { return sample_rate_hz_; }
  int num_channels() const override { return num_channels_; }
  // Of each channel, as far as the file has what its header promises.
  int64_t num_samples() const { return num_samples_; }

  // InvalidArgument for what the file's encoding does not allow.
  absl::StatusOr<size_t> Read(absl::Span<int16_t> samples) override;

  // As Read, but with the channels as they are, interleaved: whole moments, so that the number of
  // samples is a multiple of num_channels.
  absl::StatusOr<size_t> ReadInterleaved(absl::Span<int16_t> samples);

 private:
  struct File;

  WavReader(std::string path, std::unique_ptr<File> file);

  std::string path_;
  std::unique_ptr<File> file_;
  int sample_rate_hz_;
  int num_channels_;
  int64_t num_samples_;
  // As floating point, to which libsndfile scales every encoding alike.
  std::vector<float> block_;
};

// The whole file, as WavReader reads it, with its channels; OutOfRange if that is more than an
// hour. Memory grows with what the file really has.
absl::StatusOr<Waveform> ReadWav(const std::string& path);

// Writes PCM16, by way of a temporary file beside it, so that a full disk leaves no half file.
// InvalidArgument for a rate or number of channels that ReadWav would not read; otherwise the
// operating system's error, with the path.
absl::Status WriteWav(const std::string& path, const Waveform& waveform);

}  // namespace parlance::audio

#endif  // AUDIO_WAV_H_
