#include "perf/history/change_point_proof.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "perf/history/change_points.h"

namespace perf {
namespace {

constexpr size_t kPoints = 200;
constexpr size_t kApart = 25;

class Generator {
 public:
  Generator(SeriesKind kind, uint64_t seed) : kind_(kind), seed_(seed), random_(seed) {}

  Series Make() {
    std::vector<double> level(kPoints, 1);
    switch (kind_) {
      case SeriesKind::kStep:
        AddSteps(1, 0.05, level);
        break;
      case SeriesKind::kSteps:
        AddSteps(2 + seed_ / kNumSeriesKinds % 2, 0.05, level);
        break;
      case SeriesKind::kRamp:
        AddRamp(level);
        break;
      case SeriesKind::kDrift: {
        const double drift = Signed(0.03, 0.12);
        for (size_t i = 0; i < kPoints; ++i) level[i] += drift * static_cast<double>(i) / kPoints;
        break;
      }
      case SeriesKind::kSeasonal:
        if (seed_ / kNumSeriesKinds % 2 == 0) AddSteps(1, 0.08, level);
        for (size_t i = 0; i < kPoints; ++i)
          level[i] *= 1 + 0.02 * std::sin(static_cast<double>(i) * 2 * M_PI / 7);
        break;
      case SeriesKind::kHeavyTails:
        AddSteps(1, 0.10, level);
        break;
      default:
        break;
    }
    const double spread = Uniform(0.01, 0.02);
    std::normal_distribution<double> normal;
    std::student_t_distribution<double> student(2);
    for (const double value : level) {
      const double noise =
          kind_ == SeriesKind::kHeavyTails ? 0.01 * student(random_) : spread * normal(random_);
      series_.values.push_back(100 * value * std::exp(noise));
    }
    if (kind_ == SeriesKind::kSpikes || kind_ == SeriesKind::kStep) AddSpikes();
    return series_;
  }

 private:
  double Uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random_);
  }
  double Signed(double low, double high) {
    const double size = Uniform(low, high);
    return (random_() & 1) == 0 ? size : -size;
  }

  // No two of them are neighbours.
  void AddSpikes() {
    for (size_t i = 0; i < 5; ++i) {
      const auto at = static_cast<size_t>(Uniform(0, 38)) + i * 40;
      series_.values[at] *= Uniform(1.3, 4);
    }
  }

  // In equal parts of the series, so that they keep apart.
  void AddSteps(size_t count, double least, std::vector<double>& level) {
    const double part = static_cast<double>(kPoints - kApart) / static_cast<double>(count);
    for (size_t step = 0; step < count; ++step) {
      const auto at = kApart + static_cast<size_t>(part * static_cast<double>(step) +
                                                   Uniform(0, part - kApart));
      const double factor = 1 + Signed(least, 0.25);
      for (size_t i = at; i < kPoints; ++i) level[i] *= factor;
      series_.changes.push_back({.first = at, .last = at});
    }
  }

  void AddRamp(std::vector<double>& level) {
    const auto at = static_cast<size_t>(Uniform(kApart, kPoints - 2 * kApart));
    const auto length = static_cast<size_t>(Uniform(4, 9));
    const double change = Signed(0.10, 0.25);
    for (size_t i = at; i < kPoints; ++i) {
      level[i] +=
          change * static_cast<double>(std::min(i - at + 1, length)) / static_cast<double>(length);
    }
    series_.changes.push_back({.first = at, .last = at + length - 1});
  }

  const SeriesKind kind_;
  const uint64_t seed_;
  std::mt19937_64 random_;
  Series series_;
};

// How far outside of the true change.
int Distance(size_t index, const TrueChange& change) {
  if (index < change.first) return static_cast<int>(change.first - index);
  return index > change.last ? static_cast<int>(index - change.last) : 0;
}

void Score(const Series& series, ChangePointScore& score) {
  constexpr int kTolerance = 2;
  const std::vector<ChangePoint> found = FindChangePoints(series.values);
  ++score.series;
  score.true_changes += static_cast<int>(series.changes.size());
  score.found += static_cast<int>(found.size());
  for (const TrueChange& change : series.changes) {
    int nearest = kTolerance + 1;
    for (const ChangePoint& point : found) {
      nearest = std::min(nearest, Distance(point.index, change));
    }
    if (nearest > kTolerance) continue;
    ++score.matched;
    score.location_error += nearest;
    score.greatest_location_error = std::max(score.greatest_location_error, nearest);
  }
}

void Add(const ChangePointScore& part, ChangePointScore& sum) {
  sum.series += part.series;
  sum.true_changes += part.true_changes;
  sum.found += part.found;
  sum.matched += part.matched;
  sum.location_error += part.location_error;
  sum.greatest_location_error = std::max(sum.greatest_location_error, part.greatest_location_error);
}

std::string Row(const std::string& name, const ChangePointScore& score) {
  return absl::StrFormat(
      "%-12s %6d %6d %6d %8d %7d %9.3f %7.3f %9.2f %8d\n", name, score.series, score.true_changes,
      score.matched, score.found - score.matched, score.true_changes - score.matched,
      score.Precision(), score.Recall(),
      score.matched == 0 ? 0 : static_cast<double>(score.location_error) / score.matched,
      score.greatest_location_error);
}

}  // namespace

Series GenerateSeries(SeriesKind kind, uint64_t seed) { return Generator(kind, seed).Make(); }

std::string Name(SeriesKind kind) {
  switch (kind) {
    case SeriesKind::kLevel:
      return "level";
    case SeriesKind::kStep:
      return "step";
    case SeriesKind::kSteps:
      return "steps";
    case SeriesKind::kRamp:
      return "ramp";
    case SeriesKind::kSpikes:
      return "spikes";
    case SeriesKind::kDrift:
      return "drift";
    case SeriesKind::kSeasonal:
      return "seasonal";
    case SeriesKind::kHeavyTails:
      return "heavy tails";
  }
  std::abort();
}

ChangePointProof ProveChangePoints(int num_series, uint64_t seed) {
  ChangePointProof proof;
  proof.kinds.resize(kNumSeriesKinds);
  for (int i = 0; i < num_series; ++i) {
    const int kind = i % kNumSeriesKinds;
    Score(GenerateSeries(static_cast<SeriesKind>(kind), seed + static_cast<uint64_t>(i)),
          proof.kinds[static_cast<size_t>(kind)]);
  }
  for (const ChangePointScore& score : proof.kinds) Add(score, proof.all);
  return proof;
}

std::string ChangePointTable(const ChangePointProof& proof) {
  std::string table =
      absl::StrFormat("%-12s %6s %6s %6s %8s %7s %9s %7s %9s %8s\n", "series", "", "true", "found",
                      "false", "missed", "precision", "recall", "distance", "greatest");
  for (size_t i = 0; i < proof.kinds.size(); ++i) {
    table += Row(Name(static_cast<SeriesKind>(i)), proof.kinds[i]);
  }
  return table + Row("all", proof.all);
}

}  // namespace perf
