// A conversation over sound that is pushed in, with everything done on the caller's thread.
//
//   Push ─► conversation ─► recogniser, agent, tools, synthesiser, store, one after the other
//                │
//                └─► on_audio: what is to be heard, in frames of 20 ms
//
// With a recording, time is that of the sound: 20 ms of it are 20 ms, plus what the work in between
// took, as a steady clock has it. So it is answered as fast as the machine can; the speaker waits
// for the end of each answer. Live, time is the clock's, and the speaker may speak over an answer,
// and while an agent thinks that answers later.
//
// A tool that fails, or a text that cannot be said, is part of the conversation and no error; the
// turn tells of it.
//
// It is a recording's or a pipe's: for many conversations at once see runtime/runtime.h.
//
// Threads: one at a time for each VoiceAgent; different ones may run at once and share the executor
// and the store.
#ifndef PIPELINE_VOICE_AGENT_H_
#define PIPELINE_VOICE_AGENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "audio/vad/vad.h"
#include "pipeline/agent/agent.h"
#include "pipeline/conversation/conversation.h"
#include "pipeline/conversation/detector.h"
#include "pipeline/conversation/replay/conversation_recorder.h"
#include "pipeline/runtime/announcer.h"
#include "pipeline/speech/grammar.h"
#include "pipeline/speech/recognizer.h"
#include "pipeline/speech/synthesizer.h"
#include "session/store.h"
#include "tools/executor.h"
#include "tools/registry.h"

namespace parlance::pipeline {

// What a conversation is made of. All but the unique ones must outlive it. The grammar and the
// announcer may be missing.
struct VoiceAgentParts {
  // 16 kHz.
  std::unique_ptr<audio::VoiceActivityDetector> vad;
  std::unique_ptr<Recognizer> recognizer;
  Agent* agent = nullptr;
  Synthesizer* synthesizer = nullptr;
  // The executor's registry says which tools change nothing.
  const tools::ToolRegistry* registry = nullptr;
  tools::ToolExecutor* executor = nullptr;
  session::SessionStore* store = nullptr;
  // What may be said: tells from the words so far whether more is to come.
  const Grammar* grammar = nullptr;
  Announcer* announcer = nullptr;
};

class VoiceAgent {
 public:
  struct Options {
    // An existing session.
    std::string session_id;
    // The conversation's; the number of messages is the session's.
    ConversationOptions conversation;
    // Somebody speaks now, and hears the answers as they are given: 20 ms of them, or of silence,
    // for each 20 ms that are pushed.
    bool live = false;
    // The time that a single tool call may take.
    absl::Duration tool_timeout = absl::Seconds(5);
    // A steady clock, for what the work takes.
    std::function<absl::Duration()> steady_now;
    // Where the conversation is recorded to, if it is, and the name of its detector for that.
    ConversationRecorder::Write record;
    std::string detector = std::string(kDetector);
    // Sound of the answers, mono PCM16 at the synthesiser's rate, at most 20 ms of it at a time.
    std::function<void(absl::Span<const int16_t>)> on_audio;
    // A turn is over.
    std::function<void(const TurnReport&)> on_turn;
  };

  // InvalidArgument for missing parts and for what a conversation refuses; NotFound if there is no
  // such session.
  static absl::StatusOr<std::unique_ptr<VoiceAgent>> Create(VoiceAgentParts parts, Options options);
  ~VoiceAgent();

  // Mono PCM16, any number of samples.
  absl::Status Push(absl::Span<const int16_t> samples);
  // The input ends: answers what is being said, if anything is, and says it to its end. The agent
  // can go on afterwards.
  absl::Status Flush();

  // How often the store failed for something that nobody could be told of any more, and how many
  // announcements found no room.
  int64_t num_store_failures() const;
  int64_t num_announcements_dropped() const;

 private:
  class Impl;
  explicit VoiceAgent(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_VOICE_AGENT_H_
