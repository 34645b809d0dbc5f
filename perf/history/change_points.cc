#include "perf/history/change_points.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <random>
#include <vector>

#include "perf/stats/statistics.h"

namespace perf {
namespace {

constexpr size_t kMaxPoints = 500;
// The residuals of a step have to be less than this share of those of a straight line.
constexpr double kClearly = 0.97;
// A change is at least so many times the standard error of the difference of medians. Three are not
// enough, since many places are tried for it.
constexpr double kStandardErrors = 4.5;
// Two changes in the same direction, with fewer points between them, are one that took a while.
constexpr size_t kOneChange = 12;

double AbsoluteResiduals(absl::Span<const double> values) {
  const double median = Median(values);
  double sum = 0;
  for (const double value : values) sum += std::abs(value - median);
  return sum;
}

// The absolute residuals from the straight line through the medians of both halves' points.
double LineResiduals(absl::Span<const double> values) {
  const size_t half = values.size() / 2;
  const double left = Median(values.first(half));
  const double right = Median(values.last(half));
  const double distance = static_cast<double>(values.size() - half);
  const double slope = (right - left) / distance;
  std::vector<double> level;
  for (size_t i = 0; i < values.size(); ++i) {
    level.push_back(values[i] - slope * static_cast<double>(i));
  }
  return AbsoluteResiduals(level);
}

std::vector<double> MedianOfThree(absl::Span<const double> series) {
  std::vector<double> filtered(series.begin(), series.end());
  for (size_t i = 1; i + 1 < series.size(); ++i) {
    filtered[i] = std::max(std::min(series[i - 1], series[i]),
                           std::min(std::max(series[i - 1], series[i]), series[i + 1]));
  }
  // An end has one neighbour only; the middle of it, its neighbour and the next but one.
  if (series.size() >= 3) {
    filtered.front() = filtered[1];
    filtered.back() = filtered[filtered.size() - 2];
  }
  return filtered;
}

struct Split {
  size_t at = 0;
  double statistic = 0;
};

// m n / (m + n) (2 E|X - Y| - E|X - X'| - E|Y - Y'|) of m points X and n points Y, from the sums of
// the distances between X and Y and of those of all ordered pairs within each.
double EnergyStatistic(size_t num_left, size_t num_right, double between, double within_left,
                       double within_right) {
  const auto m = static_cast<double>(num_left);
  const auto n = static_cast<double>(num_right);
  return m * n / (m + n) * (2 * between / (m * n) - within_left / (m * m) - within_right / (n * n));
}

// Where a series splits best, in any order of its points. What does not depend on the order is
// computed once.
class Splitter {
 public:
  Splitter(absl::Span<const double> values, size_t min_points)
      : values_(values), min_points_(min_points), to_all_(values.size()) {
    for (size_t i = 0; i < values.size(); ++i) {
      for (const double value : values) to_all_[i] += std::abs(values[i] - value);
      total_ += to_all_[i];
    }
  }

  // Where all points, in this order, split best. Moving a point x from the right side to the left
  // adds its distances to the left side, and takes those to the right side away, which are those to
  // all points less those to the left: n^2 / 2 distances altogether.
  Split Best(absl::Span<const size_t> order) {
    Arrange(order);
    const size_t count = arranged_.size();
    Split best;
    double within_left = 0;
    double between = 0;
    for (size_t at = 1; at < count; ++at) {
      const double to_left = DistancesTo(arranged_[at - 1], at - 1);
      within_left += 2 * to_left;
      between += to_all_[order[at - 1]] - 2 * to_left;
      if (at < min_points_ || at + min_points_ > count) continue;
      const double statistic =
          EnergyStatistic(at, count - at, between, within_left, total_ - within_left - 2 * between);
      if (statistic > best.statistic) best = {.at = at, .statistic = statistic};
    }
    return best;
  }

