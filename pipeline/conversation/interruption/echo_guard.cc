#include "pipeline/conversation/interruption/echo_guard.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>

#include "pipeline/conversation/interruption/echo_eraser.h"

namespace parlance::pipeline {
namespace {

using audio::kNumVadBands;
using Bands = std::array<float, kNumVadBands>;

// In frames of 10 ms. A window of what is heard is 32 ms, so 400 ms need one more.
constexpr int kMaxDelay = 41;
constexpr int kMaxAhead = 20;
// What was played is kept for as long as it may come back, one frame to either side, and while it
// is ahead.
constexpr int64_t kHistory = 64;
static_assert(kMaxDelay + 2 + kMaxAhead < kHistory);

// log2 of a band's energy, where 0 is about full scale. From what is below the first nothing is
// learned; the second is no sound at all.
constexpr float kAudible = -17;
constexpr float kSilence = -28;
// By how much a room's tail falls in a frame: 60 dB in 0.4 s.
constexpr float kTailDecay = 0.5F;

// A band's mean is over all there was, and later over about so many frames.
constexpr float kMeanFrames = 64;
constexpr float kScoreRate = 1 / 24.0F;
// The share of bands that agree by chance; and at the delay, above the mean over all delays: from
// the first on a delay is believed, below the second no longer.
constexpr float kChance = 0.5F;
constexpr float kBelieved = 0.15F;
constexpr float kDoubted = 0.08F;

// How a quantile of the gains is tracked, in log2 a frame.
struct Tracking {
  float quantile;
  float step;
};
constexpr Tracking kFirstFrames = {.quantile = 0.4F, .step = 0.6F};
constexpr Tracking kLater = {.quantile = 0.4F, .step = 0.1F};
constexpr int kNumFirstFrames = 30;
// As long as everything of the last 400 ms may come back, the loudest of it does only at times. A
// higher quantile would take the user's voice for it.
constexpr Tracking kWithoutDelay = {.quantile = 0.7F, .step = 0.15F};
constexpr float kMinGain = -14;
constexpr float kMaxGain = 3.3F;
// -10 dB: of an echo that nobody has heard yet.
constexpr float kUsualGain = -3.3F;

// What is heard may be so much above what is expected, because energies of 10 ms fluctuate, and the
// tracked noise is the least of it.
constexpr float kEchoMargin = 1.2F;
constexpr float kNoiseMargin = 1.5F;

// A band whose share of echo is at most the first is kept whole; from the second on, nothing of it
// is kept.
constexpr float kAllKept = 0.2F;
constexpr float kNothingKept = 0.5F;

Bands Silence() {
  Bands bands;
  bands.fill(kSilence);
  return bands;
}

// The mean of each band.
class Means {
 public:
  void Add(const Bands& bands) {
    num_frames_ = std::min(num_frames_ + 1, kMeanFrames);
    for (size_t band = 0; band < kNumVadBands; ++band) {
      means_[band] += (bands[band] - means_[band]) / num_frames_;
    }
  }
  // Which bands are above it: a bit for each.
  uint32_t Pattern(const Bands& bands) const {
    static_assert(kNumVadBands <= 32);
    uint32_t pattern = 0;
    for (size_t band = 0; band < kNumVadBands; ++band) {
      pattern |= uint32_t{bands[band] > means_[band]} << band;
    }
    return pattern;
  }

 private:
  Bands means_{};
  float num_frames_ = 0;
};

}  // namespace

struct EchoGuard::Working {
  Working() {
    played.fill(Silence());
    scores.fill(kChance);
    tail.fill(kSilence);
  }

  // The bands and the pattern of frame `frame` of what was played.
  Bands& Played(int64_t frame) { return played[static_cast<size_t>(frame % kHistory)]; }
  uint32_t& Pattern(int64_t frame) { return patterns[static_cast<size_t>(frame % kHistory)]; }
  // The next frame of it.
  void Push(const Bands& bands);

  // The samples of a frame that is not complete.
  std::array<int16_t, kFrame> samples;
  size_t num_samples = 0;
  audio::VadFeatures played_features;
  audio::VadFeatures heard_features;
  Means played_means;
  Means heard_means;
  EchoEraser eraser;

  // The last frames that were handed out; how many were, and how many of them are played by now.
  // The first ones are silence that was never handed out.
  std::array<Bands, kHistory> played;
  std::array<uint32_t, kHistory> patterns{};
  int64_t num_played = kHistory;
  int64_t now = kHistory;

