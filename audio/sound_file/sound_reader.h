// Sound from somewhere, piece by piece, so that whoever listens need not know from where.
#ifndef AUDIO_SOUND_FILE_SOUND_READER_H_
#define AUDIO_SOUND_FILE_SOUND_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace parlance::audio {

// Threads: one at a time.
class SoundReader {
 public:
  virtual ~SoundReader() = default;

  virtual int sample_rate_hz() const = 0;
  // How many channels the source has, 1 or 2. Two become one in Read, as MixToMono does it.
  virtual int num_channels() const = 0;

  // The next samples, mono PCM16, into the beginning of `samples`; returns how many. Blocks until
  // there is at least one; fewer than asked for are what there is for now. 0 is the end, for good,
  // or an empty `samples`. After an error there is nothing more to read. Memory and time do not
  // depend on what was read before; nothing is allocated but in an error.
  virtual absl::StatusOr<size_t> Read(absl::Span<int16_t> samples) = 0;

  // After the end: what somebody should know who sent the sound, and which is no error, with the
  // name of the source if it has one. Mostly it is "".
  virtual std::string Remark() const { return ""; }
};

}  // namespace parlance::audio

#endif  // AUDIO_SOUND_FILE_SOUND_READER_H_
