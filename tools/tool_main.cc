// Lists, calls, serves and checks tools.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "command/exit_code.h"
#include "command/file/file_kind.h"
#include "command/file/input_file.h"
#include "command/file/output_file.h"
#include "command/local_zone.h"
#include "command/program.h"
#include "command/terminal/printable.h"
#include "rapidjson/document.h"
#include "rapidjson/stringbuffer.h"
#include "third_party/http_url.h"
#include "tools/builtin/builtin_tools.h"
#include "tools/builtin/in_memory_stores.h"
#include "tools/executor.h"
#include "tools/json/json_text.h"
#include "tools/json/json_value.h"
#include "tools/mcp/connect.h"
#include "tools/mcp/register_tools.h"
#include "tools/mcp/serve_stdio.h"
#include "tools/process/process_tool.h"
#include "tools/registry.h"
#include "tools/tool_json.h"
#include "tools/validate_command.h"

ABSL_FLAG(
    std::string, mcp, "",
    "Use the tools of a Model Context Protocol (MCP) server: the command line that starts it, or "
    "its URL (streamable HTTP).");
ABSL_FLAG(
    std::string, tools, "",
    "Use programs as tools. They are listed in a file: {\"tools\":[{\"name\": ..., "
    "\"description\": ..., "
    "\"inputSchema\": ..., \"command\": [\"PROGRAM\", \"ARGUMENT\"...]}]}. A program reads its "
    "arguments from standard input and writes one JSON value.");
ABSL_FLAG(bool, json, false, "Print JSON.");
ABSL_FLAG(std::string, format, "mcp", "The form that list --json prints: mcp or openai.");
ABSL_FLAG(absl::Duration, timeout, absl::Seconds(30), "How long a call may take.");
ABSL_FLAG(
    bool, record, false,
    "After the call, print times, attempts and the ending as a line of JSON on standard error.");
ABSL_FLAG(bool, stdio, false, "Serve over standard input and output.");
ABSL_FLAG(std::string, output, "",
          "Write the definitions that can be used to this file, in the form of MCP.");

