// What is measured in rounds of two builds: Google Benchmark bodies by epochs (epoch_source.h),
// tests as whole processes (whole_process.h), and recorded rounds (suite_selfcheck.h).
#ifndef PERF_AB_ROUND_SOURCE_H_
#define PERF_AB_ROUND_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "perf/ab/paired_effect.h"
#include "perf/record/result.pb.h"

namespace perf {

// One measurement, and what its rounds have shown so far.
struct Compared {
  std::string target;
  // The measurement's name and what follows are those of records.
  std::string name;
  std::string title;
  std::string unit;
  std::string component;
  Better better = LOWER;
  // It depends on the builds alone, so that it is settled from the beginning.
  bool deterministic = false;
  // Its rounds are runs of whole programs, not epochs.
  bool whole_process = false;
  // One figure for each round.
  std::vector<double> log_ratios = {};
  // Values in the unit, one for each epoch or process, in pairs as they were measured.
  std::vector<double> baseline_samples = {};
  std::vector<double> current_samples = {};
  // Sums over the epochs of both sides.
  double wall_ns = 0;
  double cpu_ns = 0;
  int64_t involuntary_context_switches = 0;
  int64_t page_faults = 0;
  // The time that its rounds took, without what they share with other measurements.
  absl::Duration spent = absl::ZeroDuration();
  PairedEffect effect = {};
  // How many rounds it takes in all until the effect is settled, as far as can be told.
  int forecast_rounds = kNeverSettled;
  // Why it could not be measured to the end; the verdict does not count then.
  absl::Status status = absl::OkStatus();

  const Thoroughness& thoroughness() const {
    return whole_process ? kProcessThoroughness : kEpochThoroughness;
  }
  int rounds() const { return static_cast<int>(log_ratios.size()); }
  bool Done() const { return effect.settled || !status.ok(); }
  // The time that one more round takes by itself; nothing if there was none.
  absl::Duration RoundCost() const {
    return log_ratios.empty() ? absl::ZeroDuration() : spent / rounds();
  }
};

// A source of measurements in rounds of both builds. Not thread-safe.
class RoundSource {
 public:
  virtual ~RoundSource() = default;

  // Runs one more round of those elements of compared() that have these indices, of which none is
  // done. What fails has its status set and is done.
  virtual void RunRound(absl::Span<const size_t> which, std::mt19937_64& random) = 0;

  std::vector<Compared>& compared() { return compared_; }
  const std::vector<Compared>& compared() const { return compared_; }

  // A measurement that the baseline's program has and the current one has not.
  struct Gone {
    std::string target;
    std::string name;
  };
  const std::vector<Gone>& gone() const { return gone_; }

  // Forgets all rounds, and what they cost. Not for what is done.
  void Forget() {
    for (Compared& compared : compared_) {
      if (compared.Done()) continue;
      compared.log_ratios.clear();
      compared.baseline_samples.clear();
      compared.current_samples.clear();
      compared.spent = absl::ZeroDuration();
    }
    shared_spent_ = absl::ZeroDuration();
    rounds_ = 0;
  }

  // The time in a round that all measurements of it share, such as starting processes.
  absl::Duration SharedCost() const {
    return rounds_ == 0 ? absl::ZeroDuration() : shared_spent_ / rounds_;
  }

 protected:
  void AddSharedCost(absl::Duration spent) {
    shared_spent_ += spent;
    ++rounds_;
  }

  std::vector<Compared> compared_;
  std::vector<Gone> gone_;

 private:
  absl::Duration shared_spent_ = absl::ZeroDuration();
  int rounds_ = 0;
};

}  // namespace perf

#endif  // PERF_AB_ROUND_SOURCE_H_
