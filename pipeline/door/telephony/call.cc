#include "pipeline/door/telephony/call.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "pipeline/door/connection.h"

namespace parlance::pipeline::door {
namespace {

// The runtime's frames are 20 ms long, but for the last of what is there.
constexpr int kFramesInASecond = 50;

int64_t TicksIn(absl::Duration length) { return length / Call::kTick; }

}  // namespace

uint16_t CloseCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kCloseNormal;
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnavailable:
      return kCloseTryAgainLater;
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
      return kCloseGoingAway;
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kInvalidArgument:
      return kClosePolicyViolation;
    default:
      return kCloseInternalError;
  }
}

std::shared_ptr<Call> Call::Open(CallEnvironment environment, std::string session_id,
                                 std::string title, const Format& format,
                                 std::unique_ptr<LineWriter> writer) {
  std::shared_ptr<Call> call(new Call(std::move(environment), std::move(session_id),
                                      std::move(title), format, std::move(writer)));
  call->environment_.run([call] { call->OpenSession(); });
  call->ScheduleTick();
  return call;
}

Call::Call(CallEnvironment environment, std::string session_id, std::string title,
           const Format& format, std::unique_ptr<LineWriter> writer)
    : environment_(std::move(environment)),
      request_({.session_id = std::move(session_id),
                .title = std::move(title),
                .sample_rate_hz = format.sample_rate_hz}),
      format_(format),
      output_rate_hz_(environment_.opener->output_sample_rate_hz()),
      frame_samples_(SamplesIn(format.frame)),
      writer_(std::move(writer)) {}

size_t Call::SamplesIn(absl::Duration length) const {
  return static_cast<size_t>(absl::ToInt64Microseconds(length) * format_.sample_rate_hz / 1000000);
}

void Call::Count(absl::string_view what) const {
  if (environment_.count != nullptr) environment_.count(what);
}

void Call::OpenSession() {
  absl::StatusOr<audio::Resampler> resampler =
      audio::Resampler::Create(output_rate_hz_, format_.sample_rate_hz);
  if (!resampler.ok()) {
    End(CloseCodeOf(resampler.status()), resampler.status().message());
    return;
  }
  {
    annotated::MutexLock lock(mutex_);
    if (is_over_) return;
    resampler_.emplace(*std::move(resampler));
    self_ = shared_from_this();
  }
  const absl::StatusOr<std::shared_ptr<CallSession>> opened =
      environment_.opener->Open(request_, this);
  if (!opened.ok()) {
    End(CloseCodeOf(opened.status()), opened.status().message());
    annotated::MutexLock lock(mutex_);
    self_.reset();
    return;
  }
  for (;;) {
    std::vector<int16_t> sound;
    std::vector<std::string> keys;
    bool is_over = false;
    {
      annotated::MutexLock lock(mutex_);
      is_over = is_over_;
      if (!is_over && kept_.empty() && kept_keys_.empty()) {
        session_ = *opened;
        return;
      }
      sound.swap(kept_);
      keys.swap(kept_keys_);
    }
    // Whoever hung up meanwhile had no session to tell.
    if (is_over) {
      (*opened)->HangUp();
      return;
    }
    Tell({.session = *opened, .sound = std::move(sound)});
    for (std::string& each : keys) Tell({.session = *opened, .keys = std::move(each)});
  }
}

void Call::ScheduleTick() {
  environment_.run_after(kTick, [weak = weak_from_this()] {
    if (const std::shared_ptr<Call> call = weak.lock(); call != nullptr) call->Tick();
  });
}

void Call::Tick() {
  News news;
  {
    annotated::MutexLock lock(mutex_);
    if (is_over_) return;
    PassTick(news);
  }
  Tell(std::move(news));
  ScheduleTick();
}

void Call::Tell(News news) {
  if (news.session == nullptr) return;
  const size_t most = SamplesIn(absl::Seconds(1));
  for (absl::Span<const int16_t> rest = news.sound; !rest.empty();) {
    const absl::Span<const int16_t> piece = rest.subspan(0, most);
    // A session that is over says so by Closed.
    if (!news.session->Push(piece).ok()) break;
    rest.remove_prefix(piece.size());
  }
  if (news.played.has_value()) news.session->Played(*news.played);
  if (!news.keys.empty()) news.session->Keys(news.keys);
}

// From the line.

