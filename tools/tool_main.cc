// Lists, calls, serves and checks tools.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "rapidjson/document.h"
#include "rapidjson/prettywriter.h"
#include "rapidjson/stringbuffer.h"
#include "tools/builtin/builtin_tools.h"
#include "tools/builtin/in_memory_stores.h"
#include "tools/command_line.h"
#include "tools/executor.h"
#include "tools/json_value.h"
#include "tools/mcp/connect.h"
#include "tools/mcp/register_tools.h"
#include "tools/mcp/serve_stdio.h"
#include "tools/process_tool.h"
#include "tools/registry.h"
#include "tools/tool_json.h"
#include "tools/validate_command.h"

ABSL_FLAG(std::string, mcp, "",
          "The tools of a Model Context Protocol server: a command line, or an http(s) URL.");
ABSL_FLAG(std::string, tools, "", "The tools of a file, which are programs.");
ABSL_FLAG(bool, json, false, "Print JSON.");
ABSL_FLAG(std::string, format, "mcp", "Of --json, for list: mcp or openai.");
ABSL_FLAG(absl::Duration, timeout, absl::Seconds(30), "call: how long at most.");
ABSL_FLAG(bool, record, false, "call: also print what the call took and how it ended.");
ABSL_FLAG(bool, stdio, false, "serve: over standard input and output.");
ABSL_FLAG(std::string, output, "", "import: a file for what can be used.");

namespace parlance::tools {
namespace {

constexpr char kUsage[] = R"(Lists, calls, serves and checks tools.

  tool COMMAND [ARGUMENT...] [FLAG...]

Commands:
  list                     the tools there are                    [--json [--format mcp|openai]]
  describe NAME            one tool, with the schema of its arguments                   [--json]
  call NAME [ARGUMENTS]    call it; ARGUMENTS is a JSON object    [--timeout] [--json] [--record]
  serve --stdio            offer the tools to a Model Context Protocol client
  import [FILE]            check definitions of tools, as OpenAI or MCP write them, of a file or of
                           --mcp; - reads standard input                        [--output FILE]
  validate                 check a value against a JSON Schema (2020-12)
                           --schema FILE --instance FILE, or --batch FILE

Which tools: the built-in ones (calculator, clock, convert_units, notes, search_conversation,
timers), or else
  --mcp SERVER             those of a Model Context Protocol server: a command line, which is started,
                           or a URL (streamable HTTP)
  --tools FILE             programs: {"tools":[{"name": ..., "description": ..., "inputSchema": ...,
                           "command": ["PROGRAM", "ARGUMENT"...]}]}; a program reads its arguments from
                           standard input and writes one JSON value

Other flags:
  --json                   print JSON
  --format mcp|openai      of list --json (default: mcp)
  --timeout 30s            of call
  --record                 after call, a line of JSON on standard error: times, attempts, ending
  --output FILE            of import: what can be used, as MCP writes it
  --schema FILE            the schema; - reads standard input
  --instance FILE          the value; - reads standard input
  --batch FILE             JSON Lines, each {"schema": ..., "instance": ..., "id": ...}, of which "id"
                           may be missing; prints a line of JSON for each. - reads standard input

Examples:
  tool call convert_units '{"value":3,"from":"mile","to":"km"}'
  tool list --mcp 'npx -y @modelcontextprotocol/server-everything'
  tool serve --stdio

Exit code: 0 if all went well; 1 if the tool failed, a value is invalid or a definition cannot be used;
2 if a schema is refused, a file unreadable, a server not to be reached, or the command line wrong.
)";

// Nobody has said anything to a command.
class NoConversation : public ConversationSearch {
 public:
  absl::StatusOr<std::vector<std::string>> Search(absl::string_view, int) override {
    return std::vector<std::string>();
  }
};

std::vector<std::string> WordsOf(const rapidjson::Value& command) {
  std::vector<std::string> words;
  if (!command.IsArray()) return words;
  for (const rapidjson::Value& word : command.GetArray()) {
    if (!word.IsString()) return {};
    words.emplace_back(word.GetString(), word.GetStringLength());
  }
  return words;
}

absl::Status RegisterPrograms(const std::string& text, ToolRegistry& registry) {
  absl::StatusOr<std::vector<Tool>> tools = ReadTools(text);
  if (!tools.ok()) return tools.status();
  rapidjson::Document document;
  ParseJson(text, document);
  const rapidjson::Value* list = &document;
  if (document.IsObject() && document.HasMember("tools")) list = &document["tools"];
  for (size_t i = 0; i < tools->size(); ++i) {
    Tool& tool = (*tools)[i];
    const rapidjson::Value& entry =
        list->IsArray() ? (*list)[static_cast<rapidjson::SizeType>(i)] : *list;
    const auto command = entry.FindMember("command");
    std::vector<std::string> words =
        command == entry.MemberEnd() ? std::vector<std::string>() : WordsOf(command->value);
    if (words.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("tool '", tool.name, "' has no \"command\", an array of words"));
    }
    tool.handler = ProcessHandler({.words = std::move(words)});
    if (absl::Status registered = registry.Register(std::move(tool)); !registered.ok()) {
      return registered;
    }
  }
  return absl::OkStatus();
}

