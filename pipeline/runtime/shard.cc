#include "pipeline/runtime/shard.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "pipeline/conversation/conversation.h"
#include "pipeline/conversation/conversation_events.h"
#include "pipeline/conversation/turn/turn_machine.h"
#include "pipeline/runtime/housekeeper.h"

namespace parlance::pipeline {
namespace {

constexpr absl::Duration kAnnouncementInterval = absl::Milliseconds(250);
// What is looked after from time to time, and over what the load of a thread is measured.
constexpr absl::Duration kHousekeeping = Housekeeper::kInterval;
// A session is looked at so often even if nothing happens, so that no timer waits for long that is
// of no use any more.
constexpr absl::Duration kMaxTimer = absl::Seconds(1);
// How much of it is kept for what comes after: sound whose sessions were many is given back.
constexpr size_t kMaxSpareFrames = 1024;

absl::Status FitsText(const std::string& text) {
  if (text.size() <= Runtime::Session::kMaxTextBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "the text has ", text.size(), " bytes; the limit is ", Runtime::Session::kMaxTextBytes));
}

}  // namespace

ServedSession::ServedSession(std::string id, std::shared_ptr<Shard> shard, SessionSink* sink,
                             const RuntimeOptions& options, int sample_rate_hz)
    : sink(*sink),
      id_(std::move(id)),
      shard_(std::move(shard)),
      max_frames_(
          static_cast<size_t>(std::max<int64_t>(options.max_queued_sound / kFrame, int64_t{1}))),
      frame_samples_(static_cast<size_t>(sample_rate_hz / kFramesPerSecond)),
      max_samples_(static_cast<size_t>(sample_rate_hz)) {}

absl::Status ServedSession::Push(absl::Span<const int16_t> samples) {
  if (samples.size() > max_samples_) {
    return absl::InvalidArgumentError(absl::StrCat(
        samples.size(), " samples were pushed at once; the limit is a second, ", max_samples_));
  }
  return shard_->Push(*this, samples);
}

