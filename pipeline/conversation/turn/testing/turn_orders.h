// Explores the turn machine: every order in which events can come.
//
// From the first state, each event that may come next is tried, and from each state that this leads
// to, and so on; states that were seen before are not entered again, so that the orders counted are
// far more than the steps taken. After each step three things have to hold: what the machine orders
// may be ordered now (a recogniser is not finished twice, nothing is released that is not stored,
// …); a second writing of the rules, made in another manner, wants the very same things to be under
// way; and events about what is over change nothing. Where no event can come, the machine is at
// rest.
#ifndef PIPELINE_CONVERSATION_TURN_TESTING_TURN_ORDERS_H_
#define PIPELINE_CONVERSATION_TURN_TESTING_TURN_ORDERS_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>

#include "pipeline/conversation/turn/turn_machine.h"

namespace parlance::pipeline {

// What may happen, and how often.
struct TurnOrderBudget {
  int utterances = 2;
  int pauses = 1;
  int resumes = 1;
  // Sounds over an answer that may be speech.
  int onsets = 0;
  // For each attempt: pieces of the answer, steps with calls, calls in each.
  int pieces = 1;
  int steps = 0;
  int calls = 1;
  // Failures of the agent, the synthesiser and the store together.
  int failures = 0;
  int announcements = 0;
  int cancellations = 0;
  int hang_ups = 0;

  friend bool operator==(const TurnOrderBudget&, const TurnOrderBudget&) = default;
};

struct TurnOrders {
  // Different states, steps from one to the next, and orders of events from the first to a last.
  size_t num_states = 0;
  int64_t num_steps = 0;
  double num_orders = 0;
  // Which events came in which phases, and how turns ended.
  std::set<std::pair<TurnPhase, TurnEventKind>> seen = {};
  std::set<TurnEnding> endings = {};
};

// Failures are those of the test that calls it; the first ends the exploration, and tells the
// events that led there.
TurnOrders ExploreTurnOrders(const TurnOrderBudget& budget);

}  // namespace parlance::pipeline

#endif  // PIPELINE_CONVERSATION_TURN_TESTING_TURN_ORDERS_H_
