#include "pipeline/agent_choice.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace parlance::pipeline {
namespace {

// Longer than any key, and than any instructions that leave room for a conversation.
constexpr size_t kMaxKeyBytes = 4096;
constexpr size_t kMaxInstructionBytes = 65536;

absl::StatusOr<std::string> ReadText(
    const std::function<absl::StatusOr<std::string>(absl::string_view path)>& read,
    absl::string_view flag, const std::string& path, size_t max_bytes) {
  if (path == "-") {
    return absl::InvalidArgumentError(absl::StrCat(flag, " - is standard input; name a file"));
  }
  absl::StatusOr<std::string> text = read(path);
  if (!text.ok()) {
    return absl::Status(text.status().code(), absl::StrCat(flag, ": ", text.status().message()));
  }
  absl::StripAsciiWhitespace(&*text);
  if (text->empty()) return absl::InvalidArgumentError(absl::StrCat(flag, ": ", path, " is empty"));
  if (text->size() > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(flag, ": ", path, " has more than ", max_bytes, " bytes"));
  }
  return text;
}

}  // namespace

absl::StatusOr<AgentChoice> ChooseAgent(
    const AgentFlags& flags, const std::function<const char*(const char* name)>& environment,
    const std::function<absl::StatusOr<std::string>(absl::string_view path)>& read) {
  AgentChoice choice;
  if (flags.agent == "model") {
    choice.kind = AgentKind::kModel;
  } else if (flags.agent == "both") {
    choice.kind = AgentKind::kBoth;
  } else if (flags.agent != "rules") {
    return absl::InvalidArgumentError(
        absl::StrCat("--agent is '", flags.agent, "', which is none of rules, model and both"));
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
    auto text = ReadText(read, "--system_prompt", flags.system_prompt, kMaxInstructionBytes);
    if (!text.ok()) return text.status();
    choice.model.instructions = *std::move(text);
  }
  if (!flags.model_key_file.empty()) {
    auto key = ReadText(read, "--model_key_file", flags.model_key_file, kMaxKeyBytes);
    if (!key.ok()) return key.status();
    choice.model.api_key = *std::move(key);
  } else if (const char* const key = environment("OPENAI_API_KEY"); key != nullptr) {
    choice.model.api_key = std::string(absl::StripAsciiWhitespace(key));
  }
  return choice;
}

}  // namespace parlance::pipeline
