#include "pipeline/conversation/interruption/interruption_judge.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace parlance::pipeline {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(10);
constexpr size_t kMaxBackchannels = 200;
constexpr size_t kMaxBackchannelBytes = 100;

// A sound of which at most the first share is explained by the echo is speech of a caller; from the
// second on, it is echo.
constexpr float kMaxExplainedOfSpeech = 0.4F;
constexpr float kMinExplainedOfEcho = 0.75F;

// The evidence for an onset, in frames of certainty: at first, more for each lost onset, at most.
constexpr float kOnsetThreshold = 0.25F;
constexpr float kOnsetEvidence = 1;
constexpr float kEvidencePerLostOnset = 1;
constexpr float kMaxEvidence = 4;
// What a sound is worth before the detector says anything.
constexpr float kEvidenceOfSoundAlone = 0.5F;

// A frame whose probability of speech is at least this counts as spoken.
constexpr float kCertainSpeech = 0.9F;
// Speech changes by at least this much. In the development half of interruption_accuracy_test, with
// 0.45, 0.50 and 0.55, music takes the floor 5, 2 and 2 times of 60, and requests over other sounds
// take it 59, 57 and 53 times.
constexpr float kMinChange = 0.5F;

// An onset after which it is quiet for so long is lost.
constexpr int64_t kOnsetLostAfterFrames = 20;
// After so long, an onset is decided.
constexpr int64_t kMaxOnsetFrames = 40;
// After a pause of so many frames, spoken frames are counted anew.
constexpr int64_t kPauseFrames = 15;
// An interruption whose words are not recognised within this time is dismissed.
constexpr int64_t kMaxFramesWithoutWords = 300;

bool IsLetter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 128;
}

// The words of a text, in lower case. An apostrophe is no letter and parts no words.
std::vector<std::string> Words(absl::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  for (const char c : text) {
    if (c == '\'') continue;
    if (!IsLetter(c)) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    words.back() += absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  return words;
}

}  // namespace

absl::string_view InterruptionVerdictName(InterruptionVerdict verdict) {
  switch (verdict) {
    case InterruptionVerdict::kNone:
      return "none";
    case InterruptionVerdict::kOnset:
      return "onset";
    case InterruptionVerdict::kOnsetLost:
      return "onset lost";
    case InterruptionVerdict::kTaken:
      return "taken";
    case InterruptionVerdict::kDismissed:
      return "dismissed";
  }
  return "unknown";
}

// What listeners say, as lists of words.
class InterruptionJudge::Backchannels {
 public:
  void Add(std::vector<std::string> phrase) { phrases_.push_back(std::move(phrase)); }

  // Whether `words` are nothing but backchannels. `may_go_on`: the last one need not be whole, so
  // that "I" may become "I see".
  bool AreAll(absl::Span<const std::string> words, bool may_go_on) const {
    // reached[i]: the first i words are backchannels.
    std::vector<bool> reached(words.size() + 1);
    reached[0] = true;
    for (size_t i = 0; i < words.size(); ++i) {
      if (!reached[i]) continue;
      const absl::Span<const std::string> rest = words.subspan(i);
      for (const std::vector<std::string>& phrase : phrases_) {
        const size_t common = std::min(rest.size(), phrase.size());
        if (rest.first(common) != absl::MakeConstSpan(phrase).first(common)) continue;
        if (common == phrase.size()) reached[i + common] = true;
        if (common < phrase.size() && may_go_on) return true;
      }
    }
    return reached[words.size()];
  }

 private:
  std::vector<std::vector<std::string>> phrases_;
};

std::vector<std::string> InterruptionJudge::DefaultBackchannels() {
  return {"uh-huh", "mm-hmm", "mhm",       "mmhmm",        "mm",           "hmm",     "hm",
          "uh",     "um",     "ah",        "oh",           "aha",          "yes",     "yeah",
          "yep",    "yup",    "okay",      "ok",           "right",        "sure",    "i see",
          "got it", "great",  "good",      "cool",         "fine",         "alright", "all right",
          "wow",    "nice",   "of course", "that's right", "i understand", "thanks",  "thank you"};
}

