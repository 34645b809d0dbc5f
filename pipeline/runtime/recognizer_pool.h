// Recognisers that all conversations share: one is taken for an utterance, not for a conversation.
//
//   Open ─► an idle recogniser, or a new one, or a place in the line
//   Hear ─► the utterance's sound, which waits while the recogniser is busy or missing
//   Finish, Cancel ─► the recogniser goes to whoever waits longest
//
// A recogniser that goes to another speaker forgets what it learned of the one before. One that
// hangs is written off as soon as its runner calls it overdue, so that another can take its place.
//
// Bounds: recognisers, utterances that wait for one, and the sound of an utterance that was not
// heard yet; beyond them an utterance fails with ResourceExhausted, and says which it was.
#ifndef PIPELINE_RUNTIME_RECOGNIZER_POOL_H_
#define PIPELINE_RUNTIME_RECOGNIZER_POOL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "pipeline/runtime/task_runner.h"
#include "pipeline/speech/recognizer.h"

namespace parlance::pipeline {

// All methods may be called from any thread, and none blocks.
class RecognizerPool {
 public:
  struct Options {
    // At least 1.
    int max_recognizers = 8;
    // The most utterances that wait for a recogniser.
    size_t max_waiting = 64;
    // The most sound of an utterance that waits to be heard.
    absl::Duration max_sound = absl::Seconds(30);
    // How much sound is gathered before a thread is woken for it, when many speak: waking one costs
    // more than hearing a frame, but what is left when an utterance ends is what its last words
    // wait for. So it is 2 ms for each recogniser that is busy, and no more than this.
    absl::Duration gather = absl::Milliseconds(60);
    // How much sound is heard between two guesses at the words so far; zero: none is made.
    absl::Duration partial_every = absl::Milliseconds(100);
  };
  struct Stats {
    int num_recognizers = 0;
    int num_busy = 0;
    size_t num_waiting = 0;
    int64_t num_utterances = 0;
    // Utterances that were refused, by which bound, and recognisers that were written off.
    int64_t num_refused_line = 0;
    int64_t num_refused_sound = 0;
    int64_t num_lost = 0;
  };
  // What comes of an utterance: on the runner's threads, one call at a time. Must not block. A call
  // that began before Cancel may still be going on after it.
  struct Listener {
    std::function<void(const Hypothesis& words)> on_partial;
    // Once, after Finish, unless the utterance was cancelled.
    std::function<void(const absl::StatusOr<Hypothesis>& words)> on_final;
  };

  class Utterance {
   public:
    virtual ~Utterance() = default;
    // Mono PCM16 at 16 kHz.
    virtual void Hear(absl::Span<const int16_t> samples) = 0;
    virtual void Finish() = 0;
    virtual void Cancel() = 0;
  };

  // `create` makes a recogniser, on the runner's threads, and may take long. `runner` has to
  // outlive the pool.
  RecognizerPool(std::function<absl::StatusOr<std::unique_ptr<Recognizer>>()> create,
                 TaskRunner* runner, Options options);
  ~RecognizerPool();

  // `speaker`: whose utterances may profit from one another. An utterance that is let go of without
  // Finish or Cancel is cancelled.
  std::shared_ptr<Utterance> Open(std::string speaker, Listener listener);

  Stats stats() const;

 private:
  class Impl;
  const std::shared_ptr<Impl> impl_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_RECOGNIZER_POOL_H_
