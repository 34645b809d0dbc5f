// What a model is asked with: the body of POST /v1/chat/completions
// (platform.openai.com/docs/api-reference/chat/create).
//
//   instructions ─► system        the agent's, the conversation's, and those in the history
//   history      ─► user, assistant, tool …    as many whole turns, the last ones, as the budget
//   has this turn    ─► user, and what was said and called so far
//
// What the session has is made into what every server's chat template takes: each call has its
// output after it (one that has none was cancelled, and says so), no output is without its call,
// user and assistant take turns, and calls have ids of nine letters and digits.
#ifndef PIPELINE_AGENT_MODEL_PROMPT_H_
#define PIPELINE_AGENT_MODEL_PROMPT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pipeline/agent/agent.h"
#include "pipeline/agent/agent_settings.h"

namespace parlance::pipeline {

struct PromptOptions {
  std::string model = {};
  // The instructions of the agent; a conversation's are added to them.
  std::string instructions = {};
  // The agent's own tools.
  std::vector<OfferedTool> tools = {};
  std::optional<double> temperature = {};
  std::optional<int> max_output_tokens = {};
  // True if the bound of the output is called max_completion_tokens, as OpenAI's newer models do.
  bool says_max_completion_tokens = false;
  // How long the prompt may be, estimated at four bytes a token. The instructions, the tools and
  // this turn are sent whatever they take; the oldest turns are left out until the rest fits.
  int max_prompt_tokens = 6000;
  // What of a tool's output is more than this is left out, and the model is told so.
  size_t max_output_bytes = 16384;
};

// More tools than these are not offered: servers refuse long lists.
inline constexpr size_t kMaxOfferedTools = 128;

// What the model is told in place of words that were not understood. The recogniser's guess is not
// told: it is the nearest of what the recogniser knows, and may have nothing of what was said.
inline constexpr absl::string_view kNotUnderstoodByRecognizer = "(unintelligible)";

std::string PromptBody(const PromptOptions& options, const AgentInput& input);

}  // namespace parlance::pipeline

#endif  // PIPELINE_AGENT_MODEL_PROMPT_H_