absl::StatusOr<std::shared_ptr<const InterruptionJudge::Backchannels>> InterruptionJudge::Parse(
    const std::vector<std::string>& phrases) {
  auto backchannels = std::make_shared<Backchannels>();
  for (const std::string& backchannel : phrases) {
    if (backchannel.size() > kMaxBackchannelBytes) {
      return absl::InvalidArgumentError(absl::StrCat("a backchannel of ", backchannel.size(),
                                                     " bytes; it may have ", kMaxBackchannelBytes));
    }
    std::vector<std::string> words = Words(backchannel);
    if (words.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the backchannel \"", backchannel, "\" has no word"));
    }
    backchannels->Add(std::move(words));
  }
  return backchannels;
}

absl::StatusOr<InterruptionJudge> InterruptionJudge::Create(const Options& options) {
  if (!(options.min_speech >= absl::Milliseconds(100) && options.min_speech <= absl::Seconds(10))) {
    return absl::InvalidArgumentError(absl::StrCat("min_speech of ",
                                                   absl::FormatDuration(options.min_speech),
                                                   "; it has to be 100 ms to 10 s"));
  }
  if (options.backchannels.size() > kMaxBackchannels) {
    return absl::InvalidArgumentError(absl::StrCat(
        options.backchannels.size(), " backchannels; there may be ", kMaxBackchannels));
  }
  // All conversations that have the usual ones share them.
  static const auto* const usual =
      new absl::StatusOr<std::shared_ptr<const Backchannels>>(Parse(DefaultBackchannels()));
  auto backchannels =
      options.backchannels == DefaultBackchannels() ? *usual : Parse(options.backchannels);
  if (!backchannels.ok()) return backchannels.status();
  return InterruptionJudge(options, *std::move(backchannels));
}

InterruptionJudge::InterruptionJudge(const Options& options,
                                     std::shared_ptr<const Backchannels> backchannels)
    : min_speech_frames_(options.min_speech / kFrame), backchannels_(std::move(backchannels)) {}

void InterruptionJudge::BeginAnswer(const Policy& policy) {
  // An infinite duration is the greatest number of frames.
  protected_frames_ = absl::ToInt64Milliseconds(policy.protected_for) / 10;
  num_heard_ = 0;
  num_lost_ = 0;
  num_spoken_ = 0;
  num_changes_ = 0;
  sum_changes_ = 0;
  Go(State::kQuiet);
}

void InterruptionJudge::EndAnswer() { Go(State::kOver); }

InterruptionVerdict InterruptionJudge::Go(State state, InterruptionVerdict verdict) {
  state_ = state;
  num_in_state_ = 0;
  if (state == State::kQuiet) {
    evidence_ = 0;
    agrees_ = false;
  }
  return verdict;
}

InterruptionVerdict InterruptionJudge::OnFrame(const Frame& frame) {
  Count(frame);
  switch (state_) {
    case State::kQuiet:
      return Listen();
    case State::kOnset:
      return DoubtOnset();
    case State::kSpeaking:
      return WeighSpeech();
    case State::kJudging:
      if (num_in_state_ < kMaxFramesWithoutWords) return InterruptionVerdict::kNone;
      return Go(State::kQuiet, InterruptionVerdict::kDismissed);
    case State::kIgnoring:
    case State::kOver:
      break;
  }
  return InterruptionVerdict::kNone;
}

