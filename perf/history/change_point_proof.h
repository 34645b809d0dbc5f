// How good the change points are, on series whose truth is known.
#ifndef PERF_HISTORY_CHANGE_POINT_PROOF_H_
#define PERF_HISTORY_CHANGE_POINT_PROOF_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace perf {

enum class SeriesKind {
  kLevel,
  kStep,
  kSteps,
  kRamp,
  kSpikes,
  kDrift,
  kSeasonal,
  kHeavyTails,
};
inline constexpr int kNumSeriesKinds = 8;

// A true change: a change point should be found within 2 points of it. Its ends are equal for a
// step, and those of the whole ramp for a ramp.
struct TrueChange {
  size_t first = 0;
  size_t last = 0;
};

struct Series {
  std::vector<double> values;
  // The true changes, in order, at least 25 points apart.
  std::vector<TrueChange> changes;
};

// 200 points around 100, made of noise and what the kind says:
//   kLevel       nothing else; noise of 1 to 2 %
//   kStep        one step of 5 to 25 %, up or down, and spikes as below
//   kSteps       two or three such steps, without spikes
//   kRamp        one rise or fall of 10 to 25 % over 4 to 8 points
//   kSpikes      five single points that are 30 to 300 % higher
//   kDrift       3 to 12 % over the whole series, evenly: no change point
//   kSeasonal    a wave of 2 % with a period of 7 points; every other one has a step of 8 to 25 %
//   kHeavyTails  Student's t with 2 degrees of freedom for noise, and a step of 10 to 25 %
// Equal seeds make equal series.
Series GenerateSeries(SeriesKind kind, uint64_t seed);

// "step"
std::string Name(SeriesKind kind);

struct ChangePointScore {
  int series = 0;
  int true_changes = 0;
  int found = 0;
  // Found within 2 points of a true change that no other was matched to.
  int matched = 0;
  // Sum and maximum over the matched, in points outside of the true change.
  int location_error = 0;
  int greatest_location_error = 0;

  // 1 if there is nothing to be wrong about.
  double Precision() const { return found == 0 ? 1 : static_cast<double>(matched) / found; }
  double Recall() const {
    return true_changes == 0 ? 1 : static_cast<double>(matched) / true_changes;
  }
};

struct ChangePointProof {
  // The scores by kind, in the enum's order.
  std::vector<ChangePointScore> kinds;
  ChangePointScore all;
};

// Finds the change points of `num_series` series, of all kinds in turn.
ChangePointProof ProveChangePoints(int num_series, uint64_t seed);

// A table with a row for each kind.
std::string ChangePointTable(const ChangePointProof& proof);

}  // namespace perf

#endif  // PERF_HISTORY_CHANGE_POINT_PROOF_H_
