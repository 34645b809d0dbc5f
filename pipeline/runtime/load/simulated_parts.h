// Parts of an agent that take no work, to measure what is around them.
#ifndef PIPELINE_RUNTIME_LOAD_SIMULATED_PARTS_H_
#define PIPELINE_RUNTIME_LOAD_SIMULATED_PARTS_H_

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "pipeline/speech/recognizer.h"
#include "pipeline/speech/synthesizer.h"
#include "session/store.h"

namespace parlance::pipeline {

// Whatever is said, it hears `text`: words appear as fast as they could be said. `delay`: how long
// Finish takes, asleep.
std::unique_ptr<Recognizer> CreateSimulatedRecognizer(std::string text, absl::Duration delay);

// Says a quiet tone of 60 ms for each letter, at 16 kHz, in chunks of 100 ms.
std::unique_ptr<Synthesizer> CreateSimulatedSynthesizer();

// Acknowledges what is written at once, on the writer's thread, and keeps only how many messages
// each session has. What reads messages is Unimplemented.
std::unique_ptr<session::SessionStore> CreateForgetfulStore();

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_LOAD_SIMULATED_PARTS_H_
