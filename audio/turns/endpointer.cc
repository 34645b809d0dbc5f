#include "audio/turns/endpointer.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"

namespace parlance::audio {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(10);

// How evidence of a start is gathered; the header explains the numbers. Times are in frames.
constexpr float kSureLogOdds = 1.8F;
constexpr float kMinGain = 0.25F;
constexpr int64_t kForgottenAfter = 6;
constexpr int64_t kMaxRise = 10;
// Log-odds of probabilities nearer to 0 or 1 say no more.
constexpr float kMinProbability = 0.001F;

// How hesitations are learned; the header explains these, too.
constexpr int64_t kMinPause = 10;
constexpr double kPauseWeight = 1.0 / 8;
constexpr double kFluentDecay = 3.0 / 4;
constexpr double kDelayPerHesitation = 1.5;

int64_t Frames(absl::Duration duration) { return absl::Ceil(duration, kFrame) / kFrame; }

float LogOdds(float probability) {
  const float p = std::clamp(probability, kMinProbability, 1 - kMinProbability);
  return std::log(p / (1 - p));
}

}  // namespace

absl::StatusOr<Endpointer> Endpointer::Create(const Options& options) {
  if (!(options.neg_threshold >= 0.01F && options.neg_threshold <= options.threshold &&
        options.threshold <= 0.99F)) {
    return absl::InvalidArgumentError(
        "thresholds must be 0.01 <= neg_threshold <= threshold <= 0.99");
  }
  if (options.sample_rate_hz < 100 || options.sample_rate_hz % 100 != 0) {
    return absl::InvalidArgumentError("the sample rate must be a multiple of 100 Hz");
  }
  if (options.min_speech_duration < kFrame || options.min_speech_duration > absl::Seconds(1)) {
    return absl::InvalidArgumentError("min_speech_duration must be 10 ms to 1 s");
  }
  if (options.min_endpointing_delay <= absl::ZeroDuration() ||
      options.max_endpointing_delay < options.min_endpointing_delay ||
      options.max_endpointing_delay > absl::Minutes(1)) {
    return absl::InvalidArgumentError(
        "endpointing delays must be positive, at most a minute, and max_endpointing_delay not "
        "below "
        "min_endpointing_delay");
  }
  for (const absl::Duration delay :
       {options.complete_delay, options.incomplete_delay, options.max_words_lag}) {
    if (delay <= absl::ZeroDuration() || delay > absl::Minutes(1)) {
      return absl::InvalidArgumentError(
          "complete_delay, incomplete_delay and max_words_lag must be positive, at most a minute");
    }
  }
  if (options.speech_pad < absl::ZeroDuration() || options.speech_pad > absl::Seconds(10)) {
    return absl::InvalidArgumentError("speech_pad must be 0 to 10 s");
  }
  if (options.look_ahead_frames < 0 || options.look_ahead_frames > 100) {
    return absl::InvalidArgumentError("look_ahead_frames must be 0 to 100");
  }
  if (options.hangover_frames < 0 || options.hangover_frames > 50) {
    return absl::InvalidArgumentError("hangover_frames must be 0 to 50");
  }
  if (options.max_speech_duration <
      kFrame * kMaxRise +
          (options.min_speech_duration + kFrame * options.hangover_frames) / kMinGain +
          2 * options.speech_pad + options.max_endpointing_delay) {
    return absl::InvalidArgumentError(
        "max_speech_duration is shorter than 100 ms, four times min_speech_duration and the "
        "hang-over, twice speech_pad and max_endpointing_delay");
  }
  return Endpointer(options);
}

Endpointer::Endpointer(const Options& options)
    : options_(options),
      frame_samples_(options.sample_rate_hz / 100),
      threshold_log_odds_(LogOdds(options.threshold)),
      hangover_(options.hangover_frames),
      min_speech_(Frames(options.min_speech_duration) + hangover_),
      min_endpointing_delay_(Frames(options.min_endpointing_delay)),
      max_endpointing_delay_(Frames(options.max_endpointing_delay)),
      complete_delay_(Frames(options.complete_delay)),
      incomplete_delay_(Frames(options.incomplete_delay)),
      max_words_lag_(Frames(options.max_words_lag)),
      padding_(Frames(options.speech_pad)),
      max_speech_(Frames(options.max_speech_duration)),
      max_onset_(static_cast<int64_t>(static_cast<float>(min_speech_) / kMinGain) + kMaxRise),
      endpointing_delay_(min_endpointing_delay_) {}

