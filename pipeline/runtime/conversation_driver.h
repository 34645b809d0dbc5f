// Does what one conversation orders, without ever blocking, and tells it what comes of it.
//
//   Sound, TakeFrame, … ─► conversation ─► orders ─► recognisers, agent, tools, voices, store
//                               ▲                                        │
//                               └── HandleMail ◄── mailbox ◄─────────────┘
//
// The conversation belongs to one thread at a time, its owner's; work is done on task runners and
// on the threads of the tool executor and the store. What comes of it is put into a mailbox from
// any thread, which wakes the owner, who handles it in the order in which it came.
//
// The mailbox has no bound of its own: what is put into it was ordered, and a conversation orders
// only so much at a time. Sound of a piece is the largest of it, some hundred kilobytes.
#ifndef PIPELINE_RUNTIME_CONVERSATION_DRIVER_H_
#define PIPELINE_RUNTIME_CONVERSATION_DRIVER_H_

#include <cstddef>
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
#include "pipeline/agent/agent_settings.h"
#include "pipeline/conversation/conversation.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/conversation_observer.h"
#include "pipeline/conversation/detector.h"
#include "pipeline/conversation/replay/conversation_recorder.h"
#include "pipeline/conversation/turn/turn_messages.h"
#include "pipeline/runtime/announcer.h"
#include "pipeline/runtime/recognizer_pool.h"
#include "pipeline/runtime/task_runner.h"
#include "pipeline/speech/grammar.h"
#include "pipeline/speech/synthesizer.h"
#include "session/store.h"
#include "tools/executor.h"
#include "tools/registry.h"

namespace parlance::pipeline {

// What conversations share: all of it has to outlive them. The grammar and the announcer may be
// missing. Everything is used from several threads.
struct SharedParts {
  RecognizerPool* recognizers = nullptr;
  Agent* agent = nullptr;
  // Where the history is read and the agent is asked, unless it answers at once.
  TaskRunner* agent_runner = nullptr;
  Synthesizer* synthesizer = nullptr;
  // The runner on which its speech is made.
  TaskRunner* synthesis_runner = nullptr;
  // The executor's registry says which tools change nothing.
  const tools::ToolRegistry* registry = nullptr;
  tools::ToolExecutor* executor = nullptr;
  session::SessionStore* store = nullptr;
  // What may be said: tells from the words so far whether more is to come.
  const Grammar* grammar = nullptr;
  Announcer* announcer = nullptr;
};

class ConversationDriver {
 public:
  // How orders are done, and whom to tell.
  struct Handling {
    // An existing session, which has to be open for writing.
    std::string session_id;
    // What the agent is asked with, until SetAgentSettings; may be null.
    std::shared_ptr<const AgentSettings> agent_settings = nullptr;
    // The time that a single tool call may take.
    absl::Duration tool_timeout = absl::Seconds(5);
    // Not even a tool that only computes is run on the owner's thread.
    bool tools_on_workers = true;
    // Writes the record of the conversation, if it is recorded.
    ConversationRecorder::Write record;
    // The mailbox was empty, and is not any more. Called from any thread, which may be the owner's;
    // must not block.
    std::function<void()> wake;
    // What was taken and not played yet is to be kept back, played on, or thrown away; called on
    // the owner's thread while an event is handled. May be null.
    std::function<void()> on_hold;
    std::function<void()> on_resume;
    std::function<void()> on_stop;
    std::function<void(const TurnReport&)> on_turn;
    // The observer of the conversation; may be null. It has to outlive the driver.
    ConversationObserver* observer = nullptr;
  };
  struct Options {
    Handling handling;
    // The number of messages has to be the session's.
    ConversationOptions conversation;
    // The name of the detector, for records.
    std::string detector = std::string(kDetector);
  };

  // InvalidArgument for missing parts and for what a conversation refuses.
  static absl::StatusOr<std::unique_ptr<ConversationDriver>> Create(
      const SharedParts& parts, std::unique_ptr<audio::VoiceActivityDetector> vad, Options options);
  // What is under way is cancelled, and nobody is told any more.
  ~ConversationDriver();

  // Whom to tell what happens: Sound, TakeFrame, Played, HangUp and so on. What came of orders
  // comes from the mailbox alone.
  ConversationEvents& events();
  const Conversation& conversation() const;

  // Tells the conversation what has come; `now` is asked for each. Returns how many there were.
  int HandleMail(const std::function<absl::Duration()>& now);
  // How many orders are under way whose results were not handled.
  int num_awaited() const;
  // Whether one of them is the agent's answer.
  bool awaits_agent() const;

  // From the next question on. May be null. The tools in it are the client's: whoever looks on is
  // told of their calls, which wait for EndCall.
  void SetAgentSettings(std::shared_ptr<const AgentSettings> settings);
  // Whether answers are spoken. Otherwise a piece of an answer is heard as soon as it may be, and
  // its sound is one sample. From the next piece on.
  void SetSpeaks(bool speaks);
  // What a client's tool gave. Of a call that is none of its, or is over, nothing is taken.
  void EndCall(absl::Duration at, int32_t call, CallOutcome outcome);

  // The first error of the recogniser, the agent or the store since it was asked for.
  absl::Status TakeStatus();

 private:
  class Impl;
  explicit ConversationDriver(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_CONVERSATION_DRIVER_H_
