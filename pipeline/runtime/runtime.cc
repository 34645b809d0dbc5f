#include "pipeline/runtime/runtime.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pipeline/conversation/conversation_events.h"
#include "pipeline/conversation/turn_machine.h"
#include "pipeline/runtime/conversation_driver.h"
#include "pipeline/runtime/housekeeper.h"
#include "pipeline/runtime/steady_clock.h"
#include "pipeline/runtime/task_runner.h"
#include "third_party/annotated_mutex.h"

namespace parlance::pipeline {
namespace {

constexpr int kFramesPerSecond = 50;
constexpr absl::Duration kFrame = absl::Milliseconds(1000 / kFramesPerSecond);
// 20 ms at the highest rate that a conversation takes.
constexpr size_t kMaxFrameSamples = 48000 / kFramesPerSecond;
constexpr absl::Duration kAnnouncementInterval = absl::Milliseconds(250);
// What is looked after from time to time, and over what the load of a thread is measured.
constexpr absl::Duration kHousekeeping = Housekeeper::kInterval;
// A session is looked at so often even if nothing happens, so that no timer waits for long that is
// of no use any more.
constexpr absl::Duration kLongestTimer = absl::Seconds(1);
// How much of it is kept for what comes after: sound whose sessions were many is given back.
constexpr size_t kMaxSpareFrames = 1024;

// Sound that waits.
struct QueuedFrame {
  absl::Duration pushed;
  size_t size = 0;
  std::array<int16_t, kMaxFrameSamples> samples = {};
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
struct Requests {
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

class SessionImpl : public Runtime::Session, public std::enable_shared_from_this<SessionImpl> {
 public:
  SessionImpl(std::string id, std::shared_ptr<Shard> shard, SessionSink* sink,
              const RuntimeOptions& options, int sample_rate_hz)
      : sink(*sink),
        id_(std::move(id)),
        shard_(std::move(shard)),
        max_frames_(
            static_cast<size_t>(std::max<int64_t>(options.max_queued_sound / kFrame, int64_t{1}))),
        frame_samples_(static_cast<size_t>(sample_rate_hz / kFramesPerSecond)),
        max_samples_(static_cast<size_t>(sample_rate_hz)) {}

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
  Requests requests_;
  bool is_ready_ = false;
  bool is_closed_ = false;
};

// Sessions that one thread serves.
class Shard : public std::enable_shared_from_this<Shard> {
 public:
  // `forget`: told of each session that is over, on the serving thread.
  Shard(const RuntimeOptions& options, Announcer* announcer, int output_sample_rate_hz,
        std::function<void(const std::string& id)> forget)
      : options_(options),
        announcer_(announcer),
        forget_(std::move(forget)),
        output_frame_(static_cast<size_t>(output_sample_rate_hz / kFramesPerSecond)) {}

  // Any thread. False if it has stopped.
  bool Add(std::shared_ptr<SessionImpl> session) {
    annotated::MutexLock lock(mutex_);
    if (stopping_) return false;
    ++num_sessions_;
    ++num_new_;
    MakeReady(std::move(session));
    return true;
  }
  size_t num_sessions() const {
    annotated::MutexLock lock(mutex_);
    return num_sessions_;
  }
  // What part of this thread its sessions will need, if there is one more.
  double ExpectedUtilization() const {
    annotated::MutexLock lock(mutex_);
    const double least = static_cast<double>(num_sessions_ + 1) * options_.session_utilization;
    if (num_measured_ == 0) return least;
    const double each = utilization_ / static_cast<double>(num_measured_);
    return std::max(least, utilization_ + static_cast<double>(num_new_ + 1) * each);
  }
  // How long sound waits at most: what waits now, and what was handled of late.
  absl::Duration OldestFrame() const {
    annotated::MutexLock lock(mutex_);
    return std::max(slowest_, options_.now() - std::min(oldest_waiting_, oldest_served_));
  }
  void AddTo(RuntimeStats& stats) const {
    {
      annotated::MutexLock lock(mutex_);
      stats.num_sessions += num_sessions_;
      stats.num_frames_in += num_frames_in_;
      stats.num_frames_dropped += num_frames_dropped_;
      stats.utilization = std::max(stats.utilization, utilization_);
    }
    annotated::MutexLock lock(stats_mutex_);
    stats.num_turns += stats_.num_turns;
    stats.num_frames_out += stats_.num_frames_out;
    stats.num_answers_delayed += stats_.num_answers_delayed;
    stats.num_timed_out += stats_.num_timed_out;
    stats.num_store_failures += stats_.num_store_failures;
    stats.num_announcements_dropped += stats_.num_announcements_dropped;
    stats.frame_age.Add(stats_.frame_age);
    stats.frame_lateness.Add(stats_.frame_lateness);
  }
  void CountTurn() {
    annotated::MutexLock lock(stats_mutex_);
    ++stats_.num_turns;
  }

