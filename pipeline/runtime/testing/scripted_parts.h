// What a runtime is made of, made up: an agent and a voice that do what a test says, a store with
// faults, and somebody who listens.
//
// A character of an answer is 10 ms of sound whose samples are its code, so that what was heard can
// be read from the sound, to the letter.
#ifndef PIPELINE_RUNTIME_TESTING_SCRIPTED_PARTS_H_
#define PIPELINE_RUNTIME_TESTING_SCRIPTED_PARTS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "pipeline/agent/agent.h"
#include "pipeline/agent/deciding_agent.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/runtime/announcer.h"
#include "pipeline/runtime/runtime.h"
#include "pipeline/speech/synthesizer.h"
#include "session/message.h"
#include "session/store.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {

inline constexpr size_t kSamplesOfCharacter = 160;

// The characters that begin in the sound, whose first sample is a character's.
std::string TextOfSound(absl::Span<const int16_t> samples);

// Answers "You said …." unless `decide` is set. `decide` is set before there is a runtime.
class ScriptedAgent : public DecidingAgent {
 public:
  int max_history_messages() const override { return num_messages; }
  absl::StatusOr<AgentStep> Decide(const AgentInput& input) override;

  std::function<absl::StatusOr<AgentStep>(const AgentInput&)> decide;
  int num_messages = 0;
};

// Keeps its questions until a test answers them. Thread-safe, but for what is in a question.
class PatientAgent : public Agent {
 public:
  struct Question {
    AgentInput input = {};
    std::shared_ptr<AgentAnswer> answer = {};
    // How often it was cancelled.
    std::shared_ptr<std::atomic<int>> num_cancelled = std::make_shared<std::atomic<int>>(0);
  };

  int max_history_messages() const override { return 10; }
  void Ask(AgentInput input, std::shared_ptr<AgentAnswer> answer) override;

  size_t num_questions() const {
    annotated::MutexLock lock(mutex_);
    return questions_.size();
  }
  // The question, from 0 on; its answer is let go of.
  Question Take(size_t index) {
    annotated::MutexLock lock(mutex_);
    return std::exchange(questions_.at(index), {});
  }

 private:
  mutable annotated::Mutex mutex_;
  std::vector<Question> questions_ ABSL_GUARDED_BY(mutex_);
};

// Says texts in chunks of 100 ms. `before` is set before there is a runtime.
class LetterSynthesizer : public Synthesizer {
 public:
  int sample_rate_hz() const override { return 16000; }
  absl::Status Synthesize(absl::string_view text, const SpeechSink& sink) override;

  // Called before each chunk with the text and how many samples were given of it: may fail, throw
  // or block.
  std::function<absl::Status(absl::string_view text, size_t num_given)> before;
  // Asked before each chunk: while it holds, whoever listens is asked whether they still do.
  std::function<bool()> is_waiting;
};

// A store whose asynchronous writes can be made at once, or fail, or never end. Thread-safe.
class FaultyStore : public session::SessionStore {
 public:
  // What happens to AppendAsync and AmendAsync.
  enum class Writes {
    // The store's own threads do them.
    kByTheStore,
    // They are done when the call returns, so that everything happens on one thread.
    kAtOnce,
    // They are made, and nobody is told of it.
    kHang,
  };

  explicit FaultyStore(session::SessionStore* store, Writes writes = Writes::kAtOnce)
      : store_(*store), writes_(writes) {}

  void SetWrites(Writes writes) {
    annotated::MutexLock lock(mutex_);
    writes_ = writes;
  }
  // Not OK: each write fails with it, and changes nothing. It is told of by `done`, or returned.
  void FailWrites(absl::Status failure, bool at_once = false) {
    annotated::MutexLock lock(mutex_);
    failure_ = std::move(failure);
    fails_at_once_ = at_once;
  }
  // Called in GetSession; set before there is a runtime. May be null.
  std::function<void()> on_get_session;

  // SessionStore:
  absl::StatusOr<session::Session> CreateSession(const NewSession& session) override;
  using SessionStore::CreateSession;
  absl::StatusOr<session::Session> GetSession(absl::string_view session_id) override;
  absl::StatusOr<std::vector<session::Session>> ListSessions(int limit,
                                                             absl::string_view before) override;
  absl::Status RenameSession(absl::string_view session_id, absl::string_view title) override;
  absl::Status CloseSession(absl::string_view session_id) override;
  absl::StatusOr<session::Session> ResumeSession(absl::string_view session_id) override;
  absl::Status DeleteSession(absl::string_view session_id) override;
  absl::StatusOr<int64_t> PruneSessions(const Retention& retention) override;
  absl::StatusOr<int64_t> AppendAll(absl::string_view session_id,
                                    absl::Span<const session::Message> messages) override;
  absl::Status AppendAsync(absl::string_view session_id, std::vector<session::Message> messages,
                           AppendDone done) override;
  absl::Status Amend(absl::string_view session_id, const Amendment& amendment) override;
  absl::Status AmendAsync(absl::string_view session_id, Amendment amendment,
                          AmendDone done) override;
  absl::StatusOr<std::vector<session::Message>> History(absl::string_view session_id,
                                                        const HistoryOptions& options) override;
  absl::StatusOr<std::vector<SearchHit>> Search(absl::string_view words,
                                                absl::string_view session_id, int limit) override;
  absl::StatusOr<Stats> GetStats() override;
  absl::Status CheckIntegrity() override;

 private:
  session::SessionStore& store_;
  annotated::Mutex mutex_;
  Writes writes_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  bool fails_at_once_ ABSL_GUARDED_BY(mutex_) = false;
};

// Says what a test has it say. Thread-safe.
class ScriptedAnnouncer : public Announcer {
 public:
  void Ring(const std::string& session_id, std::string sentence) {
    annotated::MutexLock lock(mutex_);
    due_[session_id].push_back(std::move(sentence));
  }
  std::vector<std::string> TakeDue(absl::string_view session_id) override {
    annotated::MutexLock lock(mutex_);
    return std::exchange(due_[std::string(session_id)], {});
  }

 private:
  annotated::Mutex mutex_;
  std::map<std::string, std::vector<std::string>> due_ ABSL_GUARDED_BY(mutex_);
};

// Keeps what comes out of a session. What it kept may be read once the session is closed, or on the
// runtime's thread; that nothing comes after Closed is checked by num_after_closed.
class RecordingSink : public SessionSink {
 public:
  // `now`: for the times of frames; may be null.
  explicit RecordingSink(std::function<absl::Duration()> clock = nullptr) : now(std::move(clock)) {}

  void Frame(absl::Span<const int16_t> samples) override;
  void Hold() override { Log("hold"); }
  void Resume() override { Log("resume"); }
  void Stop() override { Log("stop"); }
  void TurnDone(const TurnReport& report) override;
  void Closed(const absl::Status& status) override;

  const std::function<absl::Duration()> now;
  // Called in Frame, after it was kept.
  std::function<void()> on_frame;

  // What was heard, read from its sound.
  std::string heard;
  int64_t num_samples = 0;
  std::vector<absl::Duration> frame_times;
  std::vector<size_t> frame_sizes;
  // "hold", "resume", "stop", "turn …", "closed", in order.
  std::vector<std::string> log;
  std::vector<TurnReport> turns;
  std::optional<absl::Status> closed;
  int num_closed = 0;
  int num_after_closed = 0;
  // Set as the last: whoever sees it on another thread may read the rest.
  std::atomic<bool> is_closed = false;

 private:
  void Log(std::string line);
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_TESTING_SCRIPTED_PARTS_H_
