#include "perf/ab/outlook.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "perf/ab/schedule.h"
#include "perf/stats/statistics.h"

namespace perf {
namespace {

double SpreadPercent(std::vector<double> log_ratios) {
  std::sort(log_ratios.begin(), log_ratios.end());
  const double median = Quantile(log_ratios, 0.5);
  std::vector<double>& distances = log_ratios;
  for (double& distance : distances) distance = std::abs(distance - median);
  std::sort(distances.begin(), distances.end());
  return std::expm1(Quantile(distances, 0.5)) * 100;
}

}  // namespace

Outlook OutlookOf(const Compared& compared, absl::Duration shared_cost) {
  Outlook outlook = {.reason = NOT_REACHED, .likely = compared.effect.likely};
  if (compared.log_ratios.empty()) return outlook;
  outlook.spread_percent = SpreadPercent(compared.log_ratios);
  const int rounds =
      ForecastRounds(compared.log_ratios, 1, compared.better, compared.thoroughness());
  const bool can_be_settled = rounds <= compared.thoroughness().max_rounds;
  if (can_be_settled) outlook.time_to_settle = (compared.RoundCost() + shared_cost) * rounds;
  const bool looks_changed =
      outlook.likely == RED || outlook.likely == YELLOW || outlook.likely == IMPROVED;
  if (looks_changed && compared.rounds() >= kTellingRounds) {
    outlook.reason = LOOKS_CHANGED;
  } else if (!can_be_settled) {
    outlook.reason = TOO_NOISY;
  }
  return outlook;
}

}  // namespace perf