int64_t Endpointer::max_pre_roll_samples() const {
  // A turn that goes on after a cut begins there, however long the pause was.
  return (std::max(max_onset_ + padding_, max_endpointing_delay_) + options_.look_ahead_frames) *
         frame_samples_;
}

int64_t Endpointer::usual_pre_roll_samples() const {
  return (kMaxRise + padding_ + options_.look_ahead_frames) * frame_samples_;
}

int64_t Endpointer::pre_roll_begin() const {
  // Evidence that begins with the next frame.
  int64_t onset = num_judged_ - kMaxRise;
  if (!in_speech_ && evidence_.sum > 0) onset = std::min(onset, evidence_.onset);
  int64_t begin = onset - padding_;
  if (!in_speech_) begin = cut_ ? last_end_ : std::max(begin, last_end_);
  return std::max(begin, int64_t{0}) * frame_samples_;
}

std::optional<EndpointerEvent> Endpointer::Push(float probability,
                                                absl::Span<const float> provisional) {
  ++num_pushed_;
  if (num_pushed_ > options_.look_ahead_frames) {
    const int64_t frame = num_judged_++;
    if (!in_speech_ && frame >= evidence_begin_) Weigh(frame, probability, evidence_);
  }
  const auto num_provisional = static_cast<size_t>(num_pushed_ - num_judged_);
  if (provisional.size() > num_provisional) provisional = provisional.last(num_provisional);
  const int64_t num_heard = num_judged_ + static_cast<int64_t>(provisional.size());
  // An answer about what was heard before decides nothing by itself.
  if (num_heard <= num_heard_) return std::nullopt;
  num_heard_ = num_heard;
  const float at_once = provisional.empty() ? probability : provisional.back();
  const bool speech = at_once >= options_.neg_threshold;
  return in_speech_ ? InSpeech(speech) : cut_ ? AfterCut(speech) : Idle(provisional);
}

void Endpointer::Weigh(int64_t frame, float probability, Evidence& evidence) const {
  if (std::isnan(probability)) probability = 0;
  if (probability < options_.neg_threshold) {
    ++evidence.num_low;
  } else {
    if (evidence.num_low > 0) evidence.stretch_begin = frame;
    evidence.num_low = 0;
  }
  const bool had_any = evidence.sum > 0;
  evidence.sum =
      evidence.num_low >= kForgottenAfter ? 0 : std::max(evidence.sum + Gain(probability), 0.0F);
  if (evidence.sum > 0 && !had_any) {
    evidence.onset = std::max(evidence.stretch_begin, frame - kMaxRise);
  }
}

std::optional<EndpointerEvent> Endpointer::Idle(absl::Span<const float> provisional) {
  Evidence evidence = evidence_;
  for (size_t i = 0; i < provisional.size(); ++i) {
    const int64_t frame = num_judged_ + static_cast<int64_t>(i);
    if (frame >= evidence_begin_) Weigh(frame, provisional[i], evidence);
  }
  if (evidence.sum < static_cast<float>(min_speech_)) return std::nullopt;
  const int64_t onset = std::max({evidence.onset, num_heard_ - max_onset_, last_end_});
  const int64_t pause = onset - last_speech_ + hangover_;
  if (last_speech_ >= 0 && pause <= max_endpointing_delay_) AddPause(pause);
  return Start(std::max(onset - padding_, last_end_), onset);
}

std::optional<EndpointerEvent> Endpointer::AfterCut(bool speech) {
  if (speech) return Start(last_end_, last_end_);
  if (Pause() >= endpointing_delay_) {
    cut_ = false;
    Settle();
    ForgetEvidence();
  }
  return std::nullopt;
}

std::optional<EndpointerEvent> Endpointer::InSpeech(bool speech) {
  if (speech) {
    const int64_t num_low = num_heard_ - 1 - last_speech_;
    if (num_low > 0) AddPause(num_low + hangover_);
    last_speech_ = num_heard_;
  }
  if (Pause() >= Delay()) return End(EndpointerEvent::EndReason::kSilence);
  if (num_heard_ - begin_ >= max_speech_) {
    return End(EndpointerEvent::EndReason::kMaxSpeechDuration);
  }
  return std::nullopt;
}

void Endpointer::ForgetEvidence() {
  evidence_ = {};
  evidence_begin_ = num_heard_;
}