void ServedSession::EndOfSound() {
  shard_->Request(*this, [](SessionRequests& requests) {
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

absl::Status ServedSession::WholeUtterance(std::vector<int16_t> samples) {
  const auto most =
      max_samples_ * static_cast<size_t>(ConversationEvents::kMaxUtterance / absl::Seconds(1));
  if (samples.size() > most) {
    return absl::InvalidArgumentError(absl::StrCat(
        "an utterance may last ", absl::FormatDuration(ConversationEvents::kMaxUtterance),
        ", and this one has ", samples.size(), " samples; the limit is ", most));
  }
  const size_t bytes = samples.size() * sizeof(int16_t);
  return shard_->Ask(*this, bytes,
                     [samples = std::move(samples)](ConversationDriver& driver, absl::Duration at) {
                       driver.events().WholeUtterance(at, samples);
                     });
}

absl::Status ServedSession::Type(std::string text) {
  if (absl::Status fits = FitsText(text); !fits.ok()) return fits;
  const size_t bytes = text.size();
  return shard_->Ask(*this, bytes,
                     [text = std::move(text)](ConversationDriver& driver, absl::Duration at) {
                       driver.events().Typed(at, text);
                     });
}

absl::Status ServedSession::Respond() {
  return shard_->Ask(
      *this, 0, [](ConversationDriver& driver, absl::Duration at) { driver.events().Respond(at); });
}

absl::Status ServedSession::CancelAnswer() {
  return shard_->Ask(*this, 0, [](ConversationDriver& driver, absl::Duration at) {
    driver.events().CancelAnswer(at);
  });
}

absl::Status ServedSession::Truncate(int64_t position) {
  return shard_->Ask(*this, 0, [position](ConversationDriver& driver, absl::Duration at) {
    driver.events().Truncate(at, position);
  });
}

absl::Status ServedSession::AddMessage(session::Role role, std::string text) {
  if (absl::Status fits = FitsText(text); !fits.ok()) return fits;
  const size_t bytes = text.size();
  return shard_->Ask(*this, bytes,
                     [role, text = std::move(text)](ConversationDriver& driver, absl::Duration at) {
                       driver.events().AddMessage(at, role, text);
                     });
}

absl::Status ServedSession::Configure(const TurnTaking& turn_taking) {
  return shard_->Ask(*this, 0, [turn_taking](ConversationDriver& driver, absl::Duration at) {
    driver.events().Configure(at, turn_taking);
  });
}

absl::Status ServedSession::SetAgentSettings(std::shared_ptr<const AgentSettings> settings) {
  return shard_->Ask(
      *this, 0,
      [settings = std::move(settings)](ConversationDriver& driver, absl::Duration /*at*/) {
        driver.SetAgentSettings(settings);
      });
}

absl::Status ServedSession::SetSpeaks(bool speaks) {
  return shard_->Ask(*this, 0, [speaks](ConversationDriver& driver, absl::Duration /*at*/) {
    driver.SetSpeaks(speaks);
  });
}

absl::Status ServedSession::EndCall(int32_t call, CallOutcome outcome) {
  const size_t bytes = outcome.answer.text.size() + outcome.answer.json.size();
  return shard_->Ask(
      *this, bytes,
      [call, outcome = std::move(outcome)](ConversationDriver& driver, absl::Duration at) {
        driver.EndCall(at, call, outcome);
      });
}

void ServedSession::Played(int64_t position) {
  shard_->Request(*this, [&](SessionRequests& requests) {
    requests.played = std::max(position, requests.played.value_or(position));
  });
}

void ServedSession::HangUp() {
  shard_->Request(*this, [](SessionRequests& requests) { requests.hang_up = true; });
}

void ServedSession::Wake() {
  shard_->Request(*this, [](SessionRequests&) {});
}

Shard::Shard(const RuntimeOptions& options, Announcer* announcer, int output_sample_rate_hz,
             std::function<void(const std::string& id)> forget)
    : options_(options),
      announcer_(announcer),
      forget_(std::move(forget)),
      output_frame_(static_cast<size_t>(output_sample_rate_hz / kFramesPerSecond)) {}

bool Shard::Add(std::shared_ptr<ServedSession> session) {
  annotated::MutexLock lock(mutex_);
  if (stopping_) return false;
  ++num_sessions_;
  ++num_new_;
  MakeReady(std::move(session));
  return true;
}

size_t Shard::num_sessions() const {
  annotated::MutexLock lock(mutex_);
  return num_sessions_;
}

double Shard::ExpectedUtilization() const {
  annotated::MutexLock lock(mutex_);
  const double least = static_cast<double>(num_sessions_ + 1) * options_.session_utilization;
  if (num_measured_ == 0) return least;
  const double each = utilization_ / static_cast<double>(num_measured_);
  return std::max(least, utilization_ + static_cast<double>(num_new_ + 1) * each);
}

absl::Duration Shard::OldestFrame() const {
  annotated::MutexLock lock(mutex_);
  return std::max(slowest_, options_.now() - std::min(oldest_waiting_, oldest_served_));
}

void Shard::AddTo(RuntimeStats& stats) const {
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

void Shard::CountTurn() {
  annotated::MutexLock lock(stats_mutex_);
  ++stats_.num_turns;
}

absl::Status Shard::Push(ServedSession& session, absl::Span<const int16_t> samples) {
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
      std::copy_n(samples.begin(), size, last.samples.begin() + static_cast<ptrdiff_t>(last.size));
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
    if (frame->samples.size() < session.frame_samples_) {
      frame->samples.resize(session.frame_samples_);
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

absl::Status Shard::Ask(ServedSession& session, size_t bytes,
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

void Shard::Serve() {
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

void Shard::Stop() {
  annotated::MutexLock lock(mutex_);
  stopping_ = true;
  wake_.notify_one();
}

bool Shard::ServeDue() {
  const absl::Duration began = options_.now();
  bool looks_at_once = false;
  {
    annotated::MutexLock lock(mutex_);
    batch_.swap(ready_);
    batch_requests_.resize(std::max(batch_requests_.size(), batch_.size()));
    for (size_t i = 0; i < batch_.size(); ++i) {
      ServedSession& session = *batch_[i];
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
    const std::shared_ptr<ServedSession> session = TakeTimer();
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

absl::Duration Shard::NextTimer() const {
  return timers_.empty() ? absl::InfiniteDuration() : timers_.top().at;
}

void Shard::HangUpAll() {
  annotated::MutexLock lock(mutex_);
  hang_up_all_ = true;
  looks_at_once_ = true;
  wake_.notify_one();
}

void Shard::HangUpIdle() {
  annotated::MutexLock lock(mutex_);
  hang_up_idle_ = true;
  looks_at_once_ = true;
  wake_.notify_one();
}

void Shard::CloseAll() {
  // Those that were opened and not served yet.
  std::vector<std::shared_ptr<ServedSession>> ready;
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

void Shard::MakeReady(std::shared_ptr<ServedSession> session) {
  if (session->is_ready_ || session->is_closed_) return;
  session->is_ready_ = true;
  ready_.push_back(std::move(session));
  if (sleeping_ && ready_.size() == 1) wake_.notify_one();
}

absl::Duration Shard::TimeOf(ServedSession& session) const {
  session.last_event = std::max(session.last_event, options_.now() - session.began);
  return session.last_event;
}

void Shard::ServeRequests(ServedSession& session, SessionRequests& requests) {
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

void Shard::HangUp(ServedSession& session, absl::Status why) {
  if (session.hung_up) return;
  session.hung_up = true;
  session.end = std::move(why);
  session.driver->events().HangUp(TimeOf(session));
}

void Shard::Advance(ServedSession& session) {
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
  absl::Duration next = std::min(conversation.next_deadline(), now + kMaxTimer);
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

void Shard::TellTurns(ServedSession& session) {
  for (const TurnReport& report : session.turns_done) session.sink.TurnDone(report);
  session.turns_done.clear();
}

void Shard::TellPlayed(ServedSession& session, absl::Duration now) {
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

void Shard::GiveFrames(ServedSession& session, absl::Duration now) {
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

void Shard::Close(ServedSession& session, const absl::Status& status) {
  const std::shared_ptr<ServedSession> kept = session.shared_from_this();
  if (session.driver != nullptr) {
    annotated::MutexLock lock(stats_mutex_);
    stats_.num_store_failures += session.driver->conversation().num_store_failures();
    stats_.num_announcements_dropped += session.driver->conversation().num_announcements_dropped();
  }
  session.driver.reset();
  SessionRequests dropped;
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

void Shard::SetTimer(ServedSession& session, absl::Duration at) {
  if (at >= session.timer) return;
  session.timer = at;
  timers_.push({at, session.weak_from_this()});
}

std::shared_ptr<ServedSession> Shard::TakeTimer() {
  const absl::Duration at = timers_.top().at;
  std::shared_ptr<ServedSession> session = timers_.top().session.lock();
  timers_.pop();
  if (session == nullptr || session->timer != at) return nullptr;
  session->timer = absl::InfiniteDuration();
  return session;
}

void Shard::KeepHouse(absl::Duration now) {
  const absl::Duration since = now - last_housekeeping_;
  const double utilization = since > absl::ZeroDuration() ? absl::FDivDuration(busy_, since) : 0.0;
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
  std::vector<std::shared_ptr<ServedSession>> ended;
  for (const auto& [pointer, session] : sessions_) {
    const TurnPhase phase = session->driver->conversation().phase();
    if (hang_up_all || phase == TurnPhase::kIdle) ended.push_back(session);
  }
  for (const auto& session : ended) {
    HangUp(*session, absl::CancelledError("the agent shuts down"));
    Advance(*session);
  }
}

}  // namespace parlance::pipeline
