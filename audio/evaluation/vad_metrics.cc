#include "audio/evaluation/vad_metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <random>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace parlance::audio {
namespace {

constexpr double kFrameMs = 10;
constexpr size_t kBlockFrames = 100;
constexpr size_t kMaxBlocks = 3600;
constexpr size_t kMinGapFrames = 20;
constexpr size_t kResampledRanks = 2048;
constexpr int kMaxResamples = 1000000;

constexpr std::optional<Estimate> VadMetrics::*kMetrics[] = {
    &VadMetrics::auc,
    &VadMetrics::precision,
    &VadMetrics::recall,
    &VadMetrics::f1,
    &VadMetrics::false_positive_rate_at_recall,
    &VadMetrics::missed,
    &VadMetrics::onset_delay_p50_ms,
    &VadMetrics::onset_delay_p95_ms,
    &VadMetrics::offset_delay_p50_ms,
    &VadMetrics::offset_delay_p95_ms,
    &VadMetrics::bridged,
};
// The values of the metrics in the order of kMetrics; NaN where there is nothing to measure.
using Values = std::array<double, std::size(kMetrics)>;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double Share(int64_t part, int64_t whole) {
  return whole == 0 ? kNone : static_cast<double>(part) / static_cast<double>(whole);
}

// A delay, and the index of the unit that it was measured in.
struct Delay {
  double ms;
  size_t unit;
};

// The numbers of frames of a unit, speech and other, whose probabilities have this rank.
struct RankCount {
  uint32_t rank;
  int32_t speech;
  int32_t other;
};

// The frames that the bootstrap draws together: a file, or a block of one.
struct Unit {
  std::vector<RankCount> ranks;
  int64_t decided_speech = 0;
  int64_t decided_other = 0;
  int64_t speech = 0;
  int64_t other = 0;
  int64_t segments = 0;
  int64_t missed = 0;
  int64_t gaps = 0;
  int64_t bridged = 0;
};

// The frames that count, and their unit.
struct Frame {
  float probability;
  uint32_t unit;
  uint32_t rank;
  bool speech;
};

// All that the metrics are computed from, with how often each unit counts.
class Pool {
 public:
  Pool(absl::Span<const ScoredFrames> files, const VadMetricsOptions& options) : options_(options) {
    const size_t one_file = files.size() == 1 ? files[0].speech.size() : 0;
    block_ = std::max(kBlockFrames, (one_file + kMaxBlocks - 1) / kMaxBlocks);
    units_.resize(files.size() == 1 ? std::max<size_t>(1, (one_file + block_ - 1) / block_)
                                    : files.size());
    for (size_t i = 0; i < files.size(); ++i) {
      AddFrames(files[i], files.size() == 1 ? std::nullopt : std::optional<size_t>(i));
      AddSegments(files[i], files.size() == 1 ? std::nullopt : std::optional<size_t>(i));
    }
    const auto by_delay = [](const Delay& a, const Delay& b) { return a.ms < b.ms; };
    std::stable_sort(onsets_.begin(), onsets_.end(), by_delay);
    std::stable_sort(offsets_.begin(), offsets_.end(), by_delay);
    std::stable_sort(frames_.begin(), frames_.end(),
                     [](const Frame& a, const Frame& b) { return a.probability < b.probability; });
  }

  const std::vector<Unit>& units() const { return units_; }

  // Ranks are of distinct probabilities, or, if there are more than `most`, of as many in order as
  // share a rank. Equal probabilities have equal ranks.
  void Rank(size_t most) {
    size_t num_distinct = 0;
    for (size_t i = 0; i < frames_.size(); ++i) num_distinct += IsNew(i);
    uint32_t rank = 0;
    for (size_t i = 0; i < frames_.size(); ++i) {
      if (i > 0 && IsNew(i)) {
        rank = num_distinct <= most ? rank + 1 : static_cast<uint32_t>(i * most / frames_.size());
      }
      frames_[i].rank = rank;
    }
    speech_at_.assign(rank + 1, 0);
    other_at_.assign(rank + 1, 0);
    for (Unit& unit : units_) unit.ranks.clear();
    for (const Frame& frame : frames_) {
      std::vector<RankCount>& ranks = units_[frame.unit].ranks;
      if (ranks.empty() || ranks.back().rank != frame.rank) ranks.push_back({frame.rank, 0, 0});
      ++(frame.speech ? ranks.back().speech : ranks.back().other);
    }
  }

