// A conversation: sound in, sound out, turn by turn.
//
//   speech -> segmenter -> recogniser -> agent <-> tools
//                                          |
//            speech <- synthesiser <- reply, session
//
// Recognition goes on while the user speaks. When the endpointer decides that the utterance has
// ended, the turn is answered at once on the caller's thread: Push returns when the answer has been
// handed over. What was said and called is in the session store, durably, before the answer is
// heard.
//
// What became due in the meantime, such as a timer, is announced at the end of a turn's reply.
// While nobody speaks nothing is announced.
//
// A tool that fails, or a text that cannot be said, is part of the conversation and no error; the
// turn tells of it. Errors of Push are those of the recogniser, the agent and the store.
//
// Threads: one at a time for each VoiceAgent; different ones may run at once and share the executor
// and the store.
#ifndef PIPELINE_VOICE_AGENT_H_
#define PIPELINE_VOICE_AGENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/turns/endpointer.h"
#include "audio/vad/vad.h"
#include "pipeline/agent/agent.h"
#include "pipeline/announcer.h"
#include "pipeline/speech/recognizer.h"
#include "pipeline/speech/synthesizer.h"
#include "session/store.h"
#include "tools/call_record.h"
#include "tools/executor.h"

namespace parlance::pipeline {

// Where the time of a turn went. All but the first count from the endpointer's decision.
struct TurnLatency {
  // The silence that the endpointer waited for. It is a length of sound, not of work.
  absl::Duration endpoint_silence;
  // The recogniser's Finish.
  absl::Duration recognition;
  // Reading the history that the agent wants; 0 if it wants none.
  absl::Duration history;
  // All decisions of the agent together.
  absl::Duration agent;
  // All calls together.
  absl::Duration tools;
  // Appending the turn, durably.
  absl::Duration session;
  // From the text to the first sound.
  absl::Duration synthesis_first_sample;
  // From the decision that the user has finished to the first sound of the answer.
  absl::Duration first_sample;
  // From that decision to the last sound.
  absl::Duration total;
};

struct Turn {
  // Where in the input it was said, in samples of the input.
  audio::SpeechSegment speech;
  Hypothesis utterance;
  std::vector<ToolCall> calls;
  std::vector<ToolAnswer> answers;
  // For each call, what it took and how it ended.
  std::vector<tools::CallRecord> records;
  // What was said, announcements included.
  std::string reply;
  // Why the reply was not heard, or not all of it.
  absl::Status speaking;
  TurnLatency latency;
};

// What a conversation is made of. All but the unique ones must outlive it. Only the announcer may
// be missing.
struct VoiceAgentParts {
  // 16 kHz.
  std::unique_ptr<audio::VoiceActivityDetector> vad;
  std::unique_ptr<Recognizer> recognizer;
  std::unique_ptr<Agent> agent;
  Synthesizer* synthesizer = nullptr;
  tools::ToolExecutor* executor = nullptr;
  session::SessionStore* store = nullptr;
  Announcer* announcer = nullptr;
};

class VoiceAgent {
 public:
  struct Options {
    // An existing session.
    std::string session_id;
    // The rate of what is pushed: 8 to 48 kHz.
    int input_sample_rate_hz = 16000;
    // The pause that ends an utterance: if they differ, it adapts between them to the speaker's own
    // pauses, as audio/turns/endpointer.h says.
    absl::Duration min_endpointing_delay = absl::Milliseconds(500);
    absl::Duration max_endpointing_delay = absl::Milliseconds(500);
    // The time that a single tool call may take.
    absl::Duration tool_timeout = absl::Seconds(5);
    // A steady clock, for latencies.
    std::function<absl::Duration()> steady_now;
    // Sound of the answer, mono PCM16 at the synthesiser's rate, as it is made.
    std::function<void(absl::Span<const int16_t>)> on_audio;
    // A turn has been answered.
    std::function<void(const Turn&)> on_turn;
  };

  // InvalidArgument for missing parts, an input rate that cannot be used and delays that an
  // endpointer refuses; NotFound if there is no such session.
  static absl::StatusOr<std::unique_ptr<VoiceAgent>> Create(VoiceAgentParts parts, Options options);
  ~VoiceAgent();

  // Mono PCM16, any number of samples.
  absl::Status Push(absl::Span<const int16_t> samples);
  // The input ends: answers what is being said, if anything is. The agent can go on afterwards.
  absl::Status Flush();

 private:
  class Impl;
  explicit VoiceAgent(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_VOICE_AGENT_H_
