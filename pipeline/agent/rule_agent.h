// An agent of rules: each intent that it is given leads to one tool.
#ifndef PIPELINE_AGENT_RULE_AGENT_H_
#define PIPELINE_AGENT_RULE_AGENT_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pipeline/agent/agent.h"
#include "pipeline/agent/deciding_agent.h"
#include "pipeline/speech/grammar.h"

namespace parlance::pipeline {

// A row of the table that an agent works by: how something is said, and the call it leads to.
struct IntentRule {
  Intent intent;
  // `slots`: those of Parse. Called on threads that serve conversations: it must not wait.
  std::function<ToolCall(const std::map<std::string, std::string>& slots)> call;
};

// A table of such rows, checked. Immutable, so it may be used from any thread, by any number of
// agents.
class RuleSet {
 public:
  // Errors: those of Grammar::Create, and InvalidArgument for a row without a call.
  static absl::StatusOr<RuleSet> Create(const std::vector<IntentRule>& intents,
                                        const std::vector<GrammarRule>& rules);

  // All that can be said, for a recogniser.
  const Grammar& grammar() const { return grammar_; }
  // The call that `text` leads to; nothing if it fits no intent.
  std::optional<ToolCall> CallFor(absl::string_view text) const;

 private:
  explicit RuleSet(Grammar grammar) : grammar_(std::move(grammar)) {}

  Grammar grammar_;
  // The calls, by the names of the intents.
  std::map<std::string, decltype(IntentRule::call)> calls_;
};

// The words that the agent says when it understands nothing.
inline constexpr char kNotUnderstood[] = "Sorry, I did not understand that.";

// The agent wants no history. `rules` must outlive it.
std::unique_ptr<DecidingAgent> CreateRuleAgent(const RuleSet* rules);

}  // namespace parlance::pipeline

#endif  // PIPELINE_AGENT_RULE_AGENT_H_