void InterruptionJudge::Count(const Frame& frame) {
  if (frame.answer_heard && num_heard_ < protected_frames_) ++num_heard_;
  ++num_in_state_;

  const float somebody = std::clamp(
      (kMinExplainedOfEcho - frame.explained) / (kMinExplainedOfEcho - kMaxExplainedOfSpeech), 0.0F,
      1.0F);
  const float speech = frame.speech_probability;
  const float alone = num_lost_ == 0 ? kEvidenceOfSoundAlone : 0;
  const float onset = somebody * (alone + (1 - alone) * speech);
  evidence_ =
      std::clamp(evidence_ + (onset - kOnsetThreshold) / (1 - kOnsetThreshold), 0.0F, kMaxEvidence);
  num_quiet_ = somebody * speech >= kOnsetThreshold ? 0 : num_quiet_ + 1;

  const bool is_spoken = speech >= kCertainSpeech && frame.explained < kMinExplainedOfEcho;
  num_pause_ = is_spoken ? 0 : num_pause_ + 1;
  if (is_spoken) ++num_spoken_;
  if (num_pause_ >= kPauseFrames) num_spoken_ = 0;
  num_changes_ = num_spoken_ == 0 ? 0 : num_changes_ + 1;
  sum_changes_ = num_spoken_ == 0 ? 0 : sum_changes_ + frame.change;
}

InterruptionVerdict InterruptionJudge::Listen() {
  const float needed = std::min(
      kOnsetEvidence + kEvidencePerLostOnset * static_cast<float>(num_lost_), kMaxEvidence);
  if (IsProtected() || evidence_ < needed) return InterruptionVerdict::kNone;
  return Go(State::kOnset, InterruptionVerdict::kOnset);
}

InterruptionVerdict InterruptionJudge::DoubtOnset() {
  const bool is_quiet =
      num_quiet_ >= kOnsetLostAfterFrames && num_in_state_ >= kOnsetLostAfterFrames;
  if (!is_quiet && num_in_state_ < kMaxOnsetFrames) return InterruptionVerdict::kNone;
  ++num_lost_;
  return Go(State::kQuiet, InterruptionVerdict::kOnsetLost);
}

InterruptionVerdict InterruptionJudge::WeighSpeech() {
  if (agrees_ || num_spoken_ < min_speech_frames_) return InterruptionVerdict::kNone;
  if (sum_changes_ < kMinChange * static_cast<float>(num_changes_)) {
    return InterruptionVerdict::kNone;
  }
  return Go(State::kOver, InterruptionVerdict::kTaken);
}

InterruptionVerdict InterruptionJudge::OnSpeechBegan() {
  switch (state_) {
    case State::kQuiet:
      if (IsProtected()) return Go(State::kIgnoring);
      return Go(State::kSpeaking, InterruptionVerdict::kOnset);
    case State::kOnset:
      return Go(State::kSpeaking);
    case State::kJudging:
      return Go(State::kOver, InterruptionVerdict::kTaken);
    case State::kSpeaking:
    case State::kIgnoring:
    case State::kOver:
      break;
  }
  return InterruptionVerdict::kNone;
}

InterruptionVerdict InterruptionJudge::OnSpeechEnded() {
  if (state_ == State::kSpeaking) return Go(State::kJudging);
  if (state_ == State::kIgnoring) return Go(State::kQuiet);
  return InterruptionVerdict::kNone;
}

InterruptionVerdict InterruptionJudge::OnPartialWords(absl::string_view words) {
  if (state_ != State::kSpeaking && state_ != State::kJudging) return InterruptionVerdict::kNone;
  const std::vector<std::string> all = Words(words);
  agrees_ = !all.empty() && backchannels_->AreAll(all, /*may_go_on=*/true);
  if (all.empty() || agrees_) return InterruptionVerdict::kNone;
  return Go(State::kOver, InterruptionVerdict::kTaken);
}

InterruptionVerdict InterruptionJudge::OnFinalWords(absl::string_view words, bool rejected) {
  if (state_ != State::kSpeaking && state_ != State::kJudging) return InterruptionVerdict::kNone;
  const std::vector<std::string> all = Words(words);
  if (rejected || backchannels_->AreAll(all, /*may_go_on=*/false)) {
    return Go(state_ == State::kSpeaking ? State::kIgnoring : State::kQuiet,
              InterruptionVerdict::kDismissed);
  }
  return Go(State::kOver, InterruptionVerdict::kTaken);
}

}  // namespace parlance::pipeline
