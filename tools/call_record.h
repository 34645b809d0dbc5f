// The record of a call that is over: for logs, traces and the conversation's store.
#ifndef TOOLS_CALL_RECORD_H_
#define TOOLS_CALL_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/call_scheduler.h"
#include "tools/tool_definition.h"

namespace parlance::tools {

struct CallRecord {
  // The id that the model or the client gave the call; empty if it gave none.
  std::string id;
  std::string name;
  // DigestOf the arguments' text: tells calls apart without keeping what was said.
  uint64_t arguments_digest = 0;
  absl::Time start;
  // The times from the start until the arguments were read and accepted, until a handler was first
  // entered, if one was, and until the end.
  absl::Duration validated = {};
  std::optional<absl::Duration> running = {};
  absl::Duration ended = {};
  int num_attempts = 0;
  int num_progress = 0;
  // The state in which the call ended.
  CallState ending = CallState::kFailed;
  // Why a call has not succeeded.
  std::optional<ToolErrorKind> error = {};

  // The record as one JSON object. Its names are those of OpenTelemetry's semantic conventions for
  // generative AI (gen_ai.tool.name, gen_ai.tool.call.id, error.type; gen_ai.execute_tool.duration
  // in seconds), and parlance.tool.… for what those do not have.
  std::string ToJson() const;
};

// FNV-1a, 64 bits (Fowler, Noll, Vo): the same on every machine. Hides nothing from somebody who
// can guess the text.
uint64_t DigestOf(absl::string_view text);

}  // namespace parlance::tools

#endif  // TOOLS_CALL_RECORD_H_
