// The flags of programs that say who decides: --agent, --model_url and theirs.
#ifndef PIPELINE_CHOICE_AGENT_FLAGS_H_
#define PIPELINE_CHOICE_AGENT_FLAGS_H_

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pipeline/choice/agent_choice.h"
#include "pipeline/choice/flag_text.h"

namespace parlance::pipeline {

// Their names, for a program's help.
std::vector<absl::string_view> AgentFlagNames();

// What the command line asks for, which was read before; a key comes from its file or the
// environment. `on_failure` is told each time that the model does not answer; from any thread, and
// it must not block. `read`, `read_secret` and errors: those of ChooseAgent.
absl::StatusOr<AgentChoice> AgentChoiceOfCommandLine(
    const FlagFileReader& read, const FlagFileReader& read_secret,
    const std::function<void(const absl::Status&)>& on_failure);

}  // namespace parlance::pipeline

#endif  // PIPELINE_CHOICE_AGENT_FLAGS_H_
