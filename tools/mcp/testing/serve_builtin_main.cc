// Serves the built-in tools and one that takes its time over standard input and output, for clients
// that others wrote. The first argument is the size of a page.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "rapidjson/document.h"
#include "tools/builtin/builtin_tools.h"
#include "tools/builtin/in_memory_stores.h"
#include "tools/executor.h"
#include "tools/mcp/serve_stdio.h"
#include "tools/registry.h"
#include "tools/testing/fixed_conversation.h"
#include "tools/tool_definition.h"

namespace parlance::tools {
namespace {

absl::StatusOr<ToolOutput> Slow(const rapidjson::Value& arguments, const ToolContext& context) {
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::milliseconds(arguments["milliseconds"].GetInt());
  while (std::chrono::steady_clock::now() < end) {
    if (context.cancelled) return absl::CancelledError("nobody waits any more");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return ToolOutput{.json = R"({"done":true})", .text = "It is done."};
}

int Main(int argc, char** argv) {
  mcp::ServerOptions options;
  options.name = "parlance-test";
  options.instructions = "Tools of a voice agent.";
  if (argc > 1 && (!absl::SimpleAtoi(argv[1], &options.page_size) || options.page_size == 0)) {
    std::fputs("serve_builtin: the argument must be the size of a page, 1 or more\n", stderr);
    return 2;
  }
  ToolRegistry registry;
  InMemoryNoteStore notes;
  InMemoryTimerStore timers;
  FixedConversation conversation({"the train leaves at nine"});
  Tool slow;
  slow.name = "slow";
  slow.description = "Takes its time.";
  slow.parameters =
      R"({"type":"object","properties":{"milliseconds":{"type":"integer","minimum":0,)"
      R"("maximum":100000}},"required":["milliseconds"]})";
  slow.handler = Slow;
  absl::Status status = RegisterBuiltinTools({.now = [] { return absl::Now(); },
                                              .local_zone = absl::UTCTimeZone(),
                                              .notes = &notes,
                                              .conversation = &conversation,
                                              .timers = &timers},
                                             registry);
  if (status.ok()) status = registry.Register(std::move(slow));
  if (status.ok()) {
    const auto executor = *ToolExecutor::Create(&registry, {});
    status = mcp::ServeStdio(&registry, executor.get(), STDIN_FILENO, STDOUT_FILENO, options);
  }
  if (status.ok()) return 0;
  std::fprintf(stderr, "serve_builtin: %s\n", status.ToString().c_str());
  return 1;
}

}  // namespace
}  // namespace parlance::tools

int main(int argc, char** argv) { return parlance::tools::Main(argc, argv); }
