#include "pipeline/choice/agent_choice.h"

#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace parlance::pipeline {
namespace {

// Longer than any instructions that leave room for a conversation.
constexpr size_t kMaxInstructionBytes = 65536;

}  // namespace

absl::StatusOr<AgentChoice> ChooseAgent(const AgentFlags& flags, const Environment& environment,
                                        const FlagFileReader& read,
                                        const FlagFileReader& read_secret) {
  AgentChoice choice;
  if (flags.agent == "model") {
    choice.kind = AgentKind::kModel;
  } else if (flags.agent == "both") {
    choice.kind = AgentKind::kBoth;
  } else if (flags.agent != "rules") {
    return absl::InvalidArgumentError(
        absl::StrCat("--agent is '", flags.agent, "', which is not one of rules, model and both"));
  }
  if (choice.kind == AgentKind::kRules) {
    for (const auto& [flag, value] :
         {std::pair{"--model_url", &flags.model_url}, std::pair{"--model", &flags.model},
          std::pair{"--model_key_file", &flags.model_key_file},
          std::pair{"--system_prompt", &flags.system_prompt}}) {
      if (value->empty()) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(flag, " needs --agent model, or --agent both: rules ask no model"));
    }
    return choice;
  }
  if (flags.model_url.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--model_url is missing: where the model's server is, such as "
                     "http://localhost:8080/v1, as --agent ",
                     flags.agent, " asks a model"));
  }
  if (flags.model.empty()) {
    return absl::InvalidArgumentError(
        "--model is missing: the model's name, as its server knows it (it lists them at "
        "/v1/models)");
  }
  if (flags.model_timeout <= absl::ZeroDuration() || flags.model_timeout > absl::Minutes(10)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--model_timeout=", absl::FormatDuration(flags.model_timeout),
                     " is not more than 0 and at most 10m"));
  }
  choice.model.url = flags.model_url;
  choice.model.model = flags.model;
  choice.model.timeout = flags.model_timeout;
  if (!flags.system_prompt.empty()) {
    auto text = ReadFlagText(read, "--system_prompt", flags.system_prompt, kMaxInstructionBytes);
    if (!text.ok()) return text.status();
    choice.model.instructions = *std::move(text);
  }
  auto key =
      ReadKey(read_secret, "--model_key_file", flags.model_key_file, environment, "OPENAI_API_KEY");
  if (!key.ok()) return key.status();
  choice.model.api_key = *std::move(key);
  return choice;
}

}  // namespace parlance::pipeline