std::optional<EndpointerEvent> Endpointer::Flush() {
  std::optional<EndpointerEvent> event;
  if (in_speech_) event = End(EndpointerEvent::EndReason::kEndOfStream);
  *this = Endpointer(options_);
  return event;
}

float Endpointer::Gain(float probability) const {
  const float gain =
      std::clamp((LogOdds(probability) - threshold_log_odds_) / kSureLogOdds, -1.0F, 1.0F);
  return probability >= options_.threshold ? std::max(gain, kMinGain) : gain;
}

void Endpointer::SetDelays(absl::Duration min_endpointing_delay,
                           absl::Duration max_endpointing_delay, absl::Duration complete_delay,
                           absl::Duration incomplete_delay) {
  const auto near = [](absl::Duration delay, absl::Duration least) {
    return std::clamp(delay, least, absl::Seconds(10));
  };
  options_.min_endpointing_delay = near(min_endpointing_delay, kFrame);
  options_.max_endpointing_delay = near(max_endpointing_delay, options_.min_endpointing_delay);
  options_.complete_delay = near(complete_delay, kFrame);
  options_.incomplete_delay = near(incomplete_delay, kFrame);
  min_endpointing_delay_ = Frames(options_.min_endpointing_delay);
  max_endpointing_delay_ = Frames(options_.max_endpointing_delay);
  complete_delay_ = Frames(options_.complete_delay);
  incomplete_delay_ = Frames(options_.incomplete_delay);
  SetEndpointingDelay();
}

EndpointerEvent Endpointer::Start(int64_t begin_frame, int64_t edge_frame) {
  in_speech_ = true;
  cut_ = false;
  begin_ = begin_frame;
  last_speech_ = num_heard_;
  return {.kind = EndpointerEvent::Kind::kSpeechStart,
          .end_reason = EndpointerEvent::EndReason::kNone,
          .segment = {.begin = begin_ * frame_samples_, .end = 0},
          .edge = edge_frame * frame_samples_,
          .decided = num_pushed_ * frame_samples_};
}

int64_t Endpointer::Pause() const {
  const int64_t num_low = num_heard_ - last_speech_;
  return num_low == 0 ? 0 : num_low + hangover_;
}

int64_t Endpointer::Delay() const {
  switch (words_) {
    case Words::kComplete:
      return std::min(endpointing_delay_, complete_delay_);
    case Words::kIncomplete:
      return std::max(endpointing_delay_, incomplete_delay_);
    case Words::kUnknown:
      break;
  }
  return endpointing_delay_;
}

EndpointerEvent Endpointer::End(EndpointerEvent::EndReason reason) {
  in_speech_ = false;
  words_ = Words::kUnknown;
  cut_ = reason == EndpointerEvent::EndReason::kMaxSpeechDuration;
  // While the probability is high it is not known yet where speech ends. A turn that goes on after
  // a cut may be shorter than the hang-over.
  const int64_t speech_end = cut_           ? num_heard_
                             : Pause() == 0 ? last_speech_
                                            : std::max(last_speech_ - hangover_, begin_ + 1);
  last_end_ = cut_ ? num_heard_ : std::min(speech_end + padding_, num_heard_);
  ForgetEvidence();
  if (!cut_) Settle();
  return {.kind = EndpointerEvent::Kind::kSpeechEnd,
          .end_reason = reason,
          .segment = {.begin = begin_ * frame_samples_, .end = last_end_ * frame_samples_},
          .edge = speech_end * frame_samples_,
          .decided = num_pushed_ * frame_samples_};
}

void Endpointer::Settle() {
  if (!hesitated_) hesitation_ *= kFluentDecay;
  hesitated_ = false;
  SetEndpointingDelay();
}

void Endpointer::AddPause(int64_t frames) {
  if (frames < kMinPause) return;
  hesitated_ = true;
  const auto pause = static_cast<double>(frames);
  hesitation_ = pause > hesitation_ ? pause : hesitation_ + (pause - hesitation_) * kPauseWeight;
  SetEndpointingDelay();
}

void Endpointer::SetEndpointingDelay() {
  const double delay = std::ceil(hesitation_ * kDelayPerHesitation);
  endpointing_delay_ =
      std::clamp(static_cast<int64_t>(delay), min_endpointing_delay_, max_endpointing_delay_);
}

}  // namespace parlance::audio