  // The session's methods. Any thread.
  absl::Status Push(SessionImpl& session, absl::Span<const int16_t> samples) {
    annotated::MutexLock lock(mutex_);
    // Before the clock is asked, which may end with the runtime.
    if (session.is_closed_) return absl::FailedPreconditionError("the session is over");
    const absl::Duration now = options_.now();
    QueuedFrames& frames = session.requests_.frames;
    while (!samples.empty()) {
      // Small pieces share a frame, so that what waits is bounded by its length.
      const std::vector<QueuedEvent>& asked = session.requests_.asked;
      const bool is_asked = !asked.empty() && asked.back().after_frames == frames.size();
      if (!frames.empty() && !is_asked && frames.back()->size < session.frame_samples_) {
        QueuedFrame& last = *frames.back();
        const size_t size = std::min(samples.size(), session.frame_samples_ - last.size);
        std::copy_n(samples.begin(), size, last.samples.begin() + last.size);
        last.size += size;
        samples.remove_prefix(size);
        continue;
      }
      std::unique_ptr<QueuedFrame> frame;
      ++num_frames_in_;
      oldest_waiting_ = std::min(oldest_waiting_, now);
      if (frames.size() >= session.max_frames_) {
        frame = std::move(frames.front());
        frames.erase(frames.begin());
        for (QueuedEvent& each : session.requests_.asked) {
          if (each.after_frames > 0) --each.after_frames;
        }
        ++num_frames_dropped_;
      } else if (!spare_frames_.empty()) {
        frame = std::move(spare_frames_.back());
        spare_frames_.pop_back();
      } else {
        frame = std::make_unique<QueuedFrame>();
      }
      frame->pushed = now;
      frame->size = std::min(samples.size(), session.frame_samples_);
      std::copy_n(samples.begin(), frame->size, frame->samples.begin());
      samples.remove_prefix(frame->size);
      frames.push_back(std::move(frame));
    }
    MakeReady(session.shared_from_this());
    return absl::OkStatus();
  }
  // Has the session's conversation told something, with so much text or sound in it, after the
  // sound that came before.
  absl::Status Ask(SessionImpl& session, size_t bytes,
                   std::function<void(ConversationDriver&, absl::Duration at)> tell) {
    annotated::MutexLock lock(mutex_);
    if (session.is_closed_) return absl::FailedPreconditionError("the session is over");
    std::vector<QueuedEvent>& asked = session.requests_.asked;
    size_t& asked_bytes = session.requests_.asked_bytes;
    // Nothing is too large by itself.
    if (asked.size() >= Runtime::Session::kMaxRequests ||
        (!asked.empty() && asked_bytes + bytes > Runtime::Session::kMaxRequestBytes)) {
      return absl::ResourceExhaustedError("too much is asked at once; wait for what was asked");
    }
    asked_bytes += bytes;
    asked.push_back({.after_frames = session.requests_.frames.size(), .tell = std::move(tell)});
    MakeReady(session.shared_from_this());
    return absl::OkStatus();
  }
  // Has `change` change what is wanted of the session, and the session's thread look at it.
  template <typename Change>
  void Request(SessionImpl& session, const Change& change) {
    annotated::MutexLock lock(mutex_);
    if (session.is_closed_) return;
    change(session.requests_);
    MakeReady(session.shared_from_this());
  }

  // Serves until Stop.
  void Serve() {
    for (;;) {
      const absl::Duration now = options_.now();
      absl::Duration until = std::min(NextTimer(), next_housekeeping_);
      {
        annotated::MutexLock lock(mutex_);
        sleeping_ = true;
        // The clock may be another than the one that is waited by, so it is asked again.
        if (ready_.empty() && !stopping_ && !looks_at_once_ && until > now) {
          wake_.wait_for(lock.native(),
                         absl::ToChronoNanoseconds(std::min(until - now, kHousekeeping)));
        }
        sleeping_ = false;
        if (stopping_) break;
      }
      ServeDue();
    }
    CloseAll();
  }
  void Stop() {
    annotated::MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }

  // Serves what is ready or due now. Returns whether there was anything.
  bool ServeDue() {
    const absl::Duration began = options_.now();
    bool looks_at_once = false;
    {
      annotated::MutexLock lock(mutex_);
      batch_.swap(ready_);
      batch_requests_.resize(std::max(batch_requests_.size(), batch_.size()));
      for (size_t i = 0; i < batch_.size(); ++i) {
        SessionImpl& session = *batch_[i];
        session.is_ready_ = false;
        // The vectors of frames go back and forth, so that none is allocated.
        std::swap(batch_requests_[i], session.requests_);
      }
      oldest_served_ = std::exchange(oldest_waiting_, absl::InfiniteDuration());
      looks_at_once = std::exchange(looks_at_once_, false);
    }
    bool any = !batch_.empty();
    for (size_t i = 0; i < batch_.size(); ++i) ServeRequests(*batch_[i], batch_requests_[i]);
    {
      annotated::MutexLock lock(mutex_);
      for (size_t i = 0; i < batch_.size(); ++i) {
        for (auto& frame : batch_requests_[i].frames) {
          if (spare_frames_.size() < kMaxSpareFrames) spare_frames_.push_back(std::move(frame));
        }
        batch_requests_[i].frames.clear();
      }
      oldest_served_ = absl::InfiniteDuration();
    }
    batch_.clear();
    // Not those that come due meanwhile: a thread that has too much to do hears what is said, too.
    const absl::Duration due = options_.now();
    while (NextTimer() <= due) {
      const std::shared_ptr<SessionImpl> session = TakeTimer();
      if (session == nullptr) continue;
      Advance(*session);
      any = true;
    }
    const absl::Duration ended = options_.now();
    busy_ += ended - began;
    // A clock that went back is not waited for.
    if (looks_at_once || ended >= next_housekeeping_ || ended < last_housekeeping_) {
      KeepHouse(ended);
    }
    return any;
  }