void Call::Hear(absl::Span<const int16_t> samples, absl::Duration missing) {
  News news;
  {
    annotated::MutexLock lock(mutex_);
    if (is_over_) return;
    const absl::Duration unfilled = std::min(missing, kMaxSilence) - filled_;
    if (unfilled > absl::ZeroDuration()) {
      AddSound(std::vector<int16_t>(SamplesIn(unfilled)), news);
    }
    filled_ = absl::ZeroDuration();
    quiet_ticks_ = 0;
    has_heard_ = true;
    AddSound(samples, news);
    SayWhatIsUnplayed(news);
  }
  Tell(std::move(news));
}

void Call::AddSound(absl::Span<const int16_t> samples, News& news) {
  if (session_ != nullptr) {
    news.session = session_;
    news.sound.insert(news.sound.end(), samples.begin(), samples.end());
    return;
  }
  kept_.insert(kept_.end(), samples.begin(), samples.end());
  const size_t most = SamplesIn(kMaxKept);
  if (kept_.size() <= most) return;
  Count("sound_before_session");
  kept_.erase(kept_.begin(), kept_.end() - static_cast<ptrdiff_t>(most));
}

void Call::Press(char key) {
  key = absl::ascii_toupper(static_cast<unsigned char>(key));
  if (!absl::ascii_isdigit(static_cast<unsigned char>(key)) && key != '*' && key != '#' &&
      (key < 'A' || key > 'D')) {
    Count("unknown_key");
    return;
  }
  News news;
  {
    annotated::MutexLock lock(mutex_);
    if (is_over_) return;
    size_t num_keys = keys_.size();
    for (const std::string& each : kept_keys_) num_keys += each.size();
    if (num_keys >= kMaxKeys) {
      Count("too_many_keys");
      return;
    }
    keys_ += key;
    last_key_tick_ = ticks_;
    if (key == '#' || keys_.size() == kMaxKeys) TakeKeys(news);
  }
  Tell(std::move(news));
}

void Call::TakeKeys(News& news) {
  if (session_ == nullptr) {
    kept_keys_.push_back(std::exchange(keys_, ""));
    return;
  }
  news.session = session_;
  news.keys = std::exchange(keys_, "");
}

void Call::MarkReturned(int64_t number) {
  News news;
  {
    annotated::MutexLock lock(mutex_);
    const auto mark = std::find_if(marks_.begin(), marks_.end(), [number](const SentMark& each) {
      return each.number == number;
    });
    if (is_over_ || mark == marks_.end()) {
      Count("mark_of_nothing");
      return;
    }
    news.session = session_;
    news.played = mark->position;
    is_known_unplayed_ = true;
    marks_.erase(marks_.begin(), mark + 1);
  }
  Tell(std::move(news));
}

void Call::HangUp() {
  std::shared_ptr<CallSession> session;
  {
    annotated::MutexLock lock(mutex_);
    if (is_over_) return;
    session = Leave();
  }
  if (session != nullptr) session->HangUp();
}

void Call::End(uint16_t code, absl::string_view reason) {
  std::shared_ptr<CallSession> session;
  {
    annotated::MutexLock lock(mutex_);
    if (is_over_) return;
    session = Leave();
    writer_->End(code, reason);
  }
  if (session != nullptr) session->HangUp();
}

std::shared_ptr<CallSession> Call::Leave() {
  is_over_ = true;
  kept_.clear();
  kept_keys_.clear();
  unsent_.clear();
  marks_.clear();
  return std::exchange(session_, nullptr);
}

void Call::PassTick(News& news) {
  ++ticks_;
  if (has_rest_ && ticks_ - last_frame_tick_ > 1) SendRest();
  if (!keys_.empty() && ticks_ - last_key_tick_ >= TicksIn(kKeysPause)) TakeKeys(news);
  if (!is_held_ && !marks_.empty() && ticks_ - marks_.front().tick >= TicksIn(kMarkPatience)) {
    Count("lost_mark");
    news.session = session_;
    news.played = marks_.front().position;
    marks_.pop_front();
  }
  SayWhatIsUnplayed(news);
  if (!has_heard_) return;
  const int64_t patience = TicksIn(kSilenceAfter);
  ++quiet_ticks_;
  // The tick in which sound came is not quiet.
  if (quiet_ticks_ <= patience || filled_ >= kMaxSilence) return;
  const absl::Duration gap = quiet_ticks_ == patience + 1 ? kSilenceAfter : kTick;
  filled_ += gap;
  AddSound(std::vector<int16_t>(SamplesIn(gap)), news);
}

