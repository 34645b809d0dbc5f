// Runs epochs of two builds in turn, so that whatever happens to the machine happens to both.
//
// One round is one process of each side. Within it epochs come in blocks, A B B A or B A A B by the
// toss of a coin, all with the same number of iterations: a drift that is linear over a block
// cancels out, and no rhythm of the machine can favour a side. Both processes are new in each
// round, as the layout of memory differs between processes, stays as it is for a process's life,
// and may cost or save several percent (Mytkowicz et al. 2009; Kalibera & Jones 2013).
//
// A body that works on one thread is run on one CPU, the same for both sides, which each round
// draws. Otherwise the system leaves each process where it was: one side has one CPU and the other
// side another, for as long as the processes live. Then a CPU whose core works for somebody else,
// too, makes its side slower in every epoch, and each CPU sleeps during the other one's epoch and
// begins its own from rest.
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
#include "perf/process/cpus.h"

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
  // Whether both sides run on one and the same CPU; right for a body on one thread only.
  bool on_one_cpu = false;
};

// How long one epoch takes, and all epochs of one side in one round, if an iteration is short
// enough.
struct EpochLengths {
  absl::Duration epoch = absl::Milliseconds(2);
  absl::Duration round = absl::Milliseconds(4);
};

// Plans as many iterations as the epoch's length allows and as many blocks as the round's does, at
// least one of each, on all CPUs.
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
  // the result, and runs the plan's blocks. Where the system does not let CPUs be chosen, the
  // processes run where it puts them. EpochChild's errors.
  absl::StatusOr<Round> Run(const EpochPlan& plan, std::mt19937_64& random);

  EpochChild& baseline() { return baseline_; }
  EpochChild& current() { return current_; }

 private:
  ProcessPair(EpochChild baseline, EpochChild current)
      : baseline_(std::move(baseline)), current_(std::move(current)), cpus_(AllowedCpus()) {}
  void ChooseCpus(bool one, std::mt19937_64& random);

  EpochChild baseline_;
  EpochChild current_;
  // All that the processes may have.
  std::vector<int> cpus_;
};

}  // namespace perf

#endif  // PERF_AB_INTERLEAVER_H_
