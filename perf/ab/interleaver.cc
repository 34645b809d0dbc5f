#include "perf/ab/interleaver.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "absl/types/span.h"
#include "perf/process/cpus.h"

namespace perf {
namespace {

// Half a millisecond fills caches and predictors; an epoch's start evens out what is left, as a
// coin decides whose is first.
constexpr int64_t kWarmUpPart = 4;

bool Toss(std::mt19937_64& random) { return (random() & 1) == 0; }

}  // namespace

EpochPlan PlanEpochs(const std::string& name, const Calibration& calibration,
                     const EpochLengths& lengths) {
  const double iteration_ns = std::max(calibration.iteration_ns(), 1e-3);
  const double iterations =
      std::max(1.0, std::floor(absl::ToDoubleNanoseconds(lengths.epoch) / iteration_ns));
  // A block has two epochs of each side.
  const double block_ns = 2 * iterations * iteration_ns;
  return {.name = name,
          .iterations = static_cast<int64_t>(std::min(iterations, 1e9)),
          .blocks = static_cast<int>(
              std::max(1.0, std::round(absl::ToDoubleNanoseconds(lengths.round) / block_ns)))};
}

absl::StatusOr<ProcessPair> ProcessPair::Start(const BenchmarkProgram& baseline,
                                               const BenchmarkProgram& current,
                                               std::mt19937_64& random) {
  const bool baseline_first = Toss(random);
  absl::StatusOr<EpochChild> first = EpochChild::Start(baseline_first ? baseline : current);
  if (!first.ok()) return first.status();
  absl::StatusOr<EpochChild> second = EpochChild::Start(baseline_first ? current : baseline);
  if (!second.ok()) return second.status();
  if (!baseline_first) std::swap(first, second);
  return ProcessPair(*std::move(first), *std::move(second));
}

void ProcessPair::ChooseCpus(bool one, std::mt19937_64& random) {
  absl::Span<const int> chosen = cpus_;
  if (one && !chosen.empty()) chosen = chosen.subspan(random() % chosen.size(), 1);
  for (const EpochChild* child : {&baseline_, &current_}) {
    // A process that has died says so itself when it is asked for an epoch.
    RunOnCpus(child->pid(), chosen).IgnoreError();
  }
}

absl::StatusOr<Round> ProcessPair::Run(const EpochPlan& plan, std::mt19937_64& random) {
  ChooseCpus(plan.on_one_cpu, random);
  const bool baseline_first = Toss(random);
  for (const bool baseline_turn : {baseline_first, !baseline_first}) {
    EpochChild& child = baseline_turn ? baseline_ : current_;
    const int64_t iterations = std::max<int64_t>(1, plan.iterations / kWarmUpPart);
    if (absl::StatusOr<Epoch> warm_up = child.Run(plan.name, iterations); !warm_up.ok()) {
      return warm_up.status();
    }
  }
  Round round;
  for (int block = 0; block < plan.blocks; ++block) {
    const bool leads = Toss(random);
    for (const bool baseline_leads : {leads, !leads}) {
      EpochPair pair;
      for (const bool baseline_turn : {baseline_leads, !baseline_leads}) {
        EpochChild& child = baseline_turn ? baseline_ : current_;
        absl::StatusOr<Epoch> epoch = child.Run(plan.name, plan.iterations);
        if (!epoch.ok()) return epoch.status();
        (baseline_turn ? pair.baseline : pair.current) = *std::move(epoch);
      }
      round.push_back(std::move(pair));
    }
  }
  return round;
}

}  // namespace perf
