// Speech to words.
#ifndef PIPELINE_SPEECH_RECOGNIZER_H_
#define PIPELINE_SPEECH_RECOGNIZER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace parlance::pipeline {

struct Hypothesis {
  // The words that were said, in lower case, without punctuation. Empty if nothing was understood.
  std::string text;
  // The sound fits no sentence that can be understood; `text` is then the closest guess, for logs
  // only.
  bool rejected = true;
  // 0 to 1: how sure it is that they were said.
  double confidence = 0;
};

// One utterance after the other: Start, Process as the sound comes in, Finish or Cancel. Threads:
// one at a time, but for Interrupt.
class Recognizer {
 public:
  virtual ~Recognizer() = default;

  // FailedPrecondition while an utterance is going on.
  virtual absl::Status Start() = 0;
  // Mono PCM16 at 16 kHz, chunks of any size. FailedPrecondition before Start.
  virtual absl::Status Process(absl::Span<const int16_t> samples) = 0;
  // The best guess at what was said so far, while the user speaks. It may change with every word,
  // lags behind the sound by about one, and changes nothing of what Finish gives.
  // FailedPrecondition before Start.
  virtual absl::StatusOr<Hypothesis> Partial() = 0;
  // Ends the utterance. FailedPrecondition before Start. One that asks somebody else may take as
  // long as that does, within bounds of its own.
  virtual absl::StatusOr<Hypothesis> Finish() = 0;
  // Nobody waits for Finish any more: what goes on of it ends soon, with Cancelled if it would have
  // waited. From any thread, at any time; must not block. Has no effect beyond the utterance.
  virtual void Interrupt() {}
  // Ends the utterance, if one is going on, and throws away what was heard. Start works again.
  virtual void Cancel() = 0;
  // Forgets what former utterances taught it of a speaker and a line, so that what it hears next
  // does not depend on whom it heard before: for a recogniser that goes from one conversation to
  // another. Cancels the utterance, if one is going on.
  virtual void ForgetSpeaker() = 0;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_SPEECH_RECOGNIZER_H_