  // Is called after Rank. `weights`: how often each unit was drawn.
  Values Measure(absl::Span<const int32_t> weights) {
    Unit sum;
    std::fill(speech_at_.begin(), speech_at_.end(), 0);
    std::fill(other_at_.begin(), other_at_.end(), 0);
    for (size_t i = 0; i < units_.size(); ++i) {
      const int64_t weight = weights[i];
      if (weight == 0) continue;
      const Unit& unit = units_[i];
      sum.decided_speech += weight * unit.decided_speech;
      sum.decided_other += weight * unit.decided_other;
      sum.speech += weight * unit.speech;
      sum.other += weight * unit.other;
      sum.segments += weight * unit.segments;
      sum.missed += weight * unit.missed;
      sum.gaps += weight * unit.gaps;
      sum.bridged += weight * unit.bridged;
      for (const RankCount& count : unit.ranks) {
        speech_at_[count.rank] += weight * count.speech;
        other_at_[count.rank] += weight * count.other;
      }
    }
    const int64_t missed_speech = sum.speech - sum.decided_speech;
    return {
        Auc(sum),
        Share(sum.decided_speech, sum.decided_speech + sum.decided_other),
        Share(sum.decided_speech, sum.speech),
        Share(2 * sum.decided_speech, 2 * sum.decided_speech + sum.decided_other + missed_speech),
        FalsePositiveRate(sum),
        Share(sum.missed, sum.segments),
        Percentile(onsets_, weights, 0.5),
        Percentile(onsets_, weights, 0.95),
        Percentile(offsets_, weights, 0.5),
        Percentile(offsets_, weights, 0.95),
        Share(sum.bridged, sum.gaps),
    };
  }

 private:
  bool IsNew(size_t i) const {
    return i == 0 || frames_[i].probability != frames_[i - 1].probability;
  }

  size_t UnitOf(std::optional<size_t> file, size_t frame) const {
    return file.has_value() ? *file : frame / block_;
  }

  void AddFrames(const ScoredFrames& file, std::optional<size_t> index) {
    const size_t num_frames = file.speech.size();
    const auto collar = static_cast<size_t>(options_.collar_frames);
    std::vector<uint8_t> counts(num_frames, 1);
    for (size_t i = 1; i < num_frames; ++i) {
      if ((file.speech[i] != 0) == (file.speech[i - 1] != 0)) continue;
      const size_t begin = i - std::min(collar, i);
      const size_t end = i + std::min(collar, num_frames - i);
      std::fill(counts.begin() + static_cast<ptrdiff_t>(begin),
                counts.begin() + static_cast<ptrdiff_t>(end), uint8_t{0});
    }
    for (size_t i = 0; i < num_frames; ++i) {
      if (counts[i] == 0 || (!file.left_out.empty() && file.left_out[i] != 0)) continue;
      const size_t of = UnitOf(index, i);
      Unit& unit = units_[of];
      const bool speech = file.speech[i] != 0;
      const bool decided = Decided(file, i);
      ++(speech ? unit.speech : unit.other);
      unit.decided_speech += decided && speech;
      unit.decided_other += decided && !speech;
      frames_.push_back({file.probabilities[i], static_cast<uint32_t>(of), 0, speech});
    }
  }

  void AddSegments(const ScoredFrames& file, std::optional<size_t> index) {
    const size_t num_frames = file.speech.size();
    const auto next = [&](size_t from, bool speech) {
      while (from < num_frames && (file.speech[from] != 0) != speech) ++from;
      return from;
    };
    for (size_t begin = next(0, true); begin < num_frames;) {
      const size_t end = next(begin, false);
      const size_t next_begin = next(end, true);
      size_t first = begin;
      while (first < end && !Decided(file, first)) ++first;
      Unit& unit = units_[UnitOf(index, begin)];
      ++unit.segments;
      if (first == end) {
        ++unit.missed;
      } else {
        onsets_.push_back({static_cast<double>(first - begin) * kFrameMs, UnitOf(index, begin)});
        if (end < num_frames) {
          // There is one: `first` is speech.
          size_t last = next_begin - 1;
          while (!Decided(file, last)) --last;
          offsets_.push_back({(static_cast<double>(last + 1) - static_cast<double>(end)) * kFrameMs,
                              UnitOf(index, end)});
        }
      }
      if (next_begin < num_frames && next_begin - end >= kMinGapFrames) {
        Unit& gap_unit = units_[UnitOf(index, end)];
        size_t frame = end;
        while (frame < next_begin && Decided(file, frame)) ++frame;
        ++gap_unit.gaps;
        gap_unit.bridged += frame == next_begin;
      }
      begin = next_begin;
    }
  }

  bool Decided(const ScoredFrames& file, size_t frame) const {
    return file.probabilities[frame] >= options_.threshold;
  }

  double Auc(const Unit& sum) const {
    if (sum.speech == 0 || sum.other == 0) return kNone;
    double pairs = 0;
    double others_below = 0;
    for (size_t rank = 0; rank < speech_at_.size(); ++rank) {
      const auto others = static_cast<double>(other_at_[rank]);
      pairs += static_cast<double>(speech_at_[rank]) * (others_below + others / 2);
      others_below += others;
    }
    return pairs / (static_cast<double>(sum.speech) * static_cast<double>(sum.other));
  }