  // When something is due, by the runtime's clock. The serving thread's.
  absl::Duration NextTimer() const {
    return timers_.empty() ? absl::InfiniteDuration() : timers_.top().at;
  }

  void HangUpAll() {
    annotated::MutexLock lock(mutex_);
    hang_up_all_ = true;
    looks_at_once_ = true;
    wake_.notify_one();
  }
  // Hangs up every session in which no turn is under way, now and whenever house is kept.
  void HangUpIdle() {
    annotated::MutexLock lock(mutex_);
    hang_up_idle_ = true;
    looks_at_once_ = true;
    wake_.notify_one();
  }

  // Ends all sessions where they are. The serving thread's, as its last.
  void CloseAll() {
    // Those that were opened and not served yet.
    std::vector<std::shared_ptr<SessionImpl>> ready;
    {
      annotated::MutexLock lock(mutex_);
      ready = ready_;
    }
    for (auto& session : ready) {
      if (session->driver != nullptr) sessions_.emplace(session.get(), session);
    }
    while (!sessions_.empty()) {
      Close(*sessions_.begin()->second, absl::CancelledError("the runtime ended"));
    }
    annotated::MutexLock lock(mutex_);
    ready_.clear();
  }

 private:
  struct Timer {
    absl::Duration at;
    std::weak_ptr<SessionImpl> session;
    bool operator<(const Timer& other) const { return at > other.at; }
  };

  void MakeReady(std::shared_ptr<SessionImpl> session) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (session->is_ready_ || session->is_closed_) return;
    session->is_ready_ = true;
    ready_.push_back(std::move(session));
    if (sleeping_ && ready_.size() == 1) wake_.notify_one();
  }

  // The time of a session's events, which never goes back, whatever the clock does.
  absl::Duration TimeOf(SessionImpl& session) const {
    session.last_event = std::max(session.last_event, options_.now() - session.began);
    return session.last_event;
  }

  void ServeRequests(SessionImpl& session, Requests& requests) {
    const bool hang_up = std::exchange(requests.hang_up, false);
    const std::optional<int64_t> played = std::exchange(requests.played, std::nullopt);
    if (session.driver == nullptr) {
      annotated::MutexLock lock(mutex_);
      num_frames_dropped_ += static_cast<int64_t>(requests.frames.size());
      requests.ClearAsked();
      return;
    }
    sessions_.try_emplace(&session, session.shared_from_this());
    ConversationEvents& events = session.driver->events();
    auto asked = requests.asked.begin();
    const auto tell_asked = [&](size_t num_frames) {
      for (; asked != requests.asked.end() && asked->after_frames <= num_frames; ++asked) {
        asked->tell(*session.driver, TimeOf(session));
      }
    };
    // Whoever asks for something is there.
    if (!requests.asked.empty()) session.last_sound = TimeOf(session);
    for (size_t i = 0; i < requests.frames.size(); ++i) {
      tell_asked(i);
      const QueuedFrame& frame = *requests.frames[i];
      events.Sound(TimeOf(session), absl::MakeConstSpan(frame.samples.data(), frame.size));
    }
    tell_asked(requests.frames.size());
    requests.ClearAsked();
    if (!requests.frames.empty()) {
      session.last_sound = session.last_event;
      const absl::Duration handled = options_.now();
      annotated::MutexLock lock(stats_mutex_);
      for (const auto& frame : requests.frames) {
        stats_.frame_age.Add(handled - frame->pushed);
        slowest_now_ = std::max(slowest_now_, handled - frame->pushed);
      }
    }
    if (played.has_value()) events.Played(TimeOf(session), *played);
    if (hang_up) HangUp(session, absl::OkStatus());
    Advance(session);
  }

  void HangUp(SessionImpl& session, absl::Status why) {
    if (session.hung_up) return;
    session.hung_up = true;
    session.end = std::move(why);
    session.driver->events().HangUp(TimeOf(session));
  }

  // Does what came and what is due, and sets the session's timer.
  void Advance(SessionImpl& session) {
    if (session.driver == nullptr) return;
    ConversationDriver& driver = *session.driver;
    const Conversation& conversation = driver.conversation();
    driver.HandleMail([&] { return TimeOf(session); });
    absl::Duration now = TimeOf(session);
    if (conversation.next_deadline() <= now) driver.events().Tick(now);
    if (announcer_ != nullptr && !session.hung_up && now >= session.next_announcements) {
      session.next_announcements = now + kAnnouncementInterval;
      const std::vector<std::string> due = announcer_->TakeDue(session.id());
      if (!due.empty()) driver.events().Announce(now, absl::StrJoin(due, " "));
    }
    if (!session.hung_up) {
      TellPlayed(session, now);
      GiveFrames(session, now);
    }
    if (!session.hung_up && now - session.last_sound >= options_.idle_timeout) {
      HangUp(session, absl::DeadlineExceededError(absl::StrCat(
                          "no sound came for ", absl::FormatDuration(options_.idle_timeout))));
      annotated::MutexLock lock(stats_mutex_);
      ++stats_.num_timed_out;
    }
    if (session.hung_up && conversation.is_quiet()) {
      Close(session, session.end);
      return;
    }
    absl::Duration next = std::min(conversation.next_deadline(), now + kLongestTimer);
    if (!session.hung_up) {
      next = std::min(next, session.last_sound + options_.idle_timeout);
      if (announcer_ != nullptr) next = std::min(next, session.next_announcements);
      if (conversation.has_sound()) {
        next = std::min(next, session.next_frame - session.output_lead);
      } else if (session.output_lead > absl::ZeroDuration() &&
                 session.told_played < conversation.num_taken()) {
        // What was given is being played.
        next = std::min(next, std::max(session.next_frame, now + kFrame));
      }
    }
    // What is due and stays so is looked at again, but not at once.
    if (next <= now) next = now + kFrame;
    SetTimer(session, session.began + next);
  }