// The tools that the flags choose, and what they need.
class Toolbox {
 public:
  absl::Status Open() {
    const std::string server = absl::GetFlag(FLAGS_mcp);
    const std::string file = absl::GetFlag(FLAGS_tools);
    if (!server.empty()) {
      if (absl::Status connected = Connect(server); !connected.ok()) return connected;
    }
    if (!file.empty()) {
      absl::StatusOr<std::string> text = ReadFile(file);
      if (!text.ok()) return text.status();
      if (absl::Status read = RegisterPrograms(*text, registry_); !read.ok()) {
        return absl::Status(read.code(), absl::StrCat(file, ": ", read.message()));
      }
    }
    if (server.empty() && file.empty()) {
      if (absl::Status registered = RegisterBuiltinTools({.now = [] { return absl::Now(); },
                                                          .local_zone = absl::LocalTimeZone(),
                                                          .notes = &notes_,
                                                          .conversation = &conversation_,
                                                          .timers = &timers_},
                                                         registry_);
          !registered.ok()) {
        return registered;
      }
    }
    absl::StatusOr<std::unique_ptr<ToolExecutor>> executor =
        ToolExecutor::Create(&registry_, {.max_argument_bytes = size_t{4} << 20});
    if (!executor.ok()) return executor.status();
    executor_ = *std::move(executor);
    return absl::OkStatus();
  }

  ToolRegistry& registry() { return registry_; }
  ToolExecutor& executor() { return *executor_; }
  const std::vector<mcp::RegisteredMcpTools::Skipped>& skipped() const { return skipped_; }

 private:
  absl::Status Connect(const std::string& server) {
    const bool is_url = absl::StartsWith(server, "http://") || absl::StartsWith(server, "https://");
    // A shell reads the words, as it would at a prompt, and becomes the server.
    auto client = is_url ? mcp::ConnectHttp(server)
                         : mcp::ConnectStdio({"/bin/sh", "-c", absl::StrCat("exec ", server)});
    if (!client.ok()) {
      return absl::Status(client.status().code(),
                          absl::StrCat("cannot use '", server, "': ", client.status().message()));
    }
    absl::StatusOr<mcp::RegisteredMcpTools> tools =
        mcp::RegisterMcpTools(std::shared_ptr<mcp::Client>(*std::move(client)), registry_, "");
    if (!tools.ok()) {
      return absl::Status(tools.status().code(), absl::StrCat("cannot list the tools of '", server,
                                                              "': ", tools.status().message()));
    }
    skipped_ = std::move(tools->skipped);
    return absl::OkStatus();
  }

  InMemoryNoteStore notes_;
  InMemoryTimerStore timers_;
  NoConversation conversation_;
  ToolRegistry registry_;
  std::vector<mcp::RegisteredMcpTools::Skipped> skipped_;
  std::unique_ptr<ToolExecutor> executor_;
};

void WarnOfSkipped(const Toolbox& toolbox) {
  for (const auto& [name, reason] : toolbox.skipped()) {
    std::fprintf(stderr, "tool: '%s' cannot be used: %s\n", name.c_str(), reason.c_str());
  }
}

