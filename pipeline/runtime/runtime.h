// Many conversations on a few threads.
//
//   door ─► Session::Push ─► its queue of sound (bounded) ─┐
//                                                          ├─► its thread: conversation ─►
//                                                          SessionSink ─► door
//   recognisers, agent, tools, voices, store ─► mailbox ───┘
//
// Each session belongs to one of a fixed set of threads, which never block: work that may take long
// is done by the worker pools that all sessions share, by the tool executor's threads, and by the
// store's. So a session that is quiet costs its state, and no thread.
//
// Bounds, each with its policy; what is dropped or refused is counted in RuntimeStats:
//   sound of a session that was not handled yet    the oldest is dropped
//   sessions, and new ones while threads are busy  a new session is refused, with the reason
//   utterances that wait for a recogniser          the turn fails, and the agent says so
//   turns, pieces that wait for a worker           the same
//   writes that wait for the disk                  the same: nothing that is not stored is heard
//   frames of an answer that are late              they are given at once, up to max_late, and the
//                                                  answer goes on later beyond it
//   what is asked of a session and not done yet    more is refused
//
// Time is a steady clock's that is passed in, so that all of it can be run in virtual time: without
// threads, whoever owns the runtime calls RunUntil, and everything happens on the caller's thread.
#ifndef PIPELINE_RUNTIME_RUNTIME_H_
#define PIPELINE_RUNTIME_RUNTIME_H_

#include <cstddef>
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
#include "audio/vad/vad.h"
#include "pipeline/agent/agent.h"
#include "pipeline/agent/agent_settings.h"
#include "pipeline/conversation/conversation.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/conversation_observer.h"
#include "pipeline/conversation/detector.h"
#include "pipeline/conversation/replay/conversation_recorder.h"
#include "pipeline/conversation/turn/turn_messages.h"
#include "pipeline/conversation/turn/turn_taking.h"
#include "pipeline/runtime/announcer.h"
#include "pipeline/runtime/duration_histogram.h"
#include "pipeline/runtime/recognizer_pool.h"
#include "pipeline/runtime/worker_pool.h"
#include "pipeline/speech/grammar.h"
#include "pipeline/speech/recognizer.h"
#include "pipeline/speech/synthesizer.h"
#include "session/message.h"
#include "session/store.h"
#include "tools/executor.h"
#include "tools/registry.h"

namespace parlance::pipeline {

// What the sessions of a runtime are made of. What is pointed to has to outlive the runtime, and is
// used from several threads. The store must not wait when too much is under way (its write_patience
// is to be zero). The grammar and the announcer may be missing.
struct RuntimeParts {
  // Each is called from any thread. Detectors are at 16 kHz.
  std::function<absl::StatusOr<std::unique_ptr<audio::VoiceActivityDetector>>()> create_vad;
  std::function<absl::StatusOr<std::unique_ptr<Recognizer>>()> create_recognizer;
  Agent* agent = nullptr;
  Synthesizer* synthesizer = nullptr;
  const tools::ToolRegistry* registry = nullptr;
  tools::ToolExecutor* executor = nullptr;
  session::SessionStore* store = nullptr;
  const Grammar* grammar = nullptr;
  Announcer* announcer = nullptr;
};

struct RuntimeOptions {
  // Threads for sessions; one for each core is best. 0: RunUntil.
  int num_threads = 2;
  // Threads for recognition, for the agent, and for speech; one each at least.
  int num_recognition_workers = 2;
  int num_agent_workers = 2;
  int num_synthesis_workers = 2;
  RecognizerPool::Options recognizers = {};
  // After so long a task is written off, and its thread is replaced.
  absl::Duration overdue_after = absl::Seconds(10);