  void TellTurns(SessionImpl& session) {
    for (const TurnReport& report : session.turns_done) session.sink.TurnDone(report);
    session.turns_done.clear();
  }

  // Where sound is given before it is due: tells what must have been played by now.
  void TellPlayed(SessionImpl& session, absl::Duration now) {
    if (session.output_lead <= absl::ZeroDuration()) return;
    const int64_t taken = session.driver->conversation().num_taken();
    // A new answer.
    if (taken < session.told_played) session.told_played = 0;
    const absl::Duration waits = std::max(session.next_frame - now, absl::ZeroDuration());
    const int64_t played =
        taken - static_cast<int64_t>(std::ceil(absl::FDivDuration(waits, kFrame) *
                                               static_cast<double>(output_frame_.size())));
    if (played <= session.told_played) return;
    session.told_played = played;
    session.driver->events().Played(now, played);
  }

  // Gives the frames of an answer that are due.
  void GiveFrames(SessionImpl& session, absl::Duration now) {
    ConversationDriver& driver = *session.driver;
    const Conversation& conversation = driver.conversation();
    int64_t num_given = 0;
    absl::Duration latest;
    bool delayed = false;
    // A piece may end after its last sound was given, or without any, and its answer with it: that
    // is noticed when a frame is asked for.
    if (!conversation.has_sound() && (conversation.phase() == TurnPhase::kAnswering ||
                                      conversation.phase() == TurnPhase::kSpeaking)) {
      driver.events().TakeFrame(now, {});
    }
    while (conversation.has_sound()) {
      if (!session.speaking) session.next_frame = std::max(session.next_frame, now);
      session.speaking = true;
      if (session.next_frame < now - options_.max_late) {
        session.next_frame = now;
        delayed = true;
      }
      if (session.next_frame - session.output_lead > now) break;
      // Nothing of a new answer was played, whatever is given of it at once.
      if (session.output_lead > absl::ZeroDuration() && conversation.num_taken() == 0) {
        driver.events().Played(now, 0);
      }
      session.taking_frame = true;
      const size_t count = driver.events().TakeFrame(now, absl::MakeSpan(output_frame_));
      session.taking_frame = false;
      if (count == 0) break;
      latest = std::max(latest, now - session.next_frame);
      // A last frame may be shorter.
      session.next_frame +=
          kFrame * static_cast<double>(count) / static_cast<double>(output_frame_.size());
      ++num_given;
      session.sink.Frame(absl::MakeConstSpan(output_frame_).first(count));
      TellTurns(session);
    }
    TellTurns(session);
    session.speaking = conversation.has_sound();
    if (num_given == 0) return;
    annotated::MutexLock lock(stats_mutex_);
    stats_.num_frames_out += num_given;
    if (delayed) ++stats_.num_answers_delayed;
    stats_.frame_lateness.Add(latest);
  }

  void Close(SessionImpl& session, const absl::Status& status) {
    const std::shared_ptr<SessionImpl> kept = session.shared_from_this();
    if (session.driver != nullptr) {
      annotated::MutexLock lock(stats_mutex_);
      stats_.num_store_failures += session.driver->conversation().num_store_failures();
      stats_.num_announcements_dropped +=
          session.driver->conversation().num_announcements_dropped();
    }
    session.driver.reset();
    Requests dropped;
    {
      annotated::MutexLock lock(mutex_);
      session.is_closed_ = true;
      --num_sessions_;
      std::swap(dropped, session.requests_);
      num_frames_dropped_ += static_cast<int64_t>(dropped.frames.size());
    }
    sessions_.erase(&session);
    forget_(session.id());
    session.sink.Closed(status);
  }

  void SetTimer(SessionImpl& session, absl::Duration at) {
    if (at >= session.timer) return;
    session.timer = at;
    timers_.push({at, session.weak_from_this()});
  }
  // The session whose timer is due; null if it has another one, or is gone.
  std::shared_ptr<SessionImpl> TakeTimer() {
    const absl::Duration at = timers_.top().at;
    std::shared_ptr<SessionImpl> session = timers_.top().session.lock();
    timers_.pop();
    if (session == nullptr || session->timer != at) return nullptr;
    session->timer = absl::InfiniteDuration();
    return session;
  }