namespace parlance::tools {
namespace {

// A search that finds nothing: a command has no conversation.
class NoConversation : public ConversationSearch {
 public:
  absl::StatusOr<std::vector<std::string>> Search(absl::string_view, absl::string_view,
                                                  int) override {
    return std::vector<std::string>();
  }
};

struct SkippedTool {
  std::string name;
  std::string reason;
};

// What the definitions of tools have that is not kept, by the tools' names.
using UnkeptByName = std::map<std::string, std::vector<std::string>>;

absl::Status RegisterPrograms(const std::string& text, ToolRegistry& registry,
                              std::vector<SkippedTool>& skipped, UnkeptByName& unkept_by_name) {
  absl::StatusOr<ToolDefinitions> definitions = ReadTools(text);
  if (!definitions.ok()) return definitions.status();
  for (auto& [name, reason] : definitions->refused) skipped.push_back({name, reason});
  for (auto& [tool, command, unkept] : definitions->tools) {
    const std::string name = tool.name;
    if (command.empty()) {
      skipped.push_back({name, "it has no \"command\", an array of words"});
      continue;
    }
    tool.handler = ProcessHandler({.words = std::move(command)});
    if (absl::Status registered = registry.Register(std::move(tool)); registered.ok()) {
      unkept_by_name[name] = std::move(unkept);
    } else {
      skipped.push_back({name, std::string(registered.message())});
    }
  }
  return absl::OkStatus();
}

// Whether it begins with a scheme (RFC 3986, section 3.1), whatever that is.
bool IsUrl(absl::string_view server) {
  const absl::string_view scheme = server.substr(0, server.find("://"));
  return scheme.size() < server.size() && !scheme.empty() &&
         std::all_of(scheme.begin(), scheme.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '-' ||
                  c == '.';
         });
}

// What messages call the server of --mcp. A URL may have a password or a key in it.
std::string ShownName(const std::string& server) {
  if (!IsUrl(server)) return absl::StrCat("'", server, "'");
  const absl::StatusOr<http_url::Url> url = http_url::Read(server);
  return url.ok() ? absl::StrCat("'", url->origin, "'") : "the server of --mcp";
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
      absl::StatusOr<std::string> text = command::ReadInput(file);
      if (!text.ok()) return text.status();
      if (absl::Status read = RegisterPrograms(*text, registry_, skipped_, unkept_); !read.ok()) {
        return absl::Status(read.code(),
                            absl::StrCat(command::InputName(file), ": ", read.message()));
      }
    }
    if (server.empty() && file.empty()) {
      if (absl::Status registered = RegisterBuiltinTools({.now = [] { return absl::Now(); },
                                                          .local_zone = command::LocalZone(),
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
  // Tools that cannot be used.
  const std::vector<SkippedTool>& skipped() const { return skipped_; }
  const UnkeptByName& unkept() const { return unkept_; }

 private:
  absl::Status Connect(const std::string& server) {
    // A shell reads the words, as it would at a prompt, and becomes the server.
    auto client = IsUrl(server)
                      ? mcp::ConnectHttp(server)
                      : mcp::ConnectStdio({"/bin/sh", "-c", absl::StrCat("exec ", server)});
    if (!client.ok()) {
      return absl::Status(client.status().code(), absl::StrCat("cannot use ", ShownName(server),
                                                               ": ", client.status().message()));
    }
    absl::StatusOr<mcp::RegisteredMcpTools> tools =
        mcp::RegisterMcpTools(std::shared_ptr<mcp::Client>(*std::move(client)), registry_, "");
    if (!tools.ok()) {
      return absl::Status(tools.status().code(),
                          absl::StrCat("cannot list the tools of ", ShownName(server), ": ",
                                       tools.status().message()));
    }
    for (auto& [name, reason] : tools->skipped) skipped_.push_back({name, reason});
    for (auto& tool : tools->registered) unkept_[tool.name] = std::move(tool.definition.unkept);
    if (!tools->cut_short.empty()) {
      command::Say(absl::StrCat("the list of tools is cut short: ", tools->cut_short));
    }
    return absl::OkStatus();
  }

  InMemoryNoteStore notes_;
  InMemoryTimerStore timers_;
  NoConversation conversation_;
  ToolRegistry registry_;
  std::vector<SkippedTool> skipped_;
  UnkeptByName unkept_;
  std::unique_ptr<ToolExecutor> executor_;
};

// Why a tool that is asked for is not there, if that is known.
void WarnOfSkipped(const Toolbox& toolbox, absl::string_view asked) {
  for (const auto& [name, reason] : toolbox.skipped()) {
    if (name == asked) command::Say(absl::StrCat("'", name, "' cannot be used: ", reason));
  }
}

void WarnOfSkipped(const Toolbox& toolbox) {
  for (const auto& [name, reason] : toolbox.skipped()) {
    command::Say(absl::StrCat("'", name, "' cannot be used: ", reason));
  }
}

// The part of a description that fits a line.
std::string FirstLine(const std::string& text) {
  return Shortened(command::PrintableLine(text.substr(0, text.find('\n'))), 90);
}

int List(const command::Arguments&) {
  const std::string format = absl::GetFlag(FLAGS_format);
  if (format != "mcp" && format != "openai") {
    return command::WrongUse(
        absl::StrCat("there is no format '", format, "'; --format is mcp or openai"));
  }
  Toolbox toolbox;
  if (absl::Status opened = toolbox.Open(); !opened.ok()) return command::Fail(opened);
  WarnOfSkipped(toolbox);
  const std::vector<ToolPtr> tools = toolbox.registry().List();
  if (absl::GetFlag(FLAGS_json)) {
    command::Print(absl::StrCat(
        command::PrintableJson(format == "mcp" ? McpToolsJson(tools) : OpenAiToolsJson(tools)),
        "\n"));
    return command::kDone;
  }
  size_t width = 4;
  for (const ToolPtr& tool : tools) width = std::max(width, tool->tool.name.size());
  const auto print = [width](const std::string& name, absl::string_view description) {
    command::Print(
        absl::StrCat(name, std::string(width - name.size(), ' '), "  ", description, "\n"));
  };
  print("NAME", "DESCRIPTION");
  for (const ToolPtr& tool : tools) print(tool->tool.name, FirstLine(tool->tool.description));
  return command::kDone;
}

int Describe(const command::Arguments& arguments) {
  Toolbox toolbox;
  if (absl::Status opened = toolbox.Open(); !opened.ok()) return command::Fail(opened);
  const ToolPtr found = toolbox.registry().Find(arguments[0]);
  if (found == nullptr) {
    WarnOfSkipped(toolbox, arguments[0]);
    return command::Fail(
        absl::StrCat("there is no tool '", arguments[0], "'; `tool list` shows all tools"));
  }
  const Tool& tool = found->tool;
  if (absl::GetFlag(FLAGS_json)) {
    rapidjson::StringBuffer buffer;
    JsonWriter writer(buffer);
    WriteMcpTool(tool, writer);
    command::Print(
        absl::StrCat(command::PrintableJson({buffer.GetString(), buffer.GetSize()}), "\n"));
    return command::kDone;
  }
  const auto yes_or_no = [](bool yes) { return yes ? "yes" : "no"; };
  command::Print(
      absl::StrCat(tool.name, tool.title.empty() ? "" : ": ", command::PrintableLine(tool.title),
                   "\n", command::Printable(tool.description),
                   "\n\nread-only: ", yes_or_no(tool.annotations.read_only),
                   ", destructive: ", yes_or_no(tool.annotations.destructive),
                   ", idempotent: ", yes_or_no(tool.annotations.idempotent),
                   ", open world: ", yes_or_no(tool.annotations.open_world), "\n\nArguments:\n",
                   command::PrintableJson(PrettyJson(tool.parameters)), "\n"));
  if (!tool.result_schema.empty()) {
    command::Print(
        absl::StrCat("\nResult:\n", command::PrintableJson(PrettyJson(tool.result_schema)), "\n"));
  }
  return command::kDone;
}

// A tool that reports an error has answered (kNo). One that could not be asked, or did not answer
// in time, or is gone, has not (kFailed).
int ExitCodeOf(ToolErrorKind kind) {
  return kind == ToolErrorKind::kFailed || kind == ToolErrorKind::kInvalidArguments
             ? command::kNo
             : command::kFailed;
}

int Call(const command::Arguments& arguments) {
  if (absl::GetFlag(FLAGS_timeout) <= absl::ZeroDuration()) {
    return command::WrongUse(absl::StrCat("--timeout must be positive, but is ",
                                          absl::FormatDuration(absl::GetFlag(FLAGS_timeout))));
  }
  Toolbox toolbox;
  if (absl::Status opened = toolbox.Open(); !opened.ok()) return command::Fail(opened);
  // A person who waits for more than two seconds sees that something happens.
  const bool show_progress = isatty(STDERR_FILENO) != 0;
  ToolRequest request{.name = arguments[0],
                      .arguments = arguments.size() > 1 ? arguments[1] : "",
                      .timeout = absl::GetFlag(FLAGS_timeout)};
  if (show_progress) {
    request.on_progress = [](const ToolProgress& progress) {
      command::Say(
          absl::StrCat(progress.progress,
                       progress.total.has_value() ? absl::StrCat(" of ", *progress.total) : "", " ",
                       command::PrintableLine(progress.message)));
    };
  }
  const ToolResponse response = toolbox.executor().Execute(request);
  if (absl::GetFlag(FLAGS_record)) {
    const std::string record = absl::StrCat(command::PrintableJson(response.record.ToJson()), "\n");
    std::fwrite(record.data(), 1, record.size(), stderr);
  }
  if (const auto* error = std::get_if<ToolError>(&response.result)) {
    if (error->kind == ToolErrorKind::kUnknownTool) WarnOfSkipped(toolbox, arguments[0]);
    command::Say(absl::StrCat(ToolErrorName(error->kind), ": ", error->message));
    return ExitCodeOf(error->kind);
  }
  const auto& output = std::get<ToolOutput>(response.result);
  command::Print(absl::StrCat(absl::GetFlag(FLAGS_json) ? command::PrintableJson(output.json)
                                                        : command::Printable(output.text),
                              "\n"));
  return command::kDone;
}

int Serve(const command::Arguments&) {
  if (!absl::GetFlag(FLAGS_stdio))
    return command::WrongUse("serve needs --stdio: it serves over standard input and output");
  Toolbox toolbox;
  if (absl::Status opened = toolbox.Open(); !opened.ok()) return command::Fail(opened);
  WarnOfSkipped(toolbox);
  const absl::Status served =
      mcp::ServeStdio(&toolbox.registry(), &toolbox.executor(), STDIN_FILENO, STDOUT_FILENO);
  return served.ok() ? command::kDone : command::Fail(served);
}

absl::StatusOr<ToolOutput> CannotBeCalled(const rapidjson::Value&, const ToolContext&) {
  return absl::UnimplementedError("a definition cannot be called");
}

// An import may replace an earlier one, but no other JSON, and no list of programs: an import has
// no commands, and would lose them.
bool IsImport(absl::string_view text) {
  rapidjson::Document document;
  if (ParseJson(text, document).has_value()) return false;
  const rapidjson::Value* const tools = FindMember(document, "tools");
  return tools != nullptr && tools->IsArray() &&
         std::none_of(tools->Begin(), tools->End(), [](const rapidjson::Value& tool) {
           return FindMember(tool, "command") != nullptr;
         });
}

int Import(const command::Arguments& arguments) {
  if (arguments.empty() == absl::GetFlag(FLAGS_mcp).empty()) {
    return command::WrongUse("import takes either a file or --mcp");
  }
  const std::string programs = absl::GetFlag(FLAGS_tools);
  if (!arguments.empty() && !programs.empty()) {
    return command::WrongUse("import takes either a file or --tools; both are lists of tools");
  }
  // A path that cannot be written is said before a server is started.
  const std::string path = absl::GetFlag(FLAGS_output);
  std::optional<command::OutputFile> file;
  if (!path.empty()) {
    absl::StatusOr<command::OutputFile> created = command::OutputFile::Create(
        path, {.kind = {"a list of tools without commands", IsImport, /*wants_all=*/true},
               .keep = {arguments.empty() ? programs : arguments[0]}});
    if (!created.ok()) return command::Fail(created.status());
    file = *std::move(created);
  }
  ToolRegistry registry;
  std::vector<SkippedTool> refused;
  UnkeptByName unkept;
  std::vector<ToolPtr> tools;
  Toolbox toolbox;
  if (arguments.empty()) {
    if (absl::Status opened = toolbox.Open(); !opened.ok()) return command::Fail(opened);
    tools = toolbox.registry().List();
    refused = toolbox.skipped();
    unkept = toolbox.unkept();
  } else {
    absl::StatusOr<std::string> text = command::ReadInput(arguments[0]);
    if (!text.ok()) return command::Fail(text.status());
    absl::StatusOr<ToolDefinitions> read = ReadTools(*text);
    if (!read.ok()) {
      return command::Fail(
          absl::StrCat(command::InputName(arguments[0]), ": ", read.status().message()));
    }
    for (const auto& [name, reason] : read->refused) refused.push_back({name, reason});
    for (auto& [tool, command, members] : read->tools) {
      const std::string name = tool.name;
      tool.handler = CannotBeCalled;
      if (absl::Status registered = registry.Register(std::move(tool)); registered.ok()) {
        unkept[name] = std::move(members);
      } else {
        refused.push_back({name, std::string(registered.message())});
      }
    }
    tools = registry.List();
  }
  std::string report;
  for (const ToolPtr& tool : tools) {
    absl::StrAppend(&report, tool->tool.name, ": can be used");
    if (const auto left_out = unkept.find(tool->tool.name);
        left_out != unkept.end() && !left_out->second.empty()) {
      absl::StrAppend(
          &report, "; not kept: ", command::PrintableLine(absl::StrJoin(left_out->second, ", ")));
    }
    report += '\n';
  }
  for (const auto& [name, reason] : refused) {
    absl::StrAppend(&report, command::PrintableLine(name),
                    ": refused: ", command::PrintableLine(reason), "\n");
  }
  // Standard output is the file's, if it is to go there.
  std::FILE* const to = path == "-" || path == "/dev/stdout" ? stderr : stdout;
  if (to == stdout) {
    command::Print(report);
  } else {
    std::fwrite(report.data(), 1, report.size(), to);
  }
  if (file.has_value()) {
    absl::Status written = file->Write(absl::StrCat(PrettyJson(McpToolsJson(tools)), "\n"));
    if (written.ok()) written = file->Commit();
    if (!written.ok()) return command::Fail(written);
  }
  return refused.empty() ? command::kDone : command::kNo;
}

command::Program ToolProgram() {
  command::Program program;
  program.name = "tool";
  program.summary = "Lists, calls, serves and checks tools.";
  program.synopsis = {"tool COMMAND [ARGUMENT...] [FLAG...]"};
  program.details =
      "The tools are the built-in ones (calculator, clock, convert_units, notes,\n"
      "search_conversation, timers), or else those of --mcp and --tools.";
  program.subcommands = {
      {.name = "list",
       .arguments = "",
       .description = "Lists the tools.",
       .flags = {"mcp", "tools", "json", "format"},
       .run = List},
      {.name = "describe",
       .arguments = "NAME",
       .description = "Prints a tool with the schema of its arguments.",
       .min_arguments = 1,
       .max_arguments = 1,
       .flags = {"mcp", "tools", "json"},
       .run = Describe},
      {.name = "call",
       .arguments = "NAME [ARGUMENTS]",
       .description = "Calls a tool. ARGUMENTS is a JSON object.",
       .min_arguments = 1,
       .max_arguments = 2,
       .flags = {"mcp", "tools", "timeout", "json", "record"},
       .run = Call},
      {.name = "serve",
       .arguments = "",
       .description = "Offers the tools to a client of the Model Context Protocol.",
       .flags = {"mcp", "tools", "stdio"},
       .run = Serve},
      {.name = "import",
       .arguments = "[FILE]",
       .description =
           "Checks definitions of tools in the form of OpenAI or MCP, from a file or from "
           "--mcp. - is standard input.",
       .max_arguments = 1,
       .flags = {"mcp", "tools", "output"},
       .run = Import},
      {.name = "validate",
       .arguments = "",
       .description =
           "Checks a value, or many, against a JSON Schema (2020-12). - is standard input.",
       .flags = {"schema", "instance", "batch"},
       .run = ValidateCommand},
  };
  program.flag_groups = {
      {.title = "Which tools", .flags = {"mcp", "tools"}},
      {.title = "What is printed and written", .flags = {"json", "format", "record", "output"}},
      {.title = "Calling and serving", .flags = {"timeout", "stdio"}},
      {.title = "Checking values", .flags = {"schema", "instance", "batch"}},
  };
  program.examples = {"tool call convert_units '{\"value\":3,\"from\":\"mile\",\"to\":\"km\"}'",
                      "tool list --mcp 'npx -y @modelcontextprotocol/server-everything'",
                      "tool serve --stdio"};
  program.no_means =
      "the tool reports an error, the value is invalid, or a definition cannot be used. A tool "
      "that does not exist, cannot be asked or does not answer in time is 2, and so is a schema "
      "or a value that cannot be used";
  return program;
}

}  // namespace
}  // namespace parlance::tools

int main(int argc, char** argv) {
  return command::Main(parlance::tools::ToolProgram(), argc, argv);
}