  // For each delay, the share of bands that agree, of frames with sound.
  std::array<float, kMaxDelay + 1> scores;
  // What may come back now, but for the gains: what was played `delay` ago, and that with the tail
  // of what was before.
  Bands direct;
  Bands tail;
  // How far the last frame was above what explains it.
  Bands unexplained{};
};

void EchoGuard::Working::Push(const Bands& bands) {
  if (*std::max_element(bands.begin(), bands.end()) > kAudible) played_means.Add(bands);
  Played(num_played) = bands;
  Pattern(num_played) = played_means.Pattern(bands);
  ++num_played;
  now = std::max(now, num_played - kMaxAhead);
}

EchoGuard::EchoGuard() { gains_.fill(kUsualGain); }
EchoGuard::~EchoGuard() = default;
EchoGuard::EchoGuard(EchoGuard&&) noexcept = default;
EchoGuard& EchoGuard::operator=(EchoGuard&&) noexcept = default;

void EchoGuard::Begin() {
  if (working_ != nullptr) return;
  working_ = std::make_unique<Working>();
  if (delay_ != kNoDelay) working_->scores[static_cast<size_t>(delay_)] += 2 * kBelieved;
}

void EchoGuard::End() { working_ = nullptr; }

void EchoGuard::Played(absl::Span<const int16_t> samples) {
  if (working_ == nullptr) return;
  Working& w = *working_;
  while (!samples.empty()) {
    const size_t count = std::min(samples.size(), kFrame - w.num_samples);
    std::copy_n(samples.begin(), count, w.samples.begin() + static_cast<ptrdiff_t>(w.num_samples));
    samples.remove_prefix(count);
    w.num_samples += count;
    if (w.num_samples < kFrame) return;
    w.num_samples = 0;
    audio::VadFrame features;
    w.played_features.Process(w.samples, features);
    w.Push(features.log_energy);
  }
}

GuardedSound EchoGuard::Heard(absl::Span<int16_t> frame) {
  if (working_ == nullptr) return {};
  Working& w = *working_;
  if (w.now == w.num_played) w.Push(Silence());
  ++w.now;

  audio::VadFrame features;
  w.heard_features.Process(frame, features);
  const Bands& heard = features.log_energy;
  FollowDelay(heard);
  FindPlayed();
  float all = 0;
  float explained = 0;
  float change = 0;
  Bands kept;
  for (size_t band = 0; band < kNumVadBands; ++band) {
    const float log_noise = heard[band] - features.above_noise[band] + kNoiseMargin;
    const float log_echo = w.tail[band] + gains_[band] + kEchoMargin;
    const float unexplained = std::max(heard[band] - std::max(log_noise, log_echo), 0.0F);
    change += std::abs(unexplained - w.unexplained[band]);
    w.unexplained[band] = unexplained;
    const float energy = std::exp2(heard[band]);
    const float noise = std::exp2(log_noise);
    const float echo = std::exp2(log_echo);
    all += energy;
    explained += std::min(energy, noise + echo);
    kept[band] = std::clamp((kNothingKept - echo / energy) / (kNothingKept - kAllKept), 0.0F, 1.0F);
  }
  LearnGains(heard);
  w.eraser.Erase(kept, frame);
  return {.explained = explained / all, .change = change / kNumVadBands};
}

void EchoGuard::FollowDelay(const Bands& heard) {
  Working& w = *working_;
  w.heard_means.Add(heard);
  const uint32_t pattern = w.heard_means.Pattern(heard);
  float sum = 0;
  for (int delay = 0; delay <= kMaxDelay; ++delay) {
    float& score = w.scores[static_cast<size_t>(delay)];
    // Silence has no bands above their means, and tells nothing.
    if (const uint32_t played = w.Pattern(w.now - 1 - delay); played != 0) {
      const int agreeing = static_cast<int>(kNumVadBands) - std::popcount(pattern ^ played);
      score += kScoreRate * (static_cast<float>(agreeing) / kNumVadBands - score);
    }
    sum += score;
  }
  const float mean = sum / static_cast<float>(w.scores.size());
  const auto best = std::max_element(w.scores.begin(), w.scores.end());
  const int delay = static_cast<int>(best - w.scores.begin());
  if (*best - mean >= kBelieved) {
    if (delay_ == kNoDelay || std::abs(delay - delay_) > 1) {
      num_learned_ = 0;
      w.tail.fill(kSilence);
    }
    delay_ = delay;
  } else if (*best - mean < kDoubted) {
    delay_ = kNoDelay;
  }
}

void EchoGuard::FindPlayed() {
  Working& w = *working_;
  // One frame to either side, as delays are no whole frames.
  const int from = delay_ == kNoDelay ? 0 : std::max(delay_ - 1, 0);
  const int to = delay_ == kNoDelay ? kMaxDelay : delay_ + 1;
  w.direct.fill(kSilence);
  for (int delay = from; delay <= to; ++delay) {
    const Bands& played = w.Played(w.now - 1 - delay);
    for (size_t band = 0; band < kNumVadBands; ++band) {
      w.direct[band] = std::max(w.direct[band], played[band]);
    }
  }
  for (size_t band = 0; band < kNumVadBands; ++band) {
    w.tail[band] = std::max(w.tail[band] - kTailDecay, w.direct[band]);
  }
}

void EchoGuard::LearnGains(const Bands& heard) {
  Working& w = *working_;
  const bool has_delay = delay_ != kNoDelay;
  const Tracking& tracking = !has_delay                       ? kWithoutDelay
                             : num_learned_ < kNumFirstFrames ? kFirstFrames
                                                              : kLater;
  const float max_gain = has_delay ? kMaxGain : kUsualGain;
  bool learned = false;
  for (size_t band = 0; band < kNumVadBands; ++band) {
    // How fast the tail of an echo falls in this room is not known.
    if (w.direct[band] < kAudible || w.direct[band] < w.tail[band]) continue;
    learned = true;
    const float gain = heard[band] - w.direct[band];
    gains_[band] +=
        tracking.step * (gain > gains_[band] ? tracking.quantile : tracking.quantile - 1);
    gains_[band] = std::clamp(gains_[band], kMinGain, max_gain);
  }
  if (learned && has_delay && num_learned_ < kNumFirstFrames) ++num_learned_;
}

std::optional<int> EchoGuard::delay_ms() const {
  if (delay_ == kNoDelay) return std::nullopt;
  return 10 * delay_;
}

size_t EchoGuard::memory() const { return working_ == nullptr ? 0 : sizeof(Working); }

}  // namespace parlance::pipeline