  void KeepHouse(absl::Duration now) {
    const absl::Duration since = now - last_housekeeping_;
    const double utilization =
        since > absl::ZeroDuration() ? absl::FDivDuration(busy_, since) : 0.0;
    last_housekeeping_ = now;
    next_housekeeping_ = now + kHousekeeping;
    busy_ = absl::ZeroDuration();
    bool hang_up_all = false;
    bool hang_up_idle = false;
    {
      annotated::MutexLock lock(mutex_);
      // Half of what it was, so that one busy moment refuses nobody.
      utilization_ = (utilization_ + utilization) / 2;
      num_measured_ = num_sessions_;
      num_new_ = 0;
      slowest_ = slowest_now_;
      hang_up_all = hang_up_all_;
      hang_up_idle = hang_up_idle_;
    }
    slowest_now_ = absl::ZeroDuration();
    if (!hang_up_all && !hang_up_idle) return;
    std::vector<std::shared_ptr<SessionImpl>> ended;
    for (const auto& [pointer, session] : sessions_) {
      const TurnPhase phase = session->driver->conversation().phase();
      if (hang_up_all || phase == TurnPhase::kIdle) ended.push_back(session);
    }
    for (const auto& session : ended) {
      HangUp(*session, absl::CancelledError("the agent shuts down"));
      Advance(*session);
    }
  }

  const RuntimeOptions options_;
  Announcer* const announcer_;
  const std::function<void(const std::string& id)> forget_;

  mutable annotated::Mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::shared_ptr<SessionImpl>> ready_ ABSL_GUARDED_BY(mutex_);
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
  std::map<SessionImpl*, std::shared_ptr<SessionImpl>> sessions_;
  std::priority_queue<Timer> timers_;
  std::vector<std::shared_ptr<SessionImpl>> batch_;
  std::vector<Requests> batch_requests_;
  std::vector<int16_t> output_frame_;
  absl::Duration busy_;
  absl::Duration last_housekeeping_;
  absl::Duration next_housekeeping_;
  absl::Duration slowest_now_;
};

absl::Status FitsText(const std::string& text) {
  if (text.size() <= Runtime::Session::kMaxTextBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the text has ", text.size(), " bytes; ",
                                                 Runtime::Session::kMaxTextBytes, " are the most"));
}

absl::Status SessionImpl::Push(absl::Span<const int16_t> samples) {
  if (samples.size() > max_samples_) {
    return absl::InvalidArgumentError(absl::StrCat(
        samples.size(), " samples were pushed at once; the most is a second, ", max_samples_));
  }
  return shard_->Push(*this, samples);
}
void SessionImpl::EndOfSound() {
  shard_->Request(*this, [](Requests& requests) {
    const size_t after_frames = requests.frames.size();
    // It is never refused, and asking twice is asking once.
    if (!requests.asked.empty() && requests.asked.back().is_end_of_sound &&
        requests.asked.back().after_frames == after_frames) {
      return;
    }
    requests.asked.push_back({.after_frames = after_frames,
                              .is_end_of_sound = true,
                              .tell = [](ConversationDriver& driver, absl::Duration at) {
                                driver.events().EndOfSound(at);
                              }});
  });
}
absl::Status SessionImpl::WholeUtterance(std::vector<int16_t> samples) {
  const auto most =
      max_samples_ * static_cast<size_t>(ConversationEvents::kMaxUtterance / absl::Seconds(1));
  if (samples.size() > most) {
    return absl::InvalidArgumentError(absl::StrCat(
        "an utterance may last ", absl::FormatDuration(ConversationEvents::kMaxUtterance),
        ", and this one has ", samples.size(), " samples; ", most, " are the most"));
  }
  const size_t bytes = samples.size() * sizeof(int16_t);
  return shard_->Ask(*this, bytes,
                     [samples = std::move(samples)](ConversationDriver& driver, absl::Duration at) {
                       driver.events().WholeUtterance(at, samples);
                     });
}
absl::Status SessionImpl::Type(std::string text) {
  if (absl::Status fits = FitsText(text); !fits.ok()) return fits;
  const size_t bytes = text.size();
  return shard_->Ask(*this, bytes,
                     [text = std::move(text)](ConversationDriver& driver, absl::Duration at) {
                       driver.events().Typed(at, text);
                     });
}
absl::Status SessionImpl::Respond() {
  return shard_->Ask(
      *this, 0, [](ConversationDriver& driver, absl::Duration at) { driver.events().Respond(at); });
}
absl::Status SessionImpl::CancelAnswer() {
  return shard_->Ask(*this, 0, [](ConversationDriver& driver, absl::Duration at) {
    driver.events().CancelAnswer(at);
  });
}
absl::Status SessionImpl::Truncate(int64_t position) {
  return shard_->Ask(*this, 0, [position](ConversationDriver& driver, absl::Duration at) {
    driver.events().Truncate(at, position);
  });
}
absl::Status SessionImpl::AddMessage(session::Role role, std::string text) {
  if (absl::Status fits = FitsText(text); !fits.ok()) return fits;
  const size_t bytes = text.size();
  return shard_->Ask(*this, bytes,
                     [role, text = std::move(text)](ConversationDriver& driver, absl::Duration at) {
                       driver.events().AddMessage(at, role, text);
                     });
}
absl::Status SessionImpl::Configure(const TurnTaking& turn_taking) {
  return shard_->Ask(*this, 0, [turn_taking](ConversationDriver& driver, absl::Duration at) {
    driver.events().Configure(at, turn_taking);
  });
}
absl::Status SessionImpl::SetAgentSettings(std::shared_ptr<const AgentSettings> settings) {
  return shard_->Ask(
      *this, 0,
      [settings = std::move(settings)](ConversationDriver& driver, absl::Duration /*at*/) {
        driver.SetAgentSettings(settings);
      });
}
absl::Status SessionImpl::SetSpeaks(bool speaks) {
  return shard_->Ask(*this, 0, [speaks](ConversationDriver& driver, absl::Duration /*at*/) {
    driver.SetSpeaks(speaks);
  });
}
absl::Status SessionImpl::EndCall(int32_t call, CallOutcome outcome) {
  const size_t bytes = outcome.answer.text.size() + outcome.answer.json.size();
  return shard_->Ask(
      *this, bytes,
      [call, outcome = std::move(outcome)](ConversationDriver& driver, absl::Duration at) {
        driver.EndCall(at, call, outcome);
      });
}
void SessionImpl::Played(int64_t position) {
  shard_->Request(*this, [&](Requests& requests) {
    requests.played = std::max(position, requests.played.value_or(position));
  });
}
void SessionImpl::HangUp() {
  shard_->Request(*this, [](Requests& requests) { requests.hang_up = true; });
}
void SessionImpl::Wake() {
  shard_->Request(*this, [](Requests&) {});
}

// Runs workers' tasks on threads, or on the runtime's caller.
class Runner {
 public:
  Runner(const RuntimeOptions& options, int num_workers) {
    if (options.num_threads == 0) return;
    pool_ = std::make_unique<WorkerPool>(WorkerPool::Options{
        .num_workers = num_workers, .overdue_after = options.overdue_after, .now = options.now});
  }
  TaskRunner* get() { return pool_ == nullptr ? static_cast<TaskRunner*>(&inline_) : pool_.get(); }
  bool RunOne() { return inline_.RunOne(); }
  void ReplaceOverdue() {
    if (pool_ != nullptr) pool_->ReplaceOverdue();
  }
  WorkerPool::Stats stats() const {
    return pool_ == nullptr ? WorkerPool::Stats() : pool_->stats();
  }

