// Words to speech.
#ifndef PIPELINE_SPEECH_SYNTHESIZER_H_
#define PIPELINE_SPEECH_SYNTHESIZER_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace parlance::pipeline {

class Synthesizer {
 public:
  virtual ~Synthesizer() = default;

  // The rate of what Synthesize gives. Constant.
  virtual int sample_rate_hz() const = 0;

  // Calls `on_samples` with mono PCM16 as it is made, chunk by chunk, and returns when all is said.
  // Once `on_samples` returns false the rest is left out, which is no error. InvalidArgument for
  // text that cannot be said. Thread-safe.
  virtual absl::Status Synthesize(
      absl::string_view text, const std::function<bool(absl::Span<const int16_t>)>& on_samples) = 0;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_SPEECH_SYNTHESIZER_H_
