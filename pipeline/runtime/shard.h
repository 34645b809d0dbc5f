// A runtime's thread and the sessions that it serves: their queues of sound, their timers, and the
// frames that they give.
//
// What comes from other threads waits in a session's requests, under the shard's mutex, until the
// serving thread takes all of it at once; everything else of a session is that thread's alone.
#ifndef PIPELINE_RUNTIME_SHARD_H_
#define PIPELINE_RUNTIME_SHARD_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "pipeline/agent/agent_settings.h"
#include "pipeline/conversation/turn/turn_taking.h"
#include "pipeline/runtime/announcer.h"
#include "pipeline/runtime/conversation_driver.h"
#include "pipeline/runtime/runtime.h"
#include "session/message.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {

constexpr int kFramesPerSecond = 50;
constexpr absl::Duration kFrame = absl::Milliseconds(1000 / kFramesPerSecond);

// Sound that waits.
struct QueuedFrame {
  absl::Duration pushed;
  size_t size = 0;
  // At least `size`. It goes from session to session, and grows to the longest frame of them.
  std::vector<int16_t> samples;
};
using QueuedFrames = std::vector<std::unique_ptr<QueuedFrame>>;

// Something that is asked of a session.
struct QueuedEvent {
  // How many of the frames that wait come before it.
  size_t after_frames = 0;
  bool is_end_of_sound = false;
  std::function<void(ConversationDriver&, absl::Duration at)> tell = nullptr;
};

// What somebody else wants of a session.
struct SessionRequests {
  QueuedFrames frames = {};
  std::vector<QueuedEvent> asked = {};
  // How much text and sound is in what is asked.
  size_t asked_bytes = 0;
  bool hang_up = false;
  std::optional<int64_t> played = {};

  void ClearAsked() {
    asked.clear();
    asked_bytes = 0;
  }
};

class Shard;

// A session as its shard serves it. Its methods may be called from any thread.
class ServedSession : public Runtime::Session, public std::enable_shared_from_this<ServedSession> {
 public:
  ServedSession(std::string id, std::shared_ptr<Shard> shard, SessionSink* sink,
                const RuntimeOptions& options, int sample_rate_hz);

  const std::string& id() const override { return id_; }
  absl::Status Push(absl::Span<const int16_t> samples) override;
  void EndOfSound() override;
  void Played(int64_t position) override;
  void HangUp() override;
  absl::Status WholeUtterance(std::vector<int16_t> samples) override;
  absl::Status Type(std::string text) override;
  absl::Status Respond() override;
  absl::Status CancelAnswer() override;
  absl::Status Truncate(int64_t position) override;
  absl::Status AddMessage(session::Role role, std::string text) override;
  absl::Status Configure(const TurnTaking& turn_taking) override;
  absl::Status SetAgentSettings(std::shared_ptr<const AgentSettings> settings) override;
  absl::Status SetSpeaks(bool speaks) override;
  absl::Status EndCall(int32_t call, CallOutcome outcome) override;
  // Something is in the mailbox.
  void Wake();

  // Used by the session's thread alone.
  SessionSink& sink;
  std::unique_ptr<ConversationDriver> driver;
  // When it began, by the runtime's clock; its conversation's times are since then.
  absl::Duration began;
  absl::Duration last_event = absl::ZeroDuration();
  absl::Duration last_sound = absl::ZeroDuration();
  absl::Duration next_announcements = absl::ZeroDuration();
  // How long before it is due sound is given.
  absl::Duration output_lead = absl::ZeroDuration();
  // Up to where the conversation was told that the answer had been played, where that is by time.
  int64_t told_played = 0;
  // Whether an answer is being given, and when its next frame is due.
  bool speaking = false;
  // Turns that ended with the frame that is being taken, which the sink is given first.
  bool taking_frame = false;
  std::vector<TurnReport> turns_done;
  absl::Duration next_frame = absl::ZeroDuration();
  // When its timer rings, by the runtime's clock.
  absl::Duration timer = absl::InfiniteDuration();
  bool hung_up = false;
  absl::Status end;

 private:
  friend class Shard;

  const std::string id_;
  const std::shared_ptr<Shard> shard_;
  const size_t max_frames_;
  const size_t frame_samples_;
  // The most that may be pushed at once: a second.
  const size_t max_samples_;
  // Guarded by the shard's mutex.
  SessionRequests requests_;
  bool is_ready_ = false;
  bool is_closed_ = false;
};

// Sessions that one thread serves.
class Shard : public std::enable_shared_from_this<Shard> {
 public:
  // `forget`: told of each session that is over, on the serving thread.
  Shard(const RuntimeOptions& options, Announcer* announcer, int output_sample_rate_hz,
        std::function<void(const std::string& id)> forget);