 private:
  InlineTaskRunner inline_;
  std::unique_ptr<WorkerPool> pool_;
};

}  // namespace

class Runtime::Impl {
 public:
  Impl(RuntimeParts parts, const RuntimeOptions& options)
      : parts_(std::move(parts)),
        options_(options),
        recognition_(options, options.num_recognition_workers),
        agents_(options, options.num_agent_workers),
        synthesis_(options, options.num_synthesis_workers),
        recognizers_(parts_.create_recognizer, recognition_.get(), options.recognizers) {
    shared_ = {.recognizers = &recognizers_,
               .agent = parts_.agent,
               .agent_runner = agents_.get(),
               .synthesizer = parts_.synthesizer,
               .synthesis_runner = synthesis_.get(),
               .registry = parts_.registry,
               .executor = parts_.executor,
               .store = parts_.store,
               .grammar = parts_.grammar,
               .announcer = parts_.announcer};
    for (int i = 0; i < std::max(options_.num_threads, 1); ++i) {
      shards_.push_back(std::make_shared<Shard>(options_, parts_.announcer,
                                                parts_.synthesizer->sample_rate_hz(),
                                                [this](const std::string& id) { Forget(id); }));
    }
    if (options_.num_threads == 0) return;
    for (const auto& shard : shards_) threads_.emplace_back([shard] { shard->Serve(); });
    housekeeper_.emplace([this] {
      recognition_.ReplaceOverdue();
      agents_.ReplaceOverdue();
      synthesis_.ReplaceOverdue();
    });
  }

  ~Impl() { Stop(); }

  absl::StatusOr<std::shared_ptr<Session>> Open(SessionOptions options, SessionSink* sink) {
    if (absl::Status admitted = Admit(); !admitted.ok()) return admitted;
    absl::StatusOr<std::shared_ptr<Session>> opened = OpenAdmitted(std::move(options), sink);
    annotated::MutexLock lock(mutex_);
    --num_opening_;
    if (opened.ok()) ++counts_.num_opened;
    return opened;
  }

  absl::Status Shutdown(absl::Duration limit) {
    {
      annotated::MutexLock lock(mutex_);
      stopping_ = true;
    }
    for (const auto& shard : shards_) shard->HangUpIdle();
    Pauses(limit);
    // What is still under way is cut, and stored as far as it was heard.
    const size_t num_cut = NumSessions();
    for (const auto& shard : shards_) shard->HangUpAll();
    Pauses(kStoringLimit);
    const size_t num_lost = NumSessions();
    Stop();
    if (num_cut == 0) return absl::OkStatus();
    return absl::DeadlineExceededError(absl::StrCat(
        num_cut, " sessions had a turn under way after ", absl::FormatDuration(limit),
        ", which was cut",
        num_lost == 0 ? "" : absl::StrCat("; of ", num_lost, " the store did not answer")));
  }

  void RunUntil(absl::Duration time, const std::function<void(absl::Duration)>& set_now) {
    for (;;) {
      // Work takes no time here, so what it brings comes first.
      if (ServeOnce()) continue;
      absl::Duration next = absl::InfiniteDuration();
      for (const auto& shard : shards_) next = std::min(next, shard->NextTimer());
      if (next > time) break;
      set_now(std::max(next, options_.now()));
    }
    set_now(std::max(time, options_.now()));
  }

