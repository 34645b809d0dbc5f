#include "perf/ab/schedule.h"

#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace perf {
namespace {

using ::testing::ElementsAre;

constexpr int kAny = std::numeric_limits<int>::max();

// A source that stands as it is told.
class StandingSource : public RoundSource {
 public:
  StandingSource(const std::vector<Compared>& compared, absl::Duration shared_cost) {
    compared_ = compared;
    AddSharedCost(shared_cost);
  }
  void RunRound(absl::Span<const size_t> /*which*/, std::mt19937_64& /*random*/) override {}
};

struct Standing {
  int rounds = 10;
  double change_percent = 0;
  bool ten_percent_excluded = false;
  int forecast = 30;
  bool settled = false;
  absl::Duration cost = absl::Milliseconds(10);
};

Compared Make(const Standing& standing) {
  Compared compared;
  compared.log_ratios.resize(static_cast<size_t>(standing.rounds));
  compared.spent = standing.cost * standing.rounds;
  compared.effect.change_percent = standing.change_percent;
  compared.effect.ten_percent_excluded = standing.ten_percent_excluded;
  compared.effect.settled = standing.settled;
  compared.forecast_rounds = standing.forecast;
  return compared;
}

class Schedule {
 public:
  void Add(const std::vector<Standing>& standings,
           absl::Duration shared_cost = absl::Milliseconds(5)) {
    std::vector<Compared> compared;
    for (const Standing& standing : standings) compared.push_back(Make(standing));
    sources_.push_back(std::make_unique<StandingSource>(compared, shared_cost));
  }
  std::optional<Turn> Next(absl::Duration left = absl::Minutes(10), int max_rounds = kAny) const {
    return NextTurn(sources_, left, max_rounds);
  }

 private:
  std::vector<std::unique_ptr<RoundSource>> sources_;
};

TEST(NextTurn, IsNoneIfEverythingIsDone) {
  Schedule schedule;
  EXPECT_FALSE(schedule.Next().has_value());
  schedule.Add({{.settled = true}, {.rounds = 40}});
  EXPECT_TRUE(schedule.Next().has_value());
  EXPECT_FALSE(schedule.Next(absl::Minutes(10), 40).has_value());
}

TEST(NextTurn, GivesEverythingOneRoundFirst) {
  Schedule schedule;
  schedule.Add({{.rounds = kTellingRounds, .change_percent = -30}});
  schedule.Add({{.rounds = 1, .forecast = kNeverSettled}});
  schedule.Add({{.rounds = 0, .forecast = kNeverSettled, .cost = absl::Seconds(9)}});
  EXPECT_EQ(schedule.Next()->source, 2U);
}

TEST(NextTurn, LooksFirstAtWhatLooksLikeAChange) {
  Schedule schedule;
  schedule.Add({{.forecast = 11}});
  schedule.Add({{.change_percent = -15, .forecast = 300}});
  schedule.Add({{.change_percent = 25, .forecast = 500}});
  schedule.Add({{.change_percent = -40, .forecast = kNeverSettled}});
  EXPECT_EQ(schedule.Next()->source, 1U);
}

TEST(NextTurn, BelievesNoChangeAfterAFewRounds) {
  Schedule schedule;
  schedule.Add({{.forecast = 11}});
  schedule.Add({{.rounds = kTellingRounds - 1, .change_percent = -50, .forecast = 17}});
  EXPECT_EQ(schedule.Next()->source, 0U);
}

TEST(NextTurn, ThenAtWhatIsSettledSoonest) {
  Schedule schedule;
  schedule.Add({{.ten_percent_excluded = true, .forecast = 11}});
  schedule.Add({{.forecast = 60}});
  schedule.Add({{.forecast = 20, .cost = absl::Seconds(1)}});
  EXPECT_EQ(schedule.Next()->source, 1U);
}

TEST(NextTurn, LeavesForLastWhatCannotBeSettledInTime) {
  Schedule schedule;
  schedule.Add({{.rounds = 30, .forecast = kNeverSettled}});
  schedule.Add({{.rounds = 20, .forecast = 1000, .cost = absl::Seconds(1)}});
  EXPECT_EQ(schedule.Next(absl::Minutes(30))->source, 1U);
  // Neither can: the one with fewer rounds.
  EXPECT_EQ(schedule.Next(absl::Minutes(1))->source, 1U);
  schedule.Add({{.rounds = 200, .ten_percent_excluded = true, .forecast = 210}});
  EXPECT_EQ(schedule.Next(absl::Minutes(1))->source, 2U);
}

TEST(NextTurn, SharesTheProcessesWithWhatIsCheap) {
  Schedule schedule;
  schedule.Add({{.forecast = 20},
                {.forecast = 500},
                {.forecast = 500, .cost = absl::Seconds(1)},
                {.settled = true},
                {.forecast = kNeverSettled},
                {.ten_percent_excluded = true, .forecast = 12}});
  EXPECT_THAT(schedule.Next()->which, ElementsAre(0, 1, 5));
}

}  // namespace
}  // namespace perf
