#include "pipeline/choice/agent_flags.h"

#include <cstdlib>
#include <string>

#include "absl/flags/flag.h"
#include "absl/time/time.h"

ABSL_FLAG(
    std::string, agent, "rules",
    "What decides the answers: rules, a language model (model), or both, where rules answer what "
    "they know, and the model takes the rest of what was understood.");
ABSL_FLAG(std::string, model_url, "",
          "The model's server, which speaks as OpenAI's does (/v1/chat/completions), such as "
          "http://localhost:8080/v1. What was said is sent there, and the results of tools.");
ABSL_FLAG(std::string, model, "", "The model's name, as its server knows it.");
ABSL_FLAG(std::string, model_key_file, "",
          "A file with the key for the model's server. It must not be readable by others. If it is "
          "not given, the environment variable OPENAI_API_KEY is used.");
ABSL_FLAG(std::string, system_prompt, "",
          "A file with instructions for the model, in place of the usual ones.");
ABSL_FLAG(absl::Duration, model_timeout, absl::Seconds(25),
          "How long the model may take for an answer, with all tries, such as 10s.");

namespace parlance::pipeline {

std::vector<absl::string_view> AgentFlagNames() {
  return {"agent", "model_url", "model", "model_key_file", "system_prompt", "model_timeout"};
}

absl::StatusOr<AgentChoice> AgentChoiceOfCommandLine(
    const FlagFileReader& read, const FlagFileReader& read_secret,
    const std::function<void(const absl::Status&)>& on_failure) {
  absl::StatusOr<AgentChoice> agent =
      ChooseAgent({.agent = absl::GetFlag(FLAGS_agent),
                   .model_url = absl::GetFlag(FLAGS_model_url),
                   .model = absl::GetFlag(FLAGS_model),
                   .model_key_file = absl::GetFlag(FLAGS_model_key_file),
                   .system_prompt = absl::GetFlag(FLAGS_system_prompt),
                   .model_timeout = absl::GetFlag(FLAGS_model_timeout)},
                  std::getenv, read, read_secret);
  if (agent.ok()) agent->model.on_failure = on_failure;
  return agent;
}

}  // namespace parlance::pipeline
