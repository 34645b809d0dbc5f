// Words to speech.
#ifndef PIPELINE_SPEECH_SYNTHESIZER_H_
#define PIPELINE_SPEECH_SYNTHESIZER_H_

#include <cstddef>
#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace parlance::pipeline {

// The place at which a word of the text is heard in its sound.
struct WordMark {
  // The sample that it begins at, counted from the first of the sound.
  int64_t sample = 0;
  // Its bytes in the text, with the punctuation that touches it: [text_begin, text_end). What is
  // said as several words, such as "25", is one here.
  size_t text_begin = 0;
  size_t text_end = 0;
};

struct SpeechChunk {
  // Mono PCM16.
  absl::Span<const int16_t> samples;
  // The words that begin in these samples, in the order of the text.
  absl::Span<const WordMark> words;
};

// Takes a chunk, which is valid during the call; false if nobody wants to hear more. A synthesiser
// that waits for somebody else gives chunks of nothing now and then, to ask just that.
using SpeechSink = std::function<bool(const SpeechChunk& chunk)>;

class Synthesizer {
 public:
  virtual ~Synthesizer() = default;

  // The rate of what Synthesize gives. Constant.
  virtual int sample_rate_hz() const = 0;

  // Gives `sink` the sound as it is made, chunk by chunk, and returns when all is said. Once `sink`
  // returns false it is not called again and the rest is left out, which is no error. Words of
  // which nothing is heard, such as a dash, have no mark. InvalidArgument for text that cannot be
  // said. Thread-safe.
  virtual absl::Status Synthesize(absl::string_view text, const SpeechSink& sink) = 0;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_SPEECH_SYNTHESIZER_H_