std::string Pretty(const std::string& json) {
  rapidjson::Document document;
  if (ParseJson(json, document).has_value()) return json;
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', 2);
  document.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

// Of a description, what fits a line.
std::string FirstLine(const std::string& text) {
  constexpr size_t kMost = 90;
  std::string line = text.substr(0, text.find('\n'));
  if (line.size() <= kMost) return line;
  size_t end = kMost;
  // Not inside of a character.
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
  return absl::StrCat(line.substr(0, end), "…");
}

int List(const std::vector<std::string>&) {
  const std::string format = absl::GetFlag(FLAGS_format);
  if (format != "mcp" && format != "openai") {
    return WrongUse(absl::StrCat("there is no format '", format, "'"));
  }
  Toolbox toolbox;
  if (absl::Status opened = toolbox.Open(); !opened.ok()) return Refuse(opened.message());
  WarnOfSkipped(toolbox);
  const std::vector<ToolPtr> tools = toolbox.registry().List();
  if (absl::GetFlag(FLAGS_json)) {
    std::printf("%s\n", (format == "mcp" ? McpToolsJson(tools) : OpenAiToolsJson(tools)).c_str());
    return kSuccess;
  }
  size_t width = 4;
  for (const ToolPtr& tool : tools) width = std::max(width, tool->tool.name.size());
  std::printf("%-*s  %s\n", static_cast<int>(width), "NAME", "DESCRIPTION");
  for (const ToolPtr& tool : tools) {
    std::printf("%-*s  %s\n", static_cast<int>(width), tool->tool.name.c_str(),
                FirstLine(tool->tool.description).c_str());
  }
  return kSuccess;
}

int Describe(const std::vector<std::string>& arguments) {
  Toolbox toolbox;
  if (absl::Status opened = toolbox.Open(); !opened.ok()) return Refuse(opened.message());
  const ToolPtr found = toolbox.registry().Find(arguments[0]);
  if (found == nullptr) {
    return Refuse(absl::StrCat("there is no tool '", arguments[0], "'; `tool list` has them"));
  }
  const Tool& tool = found->tool;
  if (absl::GetFlag(FLAGS_json)) {
    rapidjson::StringBuffer buffer;
    JsonWriter writer(buffer);
    WriteMcpTool(tool, writer);
    std::printf("%s\n", buffer.GetString());
    return kSuccess;
  }
  const auto yes_or_no = [](bool yes) { return yes ? "yes" : "no"; };
  std::printf("%s%s%s\n%s\n\n", tool.name.c_str(), tool.title.empty() ? "" : ": ",
              tool.title.c_str(), tool.description.c_str());
  std::printf("read-only: %s, destructive: %s, idempotent: %s, open world: %s\n",
              yes_or_no(tool.annotations.read_only), yes_or_no(tool.annotations.destructive),
              yes_or_no(tool.annotations.idempotent), yes_or_no(tool.annotations.open_world));
  std::printf("\nArguments:\n%s\n", Pretty(tool.parameters).c_str());
  if (!tool.result_schema.empty()) {
    std::printf("\nResult:\n%s\n", Pretty(tool.result_schema).c_str());
  }
  return kSuccess;
}

int Call(const std::vector<std::string>& arguments) {
  if (absl::GetFlag(FLAGS_timeout) <= absl::ZeroDuration()) {
    return WrongUse("--timeout has to be positive");
  }
  Toolbox toolbox;
  if (absl::Status opened = toolbox.Open(); !opened.ok()) return Refuse(opened.message());
  // A person who waits for more than two seconds sees that something happens.
  const bool show_progress = isatty(STDERR_FILENO) != 0;
  ToolRequest request{.name = arguments[0],
                      .arguments = arguments.size() > 1 ? arguments[1] : "",
                      .timeout = absl::GetFlag(FLAGS_timeout)};
  if (show_progress) {
    request.on_progress = [](const ToolProgress& progress) {
      std::fprintf(stderr, "%g%s %s\n", progress.progress,
                   progress.total.has_value() ? absl::StrCat(" of ", *progress.total).c_str() : "",
                   progress.message.c_str());
    };
  }
  const ToolResponse response = toolbox.executor().Execute(request);
  if (absl::GetFlag(FLAGS_record)) {
    std::fprintf(stderr, "%s\n", response.record.ToJson().c_str());
  }
  if (const auto* error = std::get_if<ToolError>(&response.result)) {
    std::fprintf(stderr, "tool: %s: %s\n", std::string(ToolErrorName(error->kind)).c_str(),
                 error->message.c_str());
    return error->kind == ToolErrorKind::kUnknownTool ? kRefused : kFailure;
  }
  const auto& output = std::get<ToolOutput>(response.result);
  std::printf("%s\n", (absl::GetFlag(FLAGS_json) ? output.json : output.text).c_str());
  return kSuccess;
}

int Serve(const std::vector<std::string>&) {
  if (!absl::GetFlag(FLAGS_stdio)) return WrongUse("serve needs --stdio: how to serve");
  Toolbox toolbox;
  if (absl::Status opened = toolbox.Open(); !opened.ok()) return Refuse(opened.message());
  WarnOfSkipped(toolbox);
  const absl::Status served =
      mcp::ServeStdio(&toolbox.registry(), &toolbox.executor(), STDIN_FILENO, STDOUT_FILENO);
  return served.ok() ? kSuccess : Refuse(served.message());
}

absl::StatusOr<ToolOutput> CannotBeCalled(const rapidjson::Value&, const ToolContext&) {
  return absl::UnimplementedError("a definition has no handler");
}

int Import(const std::vector<std::string>& arguments) {
  if (arguments.empty() == absl::GetFlag(FLAGS_mcp).empty()) {
    return WrongUse("import takes a file, or --mcp");
  }
  ToolRegistry registry;
  std::vector<std::pair<std::string, std::string>> refused;
  std::vector<ToolPtr> tools;
  Toolbox toolbox;
  if (arguments.empty()) {
    if (absl::Status opened = toolbox.Open(); !opened.ok()) return Refuse(opened.message());
    tools = toolbox.registry().List();
    for (const auto& [name, reason] : toolbox.skipped()) refused.emplace_back(name, reason);
  } else {
    absl::StatusOr<std::string> text = ReadFile(arguments[0]);
    if (!text.ok()) return Refuse(text.status().message());
    absl::StatusOr<std::vector<Tool>> read = ReadTools(*text);
    if (!read.ok()) return Refuse(absl::StrCat(arguments[0], ": ", read.status().message()));
    for (Tool& tool : *read) {
      const std::string name = tool.name;
      tool.handler = CannotBeCalled;
      if (absl::Status registered = registry.Register(std::move(tool)); !registered.ok()) {
        refused.emplace_back(name, registered.message());
      }
    }
    tools = registry.List();
  }
  for (const ToolPtr& tool : tools) std::printf("%s: can be used\n", tool->tool.name.c_str());
  for (const auto& [name, reason] : refused) {
    std::printf("%s: refused: %s\n", name.c_str(), reason.c_str());
  }
  if (const std::string path = absl::GetFlag(FLAGS_output); !path.empty()) {
    std::ofstream file(UserPath(path), std::ios::binary);
    file << Pretty(McpToolsJson(tools)) << "\n";
    if (!file.flush()) return Refuse(absl::StrCat("cannot write ", path));
  }
  return refused.empty() ? kSuccess : kFailure;
}

struct Command {
  const char* name;
  // Of arguments after the name.
  size_t fewest;
  size_t most;
  int (*run)(const std::vector<std::string>& arguments);
};

constexpr Command kCommands[] = {
    {"list", 0, 0, List},   {"describe", 1, 1, Describe}, {"call", 1, 2, Call},
    {"serve", 0, 0, Serve}, {"import", 0, 1, Import},     {"validate", 0, 0, ValidateCommand},
};

// What Abseil would end the program for, with the exit code of an invalid value.
std::optional<std::string> WrongFlag(absl::string_view argument, bool is_last) {
  if (argument.size() < 2 || argument[0] != '-') return std::nullopt;
  argument.remove_prefix(argument[1] == '-' ? 2 : 1);
  const absl::string_view name = argument.substr(0, argument.find('='));
  const absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
  if (flag == nullptr && absl::StartsWith(name, "no")) {
    flag = absl::FindCommandLineFlag(name.substr(2));
    if (flag != nullptr && !flag->IsOfType<bool>()) flag = nullptr;
  }
  if (flag == nullptr) return absl::StrCat("there is no flag '", name, "'");
  if (is_last && name == argument && !flag->IsOfType<bool>()) {
    return absl::StrCat("--", name, " needs a value");
  }
  return std::nullopt;
}

int Main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const absl::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h" || argument == "-help" || argument == "help") {
      std::fputs(kUsage, stdout);
      return 0;
    }
    if (const std::optional<std::string> wrong = WrongFlag(argument, i + 1 == argc)) {
      return WrongUse(*wrong);
    }
  }
  const std::vector<char*> words = absl::ParseCommandLine(argc, argv);
  if (words.size() < 2) return WrongUse("no command is given");
  const std::string name = words[1];
  const auto* const command =
      std::find_if(std::begin(kCommands), std::end(kCommands),
                   [&](const Command& candidate) { return name == candidate.name; });
  if (command == std::end(kCommands)) {
    return WrongUse(absl::StrCat("there is no command '", name, "'"));
  }
  const std::vector<std::string> arguments(words.begin() + 2, words.end());
  if (arguments.size() < command->fewest || arguments.size() > command->most) {
    return WrongUse(absl::StrCat(name, " takes ",
                                 command->most == 0   ? "no argument"
                                 : command->most == 1 ? "one argument"
                                                      : "a name and its arguments"));
  }
  return command->run(arguments);
}

}  // namespace
}  // namespace parlance::tools

int main(int argc, char** argv) { return parlance::tools::Main(argc, argv); }
