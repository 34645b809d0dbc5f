// What one conversation brings with it for its agent: instructions, and tools of the client's own.
#ifndef PIPELINE_AGENT_AGENT_SETTINGS_H_
#define PIPELINE_AGENT_AGENT_SETTINGS_H_

#include <optional>
#include <string>
#include <vector>

namespace parlance::pipeline {

// A tool that an agent may call.
struct OfferedTool {
  // 1 to 64 letters, digits, _ and -.
  std::string name;
  // For whoever chooses a tool: what it does, when to use it.
  std::string description = {};
  // JSON Schema of the arguments, an object.
  std::string parameters = {};
};

// Never changes: a conversation that has other settings from now on has another object.
struct AgentSettings {
  // Added to the agent's own.
  std::string instructions = {};
  // Beside those that the agent has anyway; of two with one name, the client's counts.
  std::vector<OfferedTool> tools = {};
  // "auto", "none", "required", or the name of the tool that has to be called.
  std::string tool_choice = "auto";
  // Not set: what the agent has otherwise. The temperature is 0 to 2.
  std::optional<double> temperature = {};
  std::optional<int> max_output_tokens = {};
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_AGENT_AGENT_SETTINGS_H_