  // The points in this order up to whichever end gives the greatest statistic. Sums over rectangles
  // of the matrix of distances are differences of its prefix sums.
  Split BestUpToAnyEnd(absl::Span<const size_t> order) {
    Arrange(order);
    const size_t count = arranged_.size();
    const size_t width = count + 1;
    sums_.assign(width * width, 0.0);
    for (size_t i = 0; i < count; ++i) {
      double row = 0;
      for (size_t j = 0; j < count; ++j) {
        row += std::abs(arranged_[i] - arranged_[j]);
        sums_[(i + 1) * width + j + 1] = sums_[i * width + j + 1] + row;
      }
    }
    Split best;
    for (size_t at = min_points_; at + min_points_ <= count; ++at) {
      const double within_left = sums_[at * width + at];
      for (size_t end = at + min_points_; end <= count; ++end) {
        const double left_to_end = sums_[at * width + end];
        const double statistic =
            EnergyStatistic(at, end - at, left_to_end - within_left, within_left,
                            sums_[end * width + end] - 2 * left_to_end + within_left);
        if (statistic > best.statistic) best = {.at = at, .statistic = statistic};
      }
    }
    return best;
  }

 private:
  void Arrange(absl::Span<const size_t> order) {
    arranged_.clear();
    for (const size_t i : order) arranged_.push_back(values_[i]);
  }

  // The sum of distances from `value` to the first `count` points. It is kept in four parts, since
  // the additions to one would wait for each other.
  double DistancesTo(double value, size_t count) const {
    std::array<double, 4> sums = {};
    size_t i = 0;
    for (; i + sums.size() <= count; i += sums.size()) {
      for (size_t j = 0; j < sums.size(); ++j) sums[j] += std::abs(value - arranged_[i + j]);
    }
    for (; i < count; ++i) sums[0] += std::abs(value - arranged_[i]);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }

  const absl::Span<const double> values_;
  const size_t min_points_;
  // The sums of distances from each point to all others, and of all ordered pairs.
  std::vector<double> to_all_;
  double total_ = 0;
  std::vector<double> arranged_;
  std::vector<double> sums_;
};

class Divider {
 public:
  Divider(absl::Span<const double> series, const ChangePointOptions& options)
      : series_(series),
        filtered_(MedianOfThree(series)),
        options_(options),
        min_points_(std::max<size_t>(3, options.min_points)),
        random_(options.seed) {}

  std::vector<size_t> Run() {
    Divide(0, series_.size());
    std::sort(splits_.begin(), splits_.end());
    Prune();
    return splits_;
  }

 private:
  void Divide(size_t begin, size_t end) {
    if (end - begin < 2 * min_points_) return;
    Splitter splitter(absl::MakeConstSpan(filtered_).subspan(begin, end - begin), min_points_);
    size_t at = SignificantSplit(
        end - begin, [&](absl::Span<const size_t> order) { return splitter.Best(order); });
    if (at == 0) {
      // A level that returns to what it was hides in the whole of the right side.
      at = SignificantSplit(end - begin, [&](absl::Span<const size_t> order) {
        return splitter.BestUpToAnyEnd(order);
      });
    }
    if (at == 0) return;
    splits_.push_back(begin + at);
    Divide(begin, begin + at);
    Divide(begin + at, end);
  }

  // Where `count` points split, if a random order of them seldom has so great a statistic; 0 if
  // not. Points are moved in pairs of neighbours, as the filter has made those alike.
  template <typename Best>
  size_t SignificantSplit(size_t count, Best best) {
    std::vector<size_t> order(count);
    std::iota(order.begin(), order.end(), size_t{0});
    const Split split = best(order);
    if (split.at == 0) return 0;
    std::vector<size_t> blocks((count + 1) / 2);
    std::iota(blocks.begin(), blocks.end(), size_t{0});
    int beyond = 1;
    const double allowed = options_.significance * (options_.permutations + 1);
    for (int i = 0; i < options_.permutations; ++i) {
      std::shuffle(blocks.begin(), blocks.end(), random_);
      order.clear();
      for (const size_t block : blocks) {
        for (size_t j = 2 * block; j < std::min(2 * block + 2, count); ++j) order.push_back(j);
      }
      if (best(order).statistic >= split.statistic && ++beyond > allowed) return 0;
    }
    return split.at;
  }

  // Puts each split where it fits best, and drops the least of those that are no change, one by
  // one, as that changes its neighbours.
  void Prune() {
    for (;;) {
      for (size_t i = 0; i < splits_.size(); ++i) Place(i);
      size_t weakest = splits_.size();
      double least = 0;
      for (size_t i = 0; i < splits_.size(); ++i) {
        if (IsChange(i)) continue;
        const double change = std::abs(Change(i));
        if (weakest == splits_.size() || change < least) {
          weakest = i;
          least = change;
        }
      }
      if (weakest == splits_.size()) weakest = PartOfAnother();
      if (weakest == splits_.size()) return;
      splits_.erase(splits_.begin() + static_cast<std::ptrdiff_t>(weakest));
    }
  }

