#include "perf/ab/comparison.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "perf/ab/schedule.h"

namespace perf {
namespace {

void Judge(Compared& compared, int num_comparisons) {
  if (compared.log_ratios.empty()) return;
  compared.effect =
      JudgeRounds(compared.log_ratios, num_comparisons, compared.better, compared.thoroughness());
  compared.forecast_rounds = ForecastRounds(compared.log_ratios, num_comparisons, compared.better,
                                            compared.thoroughness());
}

}  // namespace

void RunComparison(absl::Span<const std::unique_ptr<RoundSource>> sources,
                   const ComparisonOptions& options, std::mt19937_64& random) {
  ComparisonProgress progress;
  int undecided = 0;
  for (const auto& source : sources) {
    for (const Compared& compared : source->compared()) {
      ++progress.all;
      progress.settled += compared.Done();
      undecided += !compared.deterministic;
    }
  }
  const int num_comparisons =
      std::max(1, options.num_comparisons > 0 ? options.num_comparisons : undecided);
  const absl::Duration start = options.clock();
  for (;;) {
    progress.elapsed = options.clock() - start;
    options.progress(progress);
    const absl::Duration left = options.time_budget - progress.elapsed;
    if (left <= absl::ZeroDuration() || options.interrupted()) return;
    const std::optional<Turn> turn = NextTurn(sources, left, options.max_rounds);
    if (!turn.has_value()) return;
    RoundSource& source = *sources[turn->source];
    source.RunRound(turn->which, random);
    for (const size_t i : turn->which) {
      Compared& compared = source.compared()[i];
      if (compared.status.ok()) Judge(compared, num_comparisons);
      progress.settled += compared.Done();
    }
  }
}

}  // namespace perf