  RuntimeStats stats() const {
    RuntimeStats stats;
    {
      annotated::MutexLock lock(mutex_);
      stats = counts_;
    }
    for (const auto& shard : shards_) shard->AddTo(stats);
    stats.recognizers = recognizers_.stats();
    stats.recognition = recognition_.stats();
    stats.agents = agents_.stats();
    stats.synthesis = synthesis_.stats();
    return stats;
  }

 private:
  // How long what was said last may take to be stored, when the runtime ends.
  static constexpr absl::Duration kStoringLimit = absl::Seconds(10);

  size_t NumSessions() const {
    size_t num_sessions = 0;
    for (const auto& shard : shards_) num_sessions += shard->num_sessions();
    return num_sessions;
  }

  // Counts the session among those that are being opened, if it may be.
  absl::Status Admit() {
    double utilization = 1e9;
    absl::Duration oldest = absl::InfiniteDuration();
    for (const auto& shard : shards_) {
      utilization = std::min(utilization, shard->ExpectedUtilization());
      oldest = std::min(oldest, shard->OldestFrame());
    }
    annotated::MutexLock lock(mutex_);
    // One that is opened just now is counted as the one or the other, and never as neither.
    const size_t num_sessions = NumSessions();
    if (stopping_) {
      ++counts_.num_refused_stopping;
      return absl::UnavailableError("the agent shuts down; call again in a minute");
    }
    if (num_sessions + num_opening_ >= options_.max_sessions) {
      ++counts_.num_refused_full;
      return absl::ResourceExhaustedError(
          absl::StrCat("there are ", options_.max_sessions,
                       " conversations already, which is the limit; call again later"));
    }
    if (oldest > options_.max_frame_age) {
      ++counts_.num_refused_busy;
      return absl::UnavailableError(
          absl::StrCat("the agent is busy: sound waits ",
                       absl::FormatDuration(absl::Trunc(oldest, absl::Milliseconds(1))),
                       " to be heard; call again in a few seconds"));
    }
    if (utilization > options_.max_utilization) {
      ++counts_.num_refused_busy;
      return absl::UnavailableError(absl::StrCat(
          "the agent is busy: with one conversation more its threads would be at work ",
          static_cast<int>(utilization * 100), " % of the time, and ",
          static_cast<int>(options_.max_utilization * 100),
          " % is the limit; call again in a few seconds"));
    }
    ++num_opening_;
    return absl::OkStatus();
  }

  // The session is not open here any more.
  void Forget(const std::string& id) {
    annotated::MutexLock lock(mutex_);
    open_ids_.erase(id);
  }

  absl::StatusOr<std::shared_ptr<Session>> OpenAdmitted(SessionOptions options, SessionSink* sink) {
    if (sink == nullptr) return absl::InvalidArgumentError("a session needs somebody who hears it");
    if (options.output_lead < absl::ZeroDuration() || options.output_lead > absl::Seconds(1)) {
      return absl::InvalidArgumentError("output_lead has to be 0 to 1 s");
    }
    const bool is_new = options.session_id.empty();
    if (is_new) {
      const auto created = parts_.store->CreateSession(options.title);
      if (!created.ok()) return created.status();
      options.session_id = created->id;
    }
    const std::string id = options.session_id;
    {
      annotated::MutexLock lock(mutex_);
      if (!open_ids_.insert(id).second) {
        return absl::AlreadyExistsError(
            absl::StrCat("the conversation ", id, " is going on already; hang up first"));
      }
    }
    // Only now, when nobody else can add to it any more, its messages can be counted.
    int64_t num_messages = 0;
    absl::Status found;
    if (!is_new) {
      const auto stored = parts_.store->GetSession(id);
      found = stored.status();
      if (stored.ok()) num_messages = stored->num_messages;
      if (stored.ok() && stored->closed.has_value()) {
        found = absl::FailedPreconditionError(
            absl::StrCat("the session ", id, " is closed; resume it first"));
      }
    }
    auto session = found.ok() ? Begin(num_messages, std::move(options), sink) : found;
    if (!session.ok()) Forget(id);
    return session;
  }

