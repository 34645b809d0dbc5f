// Compares two builds, benchmark by benchmark, round by round, until every verdict is settled or
// the time is spent.
#ifndef PERF_AB_COMPARISON_H_
#define PERF_AB_COMPARISON_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "perf/ab/interleaver.h"
#include "perf/ab/paired_effect.h"
#include "perf/record/result.pb.h"

namespace perf {

// One benchmark, and what its rounds have shown so far.
struct Compared {
  std::string target;
  // The measurement's name and what follows are those of records.
  std::string name;
  std::string title;
  std::string unit;
  std::string component;
  Better better = LOWER;
  int full_look = kFullLook;
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
  PairedEffect effect = {};
  // Why it could not be measured to the end; the verdict does not count then.
  absl::Status status = absl::OkStatus();

  bool Done() const { return effect.settled || !status.ok(); }
};

// What can be measured in rounds of both builds.
class RoundSource {
 public:
  virtual ~RoundSource() = default;
  // Runs one more round of everything that is not done. What fails has its status set and is done.
  virtual void RunRound(std::mt19937_64& random) = 0;
  std::vector<Compared>& compared() { return compared_; }
  // What the baseline's program measures and the current one does not.
  struct Gone {
    std::string target;
    std::string name;
  };
  const std::vector<Gone>& gone() const { return gone_; }
  bool Done() const;

 protected:
  std::vector<Compared> compared_;
  std::vector<Gone> gone_;
};

// Benchmarks of a program, by epochs.
class EpochSource : public RoundSource {
 public:
  struct Options {
    std::string target;
    std::string component;
    BenchmarkProgram baseline;
    BenchmarkProgram current;
    EpochLengths lengths = {};
    // Which benchmarks of those the program lists.
    std::function<bool(const std::string&)> selected = [](const std::string&) { return true; };
  };
  // Calibrates on the baseline's program. Unimplemented if one of the programs cannot serve epochs;
  // otherwise EpochChild's errors. `notes` gets a line on each benchmark that is new.
  static absl::StatusOr<std::unique_ptr<EpochSource>> Create(Options options,
                                                             std::vector<std::string>* notes);

  void RunRound(std::mt19937_64& random) override;

 private:
  explicit EpochSource(Options options) : options_(std::move(options)) {}

  Options options_;
  // The plan of each element of compared_.
  std::vector<EpochPlan> plans_;
};

struct ComparisonOptions {
  // Ends the comparison after the round in which it is over.
  absl::Duration time_budget = absl::InfiniteDuration();
  int max_rounds = 256;
  // How many benchmarks the error rate is divided by. 0 stands for as many as there are.
  int num_comparisons = 0;
  // Called after each round.
  std::function<void(int rounds, int settled, int all)> progress = [](int, int, int) {};
};

// Runs rounds of all sources until everything is done. Verdicts are in the sources.
void RunComparison(absl::Span<const std::unique_ptr<RoundSource>> sources,
                   const ComparisonOptions& options, std::mt19937_64& random);

}  // namespace perf

#endif  // PERF_AB_COMPARISON_H_
