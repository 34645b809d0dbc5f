// The definition of a tool, and the results of calling one.
#ifndef TOOLS_TOOL_DEFINITION_H_
#define TOOLS_TOOL_DEFINITION_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rapidjson/document.h"

namespace parlance::tools {

// The output of a tool that did what it was asked.
struct ToolOutput {
  // A JSON object, for a program or a model.
  std::string json;
  // The same in a sentence that can be said aloud.
  std::string text;
};

enum class ToolErrorKind {
  // No tool has that name.
  kUnknownTool,
  // The arguments are not JSON, or not what the schema says. Worth another try with other ones.
  kInvalidArguments,
  kDeadlineExceeded,
  // Too many calls run at once.
  kOverloaded,
  // The caller, or the executor's end, cancelled it.
  kCancelled,
  // The tool itself could not do it: division by zero, no such note.
  kFailed,
  // What the tool needs is not there, such as a server that has died, or not now.
  kUnavailable,
};

// The kind's name: "unknown_tool", "invalid_arguments", …
constexpr absl::string_view ToolErrorName(ToolErrorKind kind) {
  switch (kind) {
    case ToolErrorKind::kUnknownTool:
      return "unknown_tool";
    case ToolErrorKind::kInvalidArguments:
      return "invalid_arguments";
    case ToolErrorKind::kDeadlineExceeded:
      return "deadline_exceeded";
    case ToolErrorKind::kOverloaded:
      return "overloaded";
    case ToolErrorKind::kCancelled:
      return "cancelled";
    case ToolErrorKind::kFailed:
      return "failed";
    case ToolErrorKind::kUnavailable:
      return "unavailable";
  }
  return "";
}

struct ToolError {
  ToolErrorKind kind = ToolErrorKind::kFailed;
  // Says what was wrong and what was expected, so that a model can correct itself.
  std::string message;
};

using ToolResult = std::variant<ToolOutput, ToolError>;

// How far a call has come. Says nothing of its result, and gives it no more time.
struct ToolProgress {
  double progress = 0;
  // The value that `progress` leads to, if it is known.
  std::optional<double> total = {};
  std::string message = {};
};

// The context of a call, as its handler sees it.
struct ToolContext {
  std::chrono::steady_clock::time_point deadline;
  // Set when nobody waits for the result any more. A handler that takes long looks at it and ends.
  const std::atomic<bool>& cancelled;
  // Whom the call is for, such as a conversation, where several use the same tools; empty if there
  // is only one. Valid until the handler returns.
  absl::string_view caller = {};
  // Null if nobody listens.
  const std::function<void(const ToolProgress&)>* on_progress = nullptr;
  // The text that the arguments were read from, for a handler that passes them on: a value has a
  // number as the nearest double. Empty if there was none. Valid until the handler returns.
  absl::string_view arguments_json = {};

  void ReportProgress(const ToolProgress& progress) const {
    if (on_progress != nullptr) (*on_progress)(progress);
  }
};

// Called with arguments that the schema has accepted, from any thread, and several times at once.
// The arguments live until it returns. An error status becomes ToolErrorKind::kFailed with its
// message; InvalidArgument becomes kInvalidArguments, DeadlineExceeded, Cancelled and Unavailable
// the kinds of those names. After Unavailable the call may be tried again.
using ToolHandler = std::function<absl::StatusOr<ToolOutput>(const rapidjson::Value& arguments,
                                                             const ToolContext&)>;

// What a caller may expect of a tool, and its defaults: the Model Context Protocol's (revision
// 2025-11-25, Server Features, Tools, ToolAnnotations).
struct ToolAnnotations {
  // The tool changes nothing.
  bool read_only = false;
  // The tool may undo or overwrite something, not only add to it.
  bool destructive = true;
  // Calling it again with the same arguments changes nothing more.
  bool idempotent = false;
  // The tool touches things beyond what the agent owns.
  bool open_world = true;

  bool MayRepeat() const { return read_only || idempotent; }
};

inline constexpr size_t kMaxToolNameSize = 64;
constexpr bool IsToolNameCharacter(char c) {
  return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') || c == '_' ||
         c == '-';
}

struct Tool {
  // 1 to 64 letters, digits, _ and -, as OpenAI and MCP require.
  std::string name;
  // The tool's name for people. Empty: its name.
  std::string title = {};
  // For whoever chooses a tool: what it does, when to use it.
  std::string description;
  // The tool's own version, in whatever form it counts.
  std::string version = {};
  // JSON Schema of the arguments, an object.
  std::string parameters;
  // JSON Schema of ToolOutput::json; empty if there is none.
  std::string result_schema = {};
  ToolAnnotations annotations = {};
  // The handler only computes, for microseconds: it never waits. It is run on the caller's thread,
  // which saves two thread switches; its deadline is looked at afterwards.
  bool computes_only = false;
  // How many calls of this tool may run at once, including those that have ended but whose handler
  // has not returned. 0: as many as the executor allows.
  int max_concurrency = 0;
  // The time for a call that states none. 0: the executor's default.
  absl::Duration timeout = absl::ZeroDuration();
  // How often at most a call is tried whose handler returns Unavailable. More than 1 only for tools
  // whose annotations allow it.
  int max_attempts = 1;
  ToolHandler handler;
};

}  // namespace parlance::tools

#endif  // TOOLS_TOOL_DEFINITION_H_
