// All orders of events of overlapping turns are within the rules.
#include "pipeline/conversation/turn/testing/turn_orders.h"

#include <cstdio>
#include <set>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/conversation/turn/turn_machine.h"

namespace parlance::pipeline {
namespace {

struct OrdersCase {
  std::string name;
  TurnOrderBudget budget;
};

class TurnMachineOrders : public testing::TestWithParam<OrdersCase> {};

TEST_P(TurnMachineOrders, AreAllWithinTheRules) {
  const TurnOrders orders = ExploreTurnOrders(GetParam().budget);
  std::printf("%s: %zu states, %lld steps, %.3g orders of events\n", GetParam().name.c_str(),
              orders.num_states, static_cast<long long>(orders.num_steps), orders.num_orders);
  EXPECT_GT(orders.num_orders, 1000);
}

INSTANTIATE_TEST_SUITE_P(
    , TurnMachineOrders,
    testing::Values(
        OrdersCase{.name = "OneTurn",
                   .budget = {.utterances = 1, .pauses = 2, .pieces = 2, .steps = 1}},
        OrdersCase{.name = "TwoTurns", .budget = {.pauses = 2, .pieces = 2}},
        OrdersCase{.name = "TwoTurnsWithCalls", .budget = {.pieces = 1, .steps = 1, .calls = 2}},
        OrdersCase{.name = "ThreeUtterances",
                   .budget = {.utterances = 3, .pauses = 0, .resumes = 0, .pieces = 1}},
        OrdersCase{.name = "Failures", .budget = {.pauses = 0, .pieces = 2, .failures = 2}},
        OrdersCase{.name = "Sounds",
                   .budget = {.pauses = 0, .resumes = 0, .onsets = 2, .pieces = 1, .failures = 1}},
        OrdersCase{.name = "Announcements",
                   .budget = {.pauses = 0, .resumes = 0, .onsets = 1, .announcements = 1}},
        OrdersCase{.name = "Cancellations",
                   .budget = {.pauses = 0, .resumes = 0, .pieces = 2, .cancellations = 2}},
        OrdersCase{
            .name = "CancelledCalls",
            .budget = {.pauses = 1, .resumes = 0, .pieces = 1, .steps = 1, .cancellations = 1}},
        OrdersCase{.name = "HangUp",
                   .budget = {.pauses = 1, .resumes = 0, .pieces = 1, .steps = 1, .hang_ups = 1}}),
    [](const auto& info) { return info.param.name; });

// The explorations reach every row of the table, and every way in which a turn can end.
TEST(TurnMachineOrdersTest, ReachEveryRow) {
  std::set<std::pair<TurnPhase, TurnEventKind>> seen;
  std::set<TurnEnding> endings;
  for (const TurnOrderBudget& budget :
       {TurnOrderBudget{.utterances = 3, .pieces = 1},
        TurnOrderBudget{.utterances = 1, .pieces = 1, .failures = 1, .hang_ups = 1}}) {
    const TurnOrders orders = ExploreTurnOrders(budget);
    seen.insert(orders.seen.begin(), orders.seen.end());
    endings.insert(orders.endings.begin(), orders.endings.end());
  }
  for (const PhaseChange& change : kPhaseChanges) {
    EXPECT_THAT(seen, testing::Contains(std::pair(change.from, change.event)))
        << TurnPhaseName(change.from) << ", " << TurnEventName(change.event);
  }
  EXPECT_EQ(endings.size(), 5u);
}

}  // namespace
}  // namespace parlance::pipeline