  // Any thread. False if it has stopped.
  bool Add(std::shared_ptr<ServedSession> session);
  size_t num_sessions() const;
  // What part of this thread its sessions will need, if there is one more.
  double ExpectedUtilization() const;
  // How long sound waits at most: what waits now, and what was handled of late.
  absl::Duration OldestFrame() const;
  void AddTo(RuntimeStats& stats) const;
  void CountTurn();

  // The session's methods. Any thread.
  absl::Status Push(ServedSession& session, absl::Span<const int16_t> samples);
  // Has the session's conversation told something, with so much text or sound in it, after the
  // sound that came before.
  absl::Status Ask(ServedSession& session, size_t bytes,
                   std::function<void(ConversationDriver&, absl::Duration at)> tell);
  // Has `change` change what is wanted of the session, and the session's thread look at it.
  template <typename Change>
  void Request(ServedSession& session, const Change& change) {
    annotated::MutexLock lock(mutex_);
    if (session.is_closed_) return;
    change(session.requests_);
    MakeReady(session.shared_from_this());
  }

  // Serves until Stop.
  void Serve();
  void Stop();

  // Serves what is ready or due now. Returns whether there was anything.
  bool ServeDue();

  // When something is due, by the runtime's clock. The serving thread's.
  absl::Duration NextTimer() const;

  void HangUpAll();
  // Hangs up every session in which no turn is under way, now and whenever house is kept.
  void HangUpIdle();

  // Ends all sessions where they are. The serving thread's, as its last.
  void CloseAll();

 private:
  struct Timer {
    absl::Duration at;
    std::weak_ptr<ServedSession> session;
    bool operator<(const Timer& other) const { return at > other.at; }
  };

  void MakeReady(std::shared_ptr<ServedSession> session) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // The time of a session's events, which never goes back, whatever the clock does.
  absl::Duration TimeOf(ServedSession& session) const;

  void ServeRequests(ServedSession& session, SessionRequests& requests);

  void HangUp(ServedSession& session, absl::Status why);

  // Does what came and what is due, and sets the session's timer.
  void Advance(ServedSession& session);

  void TellTurns(ServedSession& session);

  // Where sound is given before it is due: tells what must have been played by now.
  void TellPlayed(ServedSession& session, absl::Duration now);

  // Gives the frames of an answer that are due.
  void GiveFrames(ServedSession& session, absl::Duration now);

  void Close(ServedSession& session, const absl::Status& status);

  void SetTimer(ServedSession& session, absl::Duration at);
  // The session whose timer is due; null if it has another one, or is gone.
  std::shared_ptr<ServedSession> TakeTimer();

  void KeepHouse(absl::Duration now);

  const RuntimeOptions options_;
  Announcer* const announcer_;
  const std::function<void(const std::string& id)> forget_;

  mutable annotated::Mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::shared_ptr<ServedSession>> ready_ ABSL_GUARDED_BY(mutex_);
  QueuedFrames spare_frames_ ABSL_GUARDED_BY(mutex_);
  bool sleeping_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool hang_up_all_ ABSL_GUARDED_BY(mutex_) = false;
  bool hang_up_idle_ ABSL_GUARDED_BY(mutex_) = false;
  // House is to be kept before it is time to.
  bool looks_at_once_ ABSL_GUARDED_BY(mutex_) = false;
  // When the oldest sound was pushed that waits, and that is being handled.
  absl::Duration oldest_waiting_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteDuration();
  absl::Duration oldest_served_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteDuration();
  size_t num_sessions_ ABSL_GUARDED_BY(mutex_) = 0;
  // Sessions when the load was measured, and those that came since.
  size_t num_measured_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t num_new_ ABSL_GUARDED_BY(mutex_) = 0;
  double utilization_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration slowest_ ABSL_GUARDED_BY(mutex_);
  int64_t num_frames_in_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t num_frames_dropped_ ABSL_GUARDED_BY(mutex_) = 0;

  mutable annotated::Mutex stats_mutex_;
  RuntimeStats stats_ ABSL_GUARDED_BY(stats_mutex_);

  // Used by the serving thread alone.
  std::map<ServedSession*, std::shared_ptr<ServedSession>> sessions_;
  std::priority_queue<Timer> timers_;
  std::vector<std::shared_ptr<ServedSession>> batch_;
  std::vector<SessionRequests> batch_requests_;
  std::vector<int16_t> output_frame_;
  absl::Duration busy_;
  absl::Duration last_housekeeping_;
  absl::Duration next_housekeeping_;
  absl::Duration slowest_now_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_SHARD_H_
