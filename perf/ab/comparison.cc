#include "perf/ab/comparison.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

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

void Judge(absl::Span<const std::unique_ptr<RoundSource>> sources, int num_comparisons) {
  for (const auto& source : sources) {
    for (Compared& compared : source->compared()) {
      if (compared.Done()) continue;
      compared.effect =
          JudgeRounds(compared.log_ratios, num_comparisons, compared.better, compared.full_look);
    }
  }
}

}  // namespace

bool RoundSource::Done() const {
  return absl::c_all_of(compared_, [](const Compared& compared) { return compared.Done(); });
}

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
    const absl::StatusOr<Calibration> calibration =
        baseline->Calibrate(name, source->options_.lengths.epoch);
    if (calibration.ok()) {
      compared.name = calibration->measurement_name();
      compared.title = calibration->title();
      compared.unit = calibration->time_unit();
      plan = PlanEpochs(name, *calibration, source->options_.lengths);
    } else {
      compared.status = calibration.status();
    }
    source->compared_.push_back(std::move(compared));
    source->plans_.push_back(std::move(plan));
  }
  return source;
}

void EpochSource::RunRound(std::mt19937_64& random) {
  absl::StatusOr<ProcessPair> pair =
      ProcessPair::Start(options_.baseline, options_.current, random);
  std::vector<size_t> order(compared_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::shuffle(order.begin(), order.end(), random);
  for (const size_t i : order) {
    Compared& compared = compared_[i];
    if (compared.Done()) continue;
    if (!pair.ok()) {
      compared.status = pair.status();
      continue;
    }
    const absl::StatusOr<Round> round = pair->Run(plans_[i], random);
    if (!round.ok()) {
      compared.status = round.status();
      // A body that failed leaves its process alive; otherwise the next one needs new processes.
      if (!absl::IsAborted(round.status())) {
        pair = ProcessPair::Start(options_.baseline, options_.current, random);
      }
      continue;
    }
    compared.log_ratios.push_back(RoundLogRatio(*round));
    for (const EpochPair& epochs : *round) {
      AddEpoch(epochs.baseline, compared.baseline_samples, compared);
      AddEpoch(epochs.current, compared.current_samples, compared);
    }
  }
}

void RunComparison(absl::Span<const std::unique_ptr<RoundSource>> sources,
                   const ComparisonOptions& options, std::mt19937_64& random) {
  int all = 0;
  for (const auto& source : sources) all += static_cast<int>(source->compared().size());
  const int num_comparisons =
      std::max(1, options.num_comparisons > 0 ? options.num_comparisons : all);
  const auto start = std::chrono::steady_clock::now();
  const auto out_of_time = [&] {
    return absl::FromChrono(std::chrono::steady_clock::now() - start) >= options.time_budget;
  };
  int look = NextLook(0);
  for (int rounds = 1; rounds <= options.max_rounds; ++rounds) {
    bool done = true;
    for (const auto& source : sources) {
      if (source->Done()) continue;
      // Half a round would give some benchmarks a figure that others lack; time may be overdrawn by
      // one round, so that there is one of each.
      source->RunRound(random);
      done = done && source->Done();
    }
    const bool last = done || rounds == options.max_rounds || out_of_time();
    if (rounds == look || last) {
      Judge(sources, num_comparisons);
      look = NextLook(rounds);
    }
    int settled = 0;
    for (const auto& source : sources) {
      settled += static_cast<int>(absl::c_count_if(
          source->compared(), [](const Compared& compared) { return compared.Done(); }));
    }
    options.progress(rounds, settled, all);
    if (last || settled == all) return;
  }
}

}  // namespace perf
