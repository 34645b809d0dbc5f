// Runs epochs of two builds in turn, so that whatever happens to the machine happens to both.
//
// One round is one process of each side. Within it epochs come in blocks, A B B A or B A A B by the
// toss of a coin, all with the same number of iterations: a drift that is linear over a block
// cancels out, and no rhythm of the machine can favour a side. Both processes are new in each
// round, as the layout of memory differs between processes, stays as it is for a process's life,
// and may cost or save several percent (Mytkowicz et al. 2009; Kalibera & Jones 2013).
#ifndef PERF_AB_INTERLEAVER_H_
#define PERF_AB_INTERLEAVER_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "perf/gbench/epoch.pb.h"
#include "perf/gbench/epoch_child.h"

namespace perf {

// Two epochs that ran one after the other, in either order.
struct EpochPair {
  Epoch baseline;
  Epoch current;
};

// One benchmark in one round.
using Round = std::vector<EpochPair>;

// How one benchmark is run.
struct EpochPlan {
  // The benchmark's name as the program lists it.
  std::string name;
  int64_t iterations = 0;
  // How many blocks of four epochs a round has.
  int blocks = 0;
};

// How long one epoch takes, and all epochs of one side in one round, if an iteration is short
// enough.
struct EpochLengths {
  absl::Duration epoch = absl::Milliseconds(2);
  absl::Duration round = absl::Milliseconds(4);
};

// Plans as many iterations as the epoch's length allows and as many blocks as the round's does, at
// least one of each.
EpochPlan PlanEpochs(const std::string& name, const Calibration& calibration,
                     const EpochLengths& lengths);

// A process of each side.
class ProcessPair {
 public:
  // A coin decides which starts first, as the second one may be left worse memory. EpochChild's
  // errors.
  static absl::StatusOr<ProcessPair> Start(const BenchmarkProgram& baseline,
                                           const BenchmarkProgram& current,
                                           std::mt19937_64& random);

  // Warms both sides up with a part of an epoch each, in the order of another coin, which is not in
  // the result, and runs the plan's blocks. EpochChild's errors.
  absl::StatusOr<Round> Run(const EpochPlan& plan, std::mt19937_64& random);

  EpochChild& baseline() { return baseline_; }
  EpochChild& current() { return current_; }

 private:
  ProcessPair(EpochChild baseline, EpochChild current)
      : baseline_(std::move(baseline)), current_(std::move(current)) {}

  EpochChild baseline_;
  EpochChild current_;
};

}  // namespace perf

#endif  // PERF_AB_INTERLEAVER_H_
