// Which agent a program's user wants: rules, a model, or rules first and a model for the rest.
#ifndef PIPELINE_CHOICE_AGENT_CHOICE_H_
#define PIPELINE_CHOICE_AGENT_CHOICE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pipeline/agent/model/model_agent.h"
#include "pipeline/choice/flag_text.h"

namespace parlance::pipeline {

enum class AgentKind {
  // The demonstration's table of intents.
  kRules,
  kModel,
  // Rules answer what they know; the model takes the rest.
  kBoth,
};

struct AgentChoice {
  AgentKind kind = AgentKind::kRules;
  // What a model is asked with, unless there are rules alone; its tools are still to come.
  ModelAgentOptions model = {};
};

// The flags of a program, each as it was typed; one that was not given is empty.
struct AgentFlags {
  // --agent: rules, model or both.
  std::string agent = "rules";
  // --model_url, --model.
  std::string model_url = {};
  std::string model = {};
  // --model_key_file: a file with the key. Without it, the environment's OPENAI_API_KEY counts.
  std::string model_key_file = {};
  // --system_prompt: a file with instructions, in place of the usual ones.
  std::string system_prompt = {};
  // --model_timeout.
  absl::Duration model_timeout = absl::Seconds(25);
};

// `read`, `read_secret`: the content of a file, and of one with a key, as it was typed.
// InvalidArgument for what cannot be meant, by the flag's name; errors of the two. No error has
// anything of the key.
absl::StatusOr<AgentChoice> ChooseAgent(const AgentFlags& flags, const Environment& environment,
                                        const FlagFileReader& read,
                                        const FlagFileReader& read_secret);

}  // namespace parlance::pipeline

#endif  // PIPELINE_CHOICE_AGENT_CHOICE_H_