  absl::StatusOr<std::shared_ptr<Session>> Begin(int64_t num_messages, SessionOptions options,
                                                 SessionSink* sink) {
    auto vad = parts_.create_vad();
    if (!vad.ok()) return vad.status();
    // The emptiest of those that are not behind.
    const auto load = [&](const std::shared_ptr<Shard>& shard) {
      return std::make_pair(shard->OldestFrame() > options_.max_frame_age, shard->num_sessions());
    };
    std::shared_ptr<Shard> shard = shards_.front();
    auto least = load(shard);
    for (const auto& other : shards_) {
      if (const auto its = load(other); its < least) {
        shard = other;
        least = its;
      }
    }
    options.conversation.num_messages = num_messages;
    options.conversation.output_sample_rate_hz = parts_.synthesizer->sample_rate_hz();
    auto session = std::make_shared<SessionImpl>(options.session_id, shard, sink, options_,
                                                 options.conversation.input_sample_rate_hz);
    auto driver = ConversationDriver::Create(
        shared_, *std::move(vad),
        {.handling = {
             .session_id = options.session_id,
             .tool_timeout = options.tool_timeout,
             .tools_on_workers = options_.num_threads > 0,
             .record = std::move(options.record),
             .wake =
                 [weak = std::weak_ptr<SessionImpl>(session)] {
                   if (const std::shared_ptr<SessionImpl> woken = weak.lock()) woken->Wake();
                 },
             .on_hold = [sink] { sink->Hold(); },
             .on_resume = [sink] { sink->Resume(); },
             .on_stop =
                 [sink, owner = session.get()] {
                   // What comes next does not wait for what is thrown away.
                   owner->next_frame = owner->last_event;
                   sink->Stop();
                 },
             .on_turn =
                 [sink, shard = shard.get(), owner = session.get()](const TurnReport& report) {
                   shard->CountTurn();
                   owner->told_played = 0;
                   if (owner->taking_frame) {
                     owner->turns_done.push_back(report);
                   } else {
                     sink->TurnDone(report);
                   }
                 },
             .observer = sink},
         .conversation = std::move(options.conversation),
         .detector = options.detector});
    if (!driver.ok()) return driver.status();
    session->driver = *std::move(driver);
    session->output_lead = options.output_lead;
    session->began = options_.now();
    if (options.turn_taking.has_value()) {
      session->driver->events().Configure(absl::ZeroDuration(), *options.turn_taking);
    }
    if (!shard->Add(session)) return absl::UnavailableError("the agent shuts down");
    return std::static_pointer_cast<Session>(session);
  }

  // Lets the sessions go on until there are none, but no longer than so long. Without threads, a
  // clock that stands still is not waited for: what is waited for others' threads counts, too.
  void Pauses(absl::Duration limit) {
    absl::Duration now = options_.now();
    const absl::Duration end = now + limit;
    absl::Duration waited;
    while (NumSessions() > 0 && now + waited < end) {
      const absl::Duration before = std::exchange(now, options_.now());
      if (options_.num_threads > 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      } else if (!ServeOnce() && now <= before) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        waited += absl::Milliseconds(1);
      }
    }
  }
  // Without threads: does what is due now, and one piece of work of each kind. Whether there was
  // any.
  bool ServeOnce() {
    bool any = false;
    for (const auto& shard : shards_) any = shard->ServeDue() || any;
    any = recognition_.RunOne() || any;
    any = agents_.RunOne() || any;
    return synthesis_.RunOne() || any;
  }

  void Stop() {
    {
      annotated::MutexLock lock(mutex_);
      if (ended_) return;
      ended_ = true;
      stopping_ = true;
    }
    for (const auto& shard : shards_) shard->Stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    housekeeper_.reset();
    if (options_.num_threads == 0) {
      for (const auto& shard : shards_) shard->CloseAll();
    }
  }

  const RuntimeParts parts_;
  const RuntimeOptions options_;
  mutable annotated::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  size_t num_opening_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<std::string> open_ids_ ABSL_GUARDED_BY(mutex_);
  RuntimeStats counts_ ABSL_GUARDED_BY(mutex_);
  Runner recognition_;
  Runner agents_;
  Runner synthesis_;
  RecognizerPool recognizers_;
  SharedParts shared_;
  std::vector<std::shared_ptr<Shard>> shards_;
  std::vector<std::thread> threads_;
  std::optional<Housekeeper> housekeeper_;
};

absl::StatusOr<std::unique_ptr<Runtime>> Runtime::Create(RuntimeParts parts,
                                                         RuntimeOptions options) {
  if (parts.create_vad == nullptr || parts.create_recognizer == nullptr || parts.agent == nullptr ||
      parts.synthesizer == nullptr || parts.registry == nullptr || parts.executor == nullptr ||
      parts.store == nullptr) {
    return absl::InvalidArgumentError("a runtime needs all its parts");
  }
  if (options.num_threads < 0 || options.num_recognition_workers < 1 ||
      options.num_agent_workers < 1 || options.num_synthesis_workers < 1 ||
      options.recognizers.max_recognizers < 1 || options.max_sessions < 1 ||
      options.max_queued_sound < kFrame || options.idle_timeout <= absl::ZeroDuration() ||
      options.overdue_after <= absl::ZeroDuration() || options.max_late < absl::ZeroDuration() ||
      !(options.max_utilization > 0) || !(options.session_utilization >= 0)) {
    return absl::InvalidArgumentError("an option of the runtime is out of range");
  }
  if (options.now == nullptr) options.now = SteadyNow;
  return std::unique_ptr<Runtime>(new Runtime(std::make_unique<Impl>(std::move(parts), options)));
}

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Runtime::~Runtime() = default;

absl::StatusOr<std::shared_ptr<Runtime::Session>> Runtime::Open(SessionOptions options,
                                                                SessionSink* sink) {
  return impl_->Open(std::move(options), sink);
}
absl::Status Runtime::Shutdown(absl::Duration limit) { return impl_->Shutdown(limit); }
void Runtime::RunUntil(absl::Duration time, const std::function<void(absl::Duration)>& set_now) {
  impl_->RunUntil(time, set_now);
}
RuntimeStats Runtime::stats() const { return impl_->stats(); }

}  // namespace parlance::pipeline