  // The lesser of two changes that are one; the number of splits if there is none.
  size_t PartOfAnother() const {
    for (size_t i = 0; i + 1 < splits_.size(); ++i) {
      const double change = Change(i);
      const double next = Change(i + 1);
      if (splits_[i + 1] - splits_[i] < kOneChange && change * next > 0) {
        return std::abs(change) < std::abs(next) ? i : i + 1;
      }
    }
    return splits_.size();
  }

  size_t Begin(size_t i) const { return i == 0 ? 0 : splits_[i - 1]; }
  size_t End(size_t i) const { return i + 1 == splits_.size() ? series_.size() : splits_[i + 1]; }
  absl::Span<const double> Before(size_t i) const {
    return series_.subspan(Begin(i), splits_[i] - Begin(i));
  }
  absl::Span<const double> After(size_t i) const {
    return series_.subspan(splits_[i], End(i) - splits_[i]);
  }

  void Place(size_t i) {
    constexpr size_t kReach = 8;
    const size_t begin = Begin(i);
    const size_t end = End(i);
    const size_t first = std::max(begin + min_points_, splits_[i] - std::min(splits_[i], kReach));
    const size_t last = std::min(end - min_points_, splits_[i] + kReach);
    double least = -1;
    size_t place = splits_[i];
    for (size_t at = first; at <= last; ++at) {
      const double residuals = AbsoluteResiduals(series_.subspan(begin, at - begin)) +
                               AbsoluteResiduals(series_.subspan(at, end - at));
      if (least < 0 || residuals < least) {
        least = residuals;
        place = at;
      }
    }
    splits_[i] = place;
  }

  double Change(size_t i) const {
    const double before = Median(Before(i));
    return before == 0 ? Median(After(i)) : Median(After(i)) / before - 1;
  }

  bool IsChange(size_t i) const {
    if (std::abs(Change(i)) < options_.min_change) return false;
    const double step = AbsoluteResiduals(Before(i)) + AbsoluteResiduals(After(i));
    // The median absolute residual of normal noise is 0.67 deviations, and a median's standard
    // error 1.25 deviations over the root of the number of points.
    const auto before = static_cast<double>(Before(i).size());
    const auto after = static_cast<double>(After(i).size());
    std::vector<double> residuals;
    for (const absl::Span<const double> side : {Before(i), After(i)}) {
      const double median = Median(side);
      for (const double value : side) residuals.push_back(std::abs(value - median));
    }
    const double deviation = Median(residuals) / 0.6745;
    const double error = 1.25 * deviation * std::sqrt(1 / before + 1 / after);
    if (std::abs(Median(After(i)) - Median(Before(i))) < kStandardErrors * error) return false;
    const double line = LineResiduals(series_.subspan(Begin(i), End(i) - Begin(i)));
    return step < kClearly * line;
  }

  const absl::Span<const double> series_;
  const std::vector<double> filtered_;
  const ChangePointOptions options_;
  const size_t min_points_;
  std::mt19937_64 random_;
  std::vector<size_t> splits_;
};

}  // namespace

std::vector<ChangePoint> FindChangePoints(absl::Span<const double> series,
                                          const ChangePointOptions& options) {
  const size_t skipped = series.size() > kMaxPoints ? series.size() - kMaxPoints : 0;
  std::vector<double> finite;
  for (const double value : series.subspan(skipped)) {
    const double before = finite.empty() ? 0 : finite.back();
    finite.push_back(std::isfinite(value) ? value : before);
  }
  const std::vector<size_t> splits = Divider(finite, options).Run();
  std::vector<ChangePoint> changes;
  for (size_t i = 0; i < splits.size(); ++i) {
    const size_t begin = i == 0 ? 0 : splits[i - 1];
    const size_t end = i + 1 == splits.size() ? finite.size() : splits[i + 1];
    const auto part = absl::MakeConstSpan(finite);
    changes.push_back({.index = skipped + splits[i],
                       .before = Median(part.subspan(begin, splits[i] - begin)),
                       .after = Median(part.subspan(splits[i], end - splits[i]))});
  }
  return changes;
}

}  // namespace perf