  double FalsePositiveRate(const Unit& sum) const {
    if (sum.speech == 0 || sum.other == 0) return kNone;
    // This is less than a frame, for products that are not exact.
    const double wanted = options_.recall * static_cast<double>(sum.speech) - 1e-6;
    int64_t speech = 0;
    int64_t others = 0;
    for (size_t rank = speech_at_.size(); rank > 0 && static_cast<double>(speech) < wanted;
         --rank) {
      speech += speech_at_[rank - 1];
      others += other_at_[rank - 1];
    }
    return Share(others, sum.other);
  }

  static double Percentile(absl::Span<const Delay> delays, absl::Span<const int32_t> weights,
                           double share) {
    int64_t total = 0;
    for (const Delay& delay : delays) total += weights[delay.unit];
    const double wanted = share * static_cast<double>(total) - 1e-6;
    int64_t count = 0;
    for (const Delay& delay : delays) {
      count += weights[delay.unit];
      if (count > 0 && static_cast<double>(count) >= wanted) return delay.ms;
    }
    return kNone;
  }

  const VadMetricsOptions options_;
  size_t block_ = kBlockFrames;
  std::vector<Unit> units_;
  std::vector<Frame> frames_;
  // In the order of the delays.
  std::vector<Delay> onsets_;
  std::vector<Delay> offsets_;
  // How many frames of each rank are speech, and how many are not: Measure counts them.
  std::vector<int64_t> speech_at_;
  std::vector<int64_t> other_at_;
};

std::optional<Estimate::Interval> IntervalOf(std::vector<double> values) {
  const size_t all = values.size();
  values.erase(std::remove_if(values.begin(), values.end(), [](double v) { return std::isnan(v); }),
               values.end());
  if (values.empty() || values.size() * 20 < all * 19) return std::nullopt;
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const double place = std::ceil(share * static_cast<double>(values.size()) - 1e-6);
    return values[static_cast<size_t>(std::max(place, 1.0)) - 1];
  };
  return Estimate::Interval{at(0.025), at(0.975)};
}

absl::Status Check(absl::Span<const ScoredFrames> files, const VadMetricsOptions& options) {
  if (files.empty()) return absl::InvalidArgumentError("there is no file to measure");
  for (size_t i = 0; i < files.size(); ++i) {
    if (files[i].probabilities.size() != files[i].speech.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("file ", i, " has ", files[i].probabilities.size(), " probabilities, but ",
                       files[i].speech.size(), " labelled frames"));
    }
    if (!files[i].left_out.empty() && files[i].left_out.size() != files[i].speech.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("file ", i, " says of ", files[i].left_out.size(),
                       " frames whether they are left out, but has ", files[i].speech.size()));
    }
    for (const float probability : files[i].probabilities) {
      if (!(probability >= 0 && probability <= 1)) {
        return absl::InvalidArgumentError(
            absl::StrCat("file ", i, " has the probability ", probability));
      }
    }
  }
  if (!(options.threshold >= 0 && options.threshold <= 1) ||
      !(options.recall > 0 && options.recall <= 1) || options.collar_frames < 0 ||
      options.num_resamples < 0 || options.num_resamples > kMaxResamples) {
    return absl::InvalidArgumentError("the options are outside of their ranges");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<VadMetrics> MeasureVad(absl::Span<const ScoredFrames> files,
                                      const VadMetricsOptions& options) {
  if (absl::Status checked = Check(files, options); !checked.ok()) return checked;
  Pool pool(files, options);
  VadMetrics metrics;
  for (const Unit& unit : pool.units()) {
    metrics.num_frames += unit.speech + unit.other;
    metrics.num_speech_frames += unit.speech;
    metrics.num_segments += unit.segments;
    metrics.num_gaps += unit.gaps;
  }
  const size_t num_units = pool.units().size();
  metrics.num_resampled_units = static_cast<int64_t>(num_units);
  std::vector<int32_t> weights(num_units, 1);
  pool.Rank(std::numeric_limits<uint32_t>::max());
  const Values values = pool.Measure(weights);
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isnan(values[i])) {
      metrics.*kMetrics[i] = Estimate{.value = values[i], .interval = std::nullopt};
    }
  }
  if (num_units < 2 || options.num_resamples == 0) return metrics;

  pool.Rank(kResampledRanks);
  std::array<std::vector<double>, std::tuple_size_v<Values>> drawn;
  // The standard's engine, but not its distributions, gives the same numbers everywhere.
  std::mt19937_64 random(options.seed);
  for (int i = 0; i < options.num_resamples; ++i) {
    std::fill(weights.begin(), weights.end(), 0);
    for (size_t unit = 0; unit < num_units; ++unit) ++weights[random() % num_units];
    const Values resampled = pool.Measure(weights);
    for (size_t k = 0; k < resampled.size(); ++k) drawn[k].push_back(resampled[k]);
  }
  for (size_t k = 0; k < drawn.size(); ++k) {
    if ((metrics.*kMetrics[k]).has_value()) {
      (metrics.*kMetrics[k])->interval = IntervalOf(std::move(drawn[k]));
    }
  }
  return metrics;
}

}  // namespace parlance::audio
