#include "perf/ab/epoch_source.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "perf/process/cpus.h"
#include "perf/process/fresh_copy.h"

namespace perf {
namespace {

double NanosecondsPer(const std::string& unit) {
  static const std::map<std::string, double>& units =
      *new std::map<std::string, double>{{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  const auto found = units.find(unit);
  return found == units.end() ? 1 : found->second;
}

void AddEpoch(const Epoch& epoch, std::vector<double>& samples, Compared& compared) {
  samples.push_back(static_cast<double>(epoch.wall_ns()) / static_cast<double>(epoch.iterations()) /
                    NanosecondsPer(compared.unit));
  compared.wall_ns += static_cast<double>(epoch.wall_ns());
  compared.cpu_ns += static_cast<double>(epoch.cpu_ns());
  compared.involuntary_context_switches += epoch.involuntary_context_switches();
  compared.page_faults += epoch.minor_page_faults() + epoch.major_page_faults();
}

absl::Duration Since(std::chrono::steady_clock::time_point start) {
  return absl::FromChrono(std::chrono::steady_clock::now() - start);
}

// Whether an epoch of this body works on the main thread only. False if that cannot be told.
bool WorksOnMainThreadOnly(EpochChild& child, const EpochPlan& plan) {
  const absl::StatusOr<CpuUse> before = CpuUseOf(child.pid());
  const auto start = std::chrono::steady_clock::now();
  if (!before.ok() || !child.Run(plan.name, plan.iterations).ok()) return false;
  const absl::Duration elapsed = Since(start);
  const absl::StatusOr<CpuUse> after = CpuUseOf(child.pid());
  return after.ok() && WorkedOnMainThreadOnly(*before, *after, elapsed);
}

// Has the process run a copy of its program from now on, which lives as long as what is returned.
absl::StatusOr<FreshCopy> UseCopy(BenchmarkProgram& program, const std::string& scratch) {
  absl::StatusOr<FreshCopy> copy = FreshCopy::Create(program.path, scratch);
  if (copy.ok()) program.executable = copy->path();
  return copy;
}

// Starts `child` again if one of its bodies ended it.
absl::Status Revive(EpochChild& child, const BenchmarkProgram& program) {
  if (child.pid() != 0) return absl::OkStatus();
  absl::StatusOr<EpochChild> again = EpochChild::Start(program);
  if (!again.ok()) return again.status();
  child = *std::move(again);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<EpochSource>> EpochSource::Create(Options options,
                                                                 std::vector<std::string>* notes) {
  absl::StatusOr<EpochChild> baseline = EpochChild::Start(options.baseline);
  if (!baseline.ok()) return baseline.status();
  absl::StatusOr<EpochChild> current = EpochChild::Start(options.current);
  if (!current.ok()) return current.status();
  const absl::StatusOr<std::vector<std::string>> old_names = baseline->Names();
  if (!old_names.ok()) return old_names.status();
  const absl::StatusOr<std::vector<std::string>> names = current->Names();
  if (!names.ok()) return names.status();

  auto source = std::unique_ptr<EpochSource>(new EpochSource(std::move(options)));
  for (const std::string& name : *old_names) {
    if (source->options_.selected(name) && !absl::c_linear_search(*names, name)) {
      source->gone_.push_back({.target = source->options_.target, .name = name});
    }
  }
  for (const std::string& name : *names) {
    if (!source->options_.selected(name)) continue;
    if (!absl::c_linear_search(*old_names, name)) {
      notes->push_back(absl::StrCat(name, " is new"));
      continue;
    }
    Compared compared{.target = source->options_.target,
                      .name = name,
                      .title = name,
                      .unit = "ns",
                      .component = source->options_.component};
    EpochPlan plan;
    for (const absl::Status& alive : {Revive(*baseline, source->options_.baseline),
                                      Revive(*current, source->options_.current)}) {
      if (!alive.ok()) return alive;
    }
    const absl::StatusOr<Calibration> calibration =
        baseline->Calibrate(name, source->options_.lengths.epoch);
    if (calibration.ok()) {
      compared.name = calibration->measurement_name();
      compared.title = calibration->title();
      compared.unit = calibration->time_unit();
      plan = PlanEpochs(name, *calibration, source->options_.lengths);
      plan.on_one_cpu =
          WorksOnMainThreadOnly(*baseline, plan) && WorksOnMainThreadOnly(*current, plan);
    } else {
      compared.status = calibration.status();
    }
    source->compared_.push_back(std::move(compared));
    source->plans_.push_back(std::move(plan));
  }
  return source;
}

void EpochSource::RunRound(absl::Span<const size_t> which, std::mt19937_64& random) {
  const auto start = std::chrono::steady_clock::now();
  BenchmarkProgram baseline = options_.baseline;
  BenchmarkProgram current = options_.current;
  // A coin decides whose copy is written first: the first one gets the memory that the last round
  // gave back last, so that a fixed order would hand each side its own old pages round after round.
  const bool baseline_first = (random() & 1) == 0;
  std::vector<FreshCopy> copies;
  for (const bool baseline_turn : {baseline_first, !baseline_first}) {
    absl::StatusOr<FreshCopy> copy = UseCopy(baseline_turn ? baseline : current, options_.scratch);
    if (!copy.ok()) {
      for (const size_t i : which) compared_[i].status = copy.status();
      return;
    }
    copies.push_back(*std::move(copy));
  }
  absl::StatusOr<ProcessPair> pair = ProcessPair::Start(baseline, current, random);
  AddSharedCost(Since(start));
  std::vector<size_t> order(which.begin(), which.end());
  std::shuffle(order.begin(), order.end(), random);
  for (const size_t i : order) {
    Compared& compared = compared_[i];
    if (!pair.ok()) {
      compared.status = pair.status();
      continue;
    }
    const auto begin = std::chrono::steady_clock::now();
    const absl::StatusOr<Round> round = pair->Run(plans_[i], random);
    if (!round.ok()) {
      compared.status = round.status();
      // A body that failed leaves its process alive; otherwise the next one needs new processes.
      if (!absl::IsAborted(round.status())) {
        pair = ProcessPair::Start(baseline, current, random);
      }
      continue;
    }
    compared.spent += Since(begin);
    compared.log_ratios.push_back(RoundLogRatio(*round));
    for (const EpochPair& epochs : *round) {
      AddEpoch(epochs.baseline, compared.baseline_samples, compared);
      AddEpoch(epochs.current, compared.current_samples, compared);
    }
  }
}

}  // namespace perf