  size_t max_sessions = 4000;
  // A session is refused while its thread would be busy for more than this part of the time, or
  // while sound waits longer than this. What a session costs is measured, but is taken to be this
  // part of a thread's time at least: whoever has just called has not spoken yet. The program
  // `load` tells.
  double max_utilization = 0.85;
  double session_utilization = 0.0015;
  absl::Duration max_frame_age = absl::Milliseconds(20);
  // The most sound of a session that waits.
  absl::Duration max_queued_sound = absl::Milliseconds(200);
  // By how much frames of an answer may be late before the answer goes on later instead.
  absl::Duration max_late = absl::Milliseconds(100);
  // A session from which no sound comes for so long is hung up.
  absl::Duration idle_timeout = absl::Minutes(10);
  // A steady clock. Null: this machine's.
  std::function<absl::Duration()> now = nullptr;
};

// The figures of a runtime so far. Histograms and counts are since the beginning.
struct RuntimeStats {
  size_t num_sessions = 0;
  int64_t num_opened = 0;
  // Sessions that were refused: too many, too busy, shutting down.
  int64_t num_refused_full = 0;
  int64_t num_refused_busy = 0;
  int64_t num_refused_stopping = 0;
  int64_t num_timed_out = 0;
  int64_t num_turns = 0;
  int64_t num_frames_in = 0;
  int64_t num_frames_out = 0;
  // Pieces of sound, of at most 20 ms, that were dropped because too much waited.
  int64_t num_frames_dropped = 0;
  // Answers that had to go on later, because their frames were more than max_late late.
  int64_t num_answers_delayed = 0;
  int64_t num_store_failures = 0;
  int64_t num_announcements_dropped = 0;
  // The time from the push of a frame until the conversation has handled it.
  DurationHistogram frame_age = {};
  // How late frames of answers were given.
  DurationHistogram frame_lateness = {};
  // The busiest thread's part of the last 100 ms.
  double utilization = 0;
  RecognizerPool::Stats recognizers = {};
  WorkerPool::Stats recognition = {};
  WorkerPool::Stats agents = {};
  WorkerPool::Stats synthesis = {};
};

// Who gets what comes out of a session. Called on the session's thread, one call at a time: must
// not block, nor call the session, but for Session::HangUp.
//
// What is told of speech and answers (ConversationObserver) comes in its order with the sound: the
// text of an answer before its sound; its end when it was played to its end where there is an
// output_lead, and otherwise just before its last frame.
class SessionSink : public ConversationObserver {
 public:
  // The next of what is to be heard, due now or within the session's output_lead: mono PCM16 at the
  // synthesiser's rate, at most 20 ms.
  virtual void Frame(absl::Span<const int16_t> samples) = 0;
  // What was given and not played yet is to be kept back, played on, or thrown away.
  virtual void Hold() {}
  virtual void Resume() {}
  virtual void Stop() {}
  virtual void TurnDone(const TurnReport& /*report*/) {}
  // Everything is stored that is to be, and nothing is called any more. OK after HangUp;
  // DeadlineExceeded if no sound came; Cancelled if the runtime ended.
  virtual void Closed(const absl::Status& /*status*/) {}
};

struct SessionOptions {
  // Empty: a new session of the store, with this title.
  std::string session_id;
  std::string title = "Conversation";
  // The number of messages is the session's, and the rate of what is heard the synthesiser's.
  ConversationOptions conversation;
  absl::Duration tool_timeout = absl::Seconds(5);
  // Writes the record of the conversation, if it is recorded. Called on the session's thread.
  ConversationRecorder::Write record = nullptr;
  std::string detector = std::string(kDetector);
  // How long before it is due the sound of an answer is given, so that an uneven network does not
  // break it up: 0 to 1 s. What has been heard is then known by time, as if it were played without
  // a gap from the first frame on; Played is not to be called.
  absl::Duration output_lead = absl::ZeroDuration();
  // How turns are taken, until Configure. Null: by the conversation's options.
  std::optional<TurnTaking> turn_taking = {};
};

class Runtime {
 public:
  // A session that goes on until HangUp, its time-out or the runtime's end. All methods may be
  // called from any thread, and none blocks.
  class Session {
   public:
    virtual ~Session() = default;
    virtual const std::string& id() const = 0;
    // Mono PCM16 at the session's rate, at most a second of it. InvalidArgument beyond;
    // FailedPrecondition if the session is over.
    virtual absl::Status Push(absl::Span<const int16_t> samples) = 0;
    // The input has ended, as a file does: what is being said is taken to be over.
    virtual void EndOfSound() = 0;
    // All samples of the answer up to `position` have been heard. Where it is never called, a
    // sample is heard when it is given.
    virtual void Played(int64_t position) = 0;
    // The session ends when what is under way is stored.
    virtual void HangUp() = 0;

    // What else may be asked of a session: ConversationEvents says what each does. They are done in
    // the order of the calls, and of the calls of Push and EndOfSound. InvalidArgument for an
    // utterance of more than ConversationEvents::kMaxUtterance and for text of more than
    // kMaxTextBytes; ResourceExhausted while kMaxRequests, or kMaxRequestBytes of text and sound,
    // were not done yet; FailedPrecondition if the session is over.
    static constexpr size_t kMaxTextBytes = size_t{64} << 10;
    // A client may bring the whole history of a conversation at once.
    static constexpr size_t kMaxRequests = 1024;
    static constexpr size_t kMaxRequestBytes = size_t{8} << 20;
    virtual absl::Status WholeUtterance(std::vector<int16_t> samples) = 0;
    virtual absl::Status Type(std::string text) = 0;
    virtual absl::Status Respond() = 0;
    virtual absl::Status CancelAnswer() = 0;
    virtual absl::Status Truncate(int64_t position) = 0;
    virtual absl::Status AddMessage(session::Role role, std::string text) = 0;
    virtual absl::Status Configure(const TurnTaking& turn_taking) = 0;
    // The same bounds. What the agent is asked with from the next question on; whether answers are
    // spoken, or only written; what a tool of the client's gave: ConversationDriver has more.
    virtual absl::Status SetAgentSettings(std::shared_ptr<const AgentSettings> settings) = 0;
    virtual absl::Status SetSpeaks(bool speaks) = 0;
    virtual absl::Status EndCall(int32_t call, CallOutcome outcome) = 0;
  };

  // InvalidArgument for missing parts and options out of range.
  static absl::StatusOr<std::unique_ptr<Runtime>> Create(RuntimeParts parts,
                                                         RuntimeOptions options);
  // Shuts down without waiting for turns. Returns when every task of the workers has.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // Opens a session, which reads and may write the store: blocks for that. `sink` has to live until
  // Closed. ResourceExhausted if there are too many, Unavailable while the runtime is busy or shuts
  // down, each with what to do; NotFound for a session that is not there, AlreadyExists for one
  // that is open here, FailedPrecondition for one that is closed in the store; InvalidArgument for
  // what a conversation refuses.
  absl::StatusOr<std::shared_ptr<Session>> Open(SessionOptions options, SessionSink* sink);

  // Refuses new sessions, lets turns that are under way come to their end for so long, hangs up,
  // and returns when everything that was acknowledged is stored. DeadlineExceeded, with how many,
  // if sessions were cut. Then the runtime is over.
  absl::Status Shutdown(absl::Duration limit);

  // Without threads: does everything that is due until `time`, in its order; the clock that was
  // passed in is to say the times that `set_now` was called with.
  void RunUntil(absl::Duration time, const std::function<void(absl::Duration)>& set_now);

  RuntimeStats stats() const;

 private:
  class Impl;
  explicit Runtime(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_RUNTIME_H_
