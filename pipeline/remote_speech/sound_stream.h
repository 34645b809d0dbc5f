// The sound of an answer to POST /v1/audio/speech, decoded as it comes: WAV whose header need not
// be right, or PCM without one.
//
//   RIFF … WAVE                 16 bits or floating point, one or two channels, 8 to 48 kHz
//   RIFF … WAVE again, inside   another header: it is no sound, and what follows it is as it says
//   text, MPEG, Ogg, FLAC, …    an error that says which
//   anything else               PCM16, little-endian, mono, 24 kHz: what OpenAI calls "pcm"
//
// A header's length is not believed, but for what follows where it ends: chunks of text are no
// sound. It does not matter how the stream is cut.
//
// Bounds: a header of 64 kB. Memory: that, and what a resampler takes. Threads: one.
//
// Source: Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", 1991.
#ifndef PIPELINE_REMOTE_SPEECH_SOUND_STREAM_H_
#define PIPELINE_REMOTE_SPEECH_SOUND_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "audio/signal/resampler.h"
#include "pipeline/http/service.h"

namespace parlance::pipeline {

class SoundStream {
 public:
  static constexpr size_t kMaxHeaderBytes = size_t{64} << 10;
  static constexpr int kRawRateHz = 24000;

  // `content_type`: what the server says it is, which is believed of "audio/pcm" alone. The rate:
  // 8000 to 48000. `errors` has to outlive the stream.
  SoundStream(absl::string_view content_type, int output_rate_hz, const ServiceErrors* errors);

  // Appends to `samples` what has come, mono at the output's rate. An error is final: Unknown for
  // what is no sound, and those of ServiceErrors for JSON that tells of one, which Finish gives.
  absl::Status Append(absl::string_view bytes, std::vector<int16_t>& samples);
  // The stream is at its end. Unknown if there was no sound.
  absl::Status Finish(std::vector<int16_t>& samples);

 private:
  enum class State { kBeginning, kText, kHeader, kSound, kTrailer };

  struct Format {
    int rate_hz = kRawRateHz;
    size_t num_channels = 1;
    bool is_float = false;
    size_t moment_bytes() const { return num_channels * (is_float ? 4 : 2); }
  };

  // Takes as much of pending_ as can be understood; more may follow unless `is_end`.
  absl::Status Advance(bool is_end, std::vector<int16_t>& samples);
  absl::Status Decide(bool is_end);
  // Sets is_waiting_ if the header is not all there.
  absl::Status ReadHeader(std::vector<int16_t>& samples);
  absl::Status ReadFormat(absl::string_view chunk, std::vector<int16_t>& samples);
  void ReadSound(bool is_end, std::vector<int16_t>& samples);
  void Decode(absl::string_view moments, std::vector<int16_t>& samples);
  absl::Status SetFormat(const Format& format, std::vector<int16_t>& samples);

  const bool is_said_to_be_raw_;
  const int output_rate_hz_;
  const ServiceErrors& errors_;
  State state_ = State::kBeginning;
  absl::Status status_;
  // The bytes that were not decoded yet.
  std::string pending_;
  bool is_waiting_ = false;
  Format format_;
  std::optional<audio::Resampler> resampler_;
  // How many bytes of sound there are until its header says that it ends; nothing if it does not.
  std::optional<size_t> left_;
  bool has_sound_ = false;
  // The buffers that Decode works with.
  std::vector<int16_t> decoded_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_REMOTE_SPEECH_SOUND_STREAM_H_
