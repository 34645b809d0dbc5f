#include "perf/ab/schedule.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <vector>

#include "perf/stats/verdict.h"

namespace perf {
namespace {

// What a measurement still takes, as far as can be told.
absl::Duration Remaining(const Compared& compared, absl::Duration shared_cost) {
  if (compared.forecast_rounds == kNeverSettled) return absl::InfiniteDuration();
  return (compared.RoundCost() + shared_cost) *
         std::max(1, compared.forecast_rounds - compared.rounds());
}

bool LooksChanged(const PairedEffect& effect) {
  return effect.change_percent < -kYellowPercent || effect.change_percent >= kYellowPercent;
}

}  // namespace

Stage StageOf(const Compared& compared, absl::Duration shared_cost, absl::Duration time_left,
              int max_rounds) {
  if (compared.Done() || compared.rounds() >= max_rounds) return Stage::kDone;
  // What looks like a change is not given up while there is time.
  if (compared.rounds() >= compared.thoroughness().max_rounds && !LooksChanged(compared.effect)) {
    return Stage::kDone;
  }
  if (compared.rounds() == 0) return Stage::kFirst;
  if (Remaining(compared, shared_cost) > time_left || compared.forecast_rounds == kNeverSettled) {
    return Stage::kHopeless;
  }
  if (LooksChanged(compared.effect) && compared.rounds() >= kTellingRounds) {
    return Stage::kLooksChanged;
  }
  return compared.effect.ten_percent_excluded ? Stage::kRefined : Stage::kUndecided;
}

std::optional<Turn> NextTurn(absl::Span<const std::unique_ptr<RoundSource>> sources,
                             absl::Duration time_left, int max_rounds) {
  // The smallest comes first.
  using Rank = std::tuple<Stage, int, int, absl::Duration>;
  std::optional<Rank> best_rank;
  size_t best_source = 0;
  size_t best = 0;
  const auto stage_of = [&](size_t source, size_t i) {
    return StageOf(sources[source]->compared()[i], sources[source]->SharedCost(), time_left,
                   max_rounds);
  };
  for (size_t source = 0; source < sources.size(); ++source) {
    const std::vector<Compared>& compared = sources[source]->compared();
    for (size_t i = 0; i < compared.size(); ++i) {
      const Stage stage = stage_of(source, i);
      if (stage == Stage::kDone) continue;
      const bool by_rounds = stage == Stage::kHopeless;
      // A hopeless measurement that looks changed is more important than one that does not.
      const bool later = stage == Stage::kHopeless && !LooksChanged(compared[i].effect);
      const Rank rank = {
          stage, later ? 1 : 0, by_rounds ? compared[i].rounds() : 0,
          by_rounds ? absl::ZeroDuration() : Remaining(compared[i], sources[source]->SharedCost())};
      if (best_rank.has_value() && rank >= *best_rank) continue;
      best_rank = rank;
      best_source = source;
      best = i;
    }
  }
  if (!best_rank.has_value()) return std::nullopt;

  Turn turn = {.source = best_source, .which = {}};
  const std::vector<Compared>& compared = sources[best_source]->compared();
  const absl::Duration cheap =
      std::max(sources[best_source]->SharedCost(), compared[best].RoundCost());
  for (size_t i = 0; i < compared.size(); ++i) {
    const Stage stage = stage_of(best_source, i);
    const bool shares = stage < Stage::kHopeless && compared[i].RoundCost() <= cheap;
    if (i == best || shares) turn.which.push_back(i);
  }
  return turn;
}

}  // namespace perf