void Call::SayWhatIsUnplayed(News& news) {
  // Until it is told otherwise, the conversation takes for heard what it has given.
  if (!writer_->has_marks() || !has_sent_ || is_known_unplayed_ || session_ == nullptr) return;
  is_known_unplayed_ = true;
  news.session = session_;
  if (!news.played.has_value()) news.played = 0;
}

// From the session.

void Call::Frame(absl::Span<const int16_t> samples) {
  annotated::MutexLock lock(mutex_);
  if (is_over_ || !resampler_.has_value()) return;
  last_frame_tick_ = ticks_;
  given_ += static_cast<int64_t>(samples.size());
  has_rest_ = true;
  resampler_->Process(samples, unsent_);
  SendWholeFrames();
  // A short frame is the last of an answer, or the last before a pause.
  if (samples.size() * kFramesInASecond < static_cast<size_t>(output_rate_hz_)) SendRest();
}

void Call::SendWholeFrames() {
  absl::Span<const int16_t> rest = unsent_;
  for (; rest.size() >= frame_samples_; rest.remove_prefix(frame_samples_)) {
    writer_->Sound(rest.first(frame_samples_));
    has_sent_ = true;
    sent_since_ += static_cast<int64_t>(frame_samples_);
    unmarked_ += static_cast<int64_t>(frame_samples_);
  }
  unsent_.erase(unsent_.begin(), unsent_.end() - static_cast<ptrdiff_t>(rest.size()));
  if (unmarked_ >= static_cast<int64_t>(SamplesIn(kMarkEvery))) {
    SendMark(
        std::min(given_, emptied_at_ + sent_since_ * output_rate_hz_ / format_.sample_rate_hz));
  }
}

void Call::SendRest() {
  has_rest_ = false;
  resampler_->Flush(unsent_);
  if (const size_t over = unsent_.size() % frame_samples_; over != 0) {
    unsent_.resize(unsent_.size() + frame_samples_ - over);
  }
  SendWholeFrames();
  emptied_at_ = given_;
  sent_since_ = 0;
  // The mark that was sent with the last frame may have been for less than all.
  const bool is_marked = unmarked_ == 0 && !marks_.empty() && marks_.back().position == given_;
  if (has_sent_ && !is_marked) SendMark(given_);
}

void Call::SendMark(int64_t position) {
  unmarked_ = 0;
  if (!writer_->has_marks()) return;
  // Those that are lost are forgotten before there are many: sound is sent as fast as it is heard.
  marks_.push_back({.number = ++num_marks_, .position = position, .tick = ticks_});
  writer_->Mark(num_marks_);
}

void Call::BeginAnswer() {
  given_ = 0;
  emptied_at_ = 0;
  sent_since_ = 0;
  unmarked_ = 0;
  has_sent_ = false;
  is_known_unplayed_ = false;
  marks_.clear();
}

void Call::Hold() {
  annotated::MutexLock lock(mutex_);
  if (is_over_ || is_held_) return;
  is_held_ = true;
  writer_->Pause();
}

void Call::Resume() {
  annotated::MutexLock lock(mutex_);
  if (is_over_ || !is_held_) return;
  is_held_ = false;
  for (SentMark& each : marks_) each.tick = ticks_;
  writer_->Continue();
}

void Call::Stop() {
  annotated::MutexLock lock(mutex_);
  if (is_over_) return;
  if (resampler_.has_value()) resampler_->Flush(unsent_);
  unsent_.clear();
  has_rest_ = false;
  // A line that has nothing of the answer may have something else to play.
  if (has_sent_) writer_->Clear();
  if (is_held_) writer_->Continue();
  is_held_ = false;
  BeginAnswer();
}

void Call::TurnDone(const TurnReport& /*report*/) {
  annotated::MutexLock lock(mutex_);
  if (is_over_) return;
  if (has_rest_) SendRest();
  BeginAnswer();
}

void Call::Closed(const absl::Status& status) {
  std::shared_ptr<Call> self;
  annotated::MutexLock lock(mutex_);
  self.swap(self_);
  if (is_over_) return;
  if (has_rest_) SendRest();
  // The session is over, and needs nobody who hangs up.
  Leave();
  writer_->End(CloseCodeOf(status), status.ok() ? "the conversation is over" : status.message());
}

}  // namespace parlance::pipeline::door
