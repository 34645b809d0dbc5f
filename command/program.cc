#include "command/program.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>

#include "absl/algorithm/container.h"
#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "command/flags.h"
#include "command/nearest_name.h"
#include "command/terminal/printable.h"
#include "command/terminal/wrapped.h"

namespace command {
namespace {

// The name of the program that Main runs. It is set once, before there are threads.
std::string& ProgramName() {
  static auto* const name = new std::string("command");
  return *name;
}

CommandLine& Line() {
  static auto* const line = new CommandLine();
  return *line;
}

// What writing met first; an error of printf is found when it is flushed, without its reason.
int g_print_errno = 0;

// A closed standard stream's number would go to the next file that is opened, a database perhaps.
// The stand-ins cannot be used in the stream's direction, so that using it remains an error.
void OpenStandardStreams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) != -1 || errno != EBADF) continue;
    // open() takes the lowest free number, which is this one, as those below it are taken.
    const int opened = open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    static_cast<void>(opened);
  }
}

// Ends with standard output on its way, or says why it is not.
int CheckStandardOutput(int exit_code) {
  if (FlushPrinted()) return exit_code;
  Say(absl::StrCat(
      "cannot write standard output",
      g_print_errno == 0 ? ", not all of it" : absl::StrCat(": ", std::strerror(g_print_errno))));
  return kFailed;
}

std::string Counted(size_t count) {
  return count == 0   ? "no argument"
         : count == 1 ? "one argument"
                      : absl::StrCat(count, " arguments");
}

// What is wrong with the number of arguments, or "".
std::string WrongNumber(absl::string_view name, size_t count, size_t min, size_t max) {
  if (count >= min && count <= max) return "";
  if (min == max) return absl::StrCat(name, " takes ", Counted(min));
  if (max == kAnyNumber) return absl::StrCat(name, " takes ", Counted(min), " or more");
  return absl::StrCat(name, " takes ", min, " to ", Counted(max));
}

std::vector<absl::string_view> AllFlags(const Program& program) {
  std::vector<absl::string_view> names;
  for (const FlagGroup& group : program.flag_groups) {
    names.insert(names.end(), group.flags.begin(), group.flags.end());
  }
  return names;
}

bool AsksForHelp(const Program& program, const std::vector<std::string>& words) {
  if (!words.empty() && words[0] == "help" && (words.size() == 1 || !program.subcommands.empty())) {
    return true;
  }
  for (const std::string& word : words) {
    if (word == "--") return false;
    if (word == "--help" || word == "-h" || word == "-help") return true;
  }
  return false;
}

auto FindSubcommand(const Program& program, absl::string_view name) {
  return std::find_if(program.subcommands.begin(), program.subcommands.end(),
                      [&](const Subcommand& one) { return one.name == name; });
}

int NoSuchCommand(const Program& program, absl::string_view name) {
  std::vector<absl::string_view> names;
  for (const Subcommand& one : program.subcommands) names.push_back(one.name);
  const absl::string_view meant = NearestName(name, names);
  std::string message = absl::StrCat("there is no command '", name, "'");
  if (!meant.empty()) absl::StrAppend(&message, "; is '", meant, "' meant?");
  return WrongUse(message);
}

int RunProgram(const Program& program, const std::vector<std::string>& words) {
  if (AsksForHelp(program, words)) {
    const bool names_command = words.size() > 1 && words[0] == "help" && words[1][0] != '-';
    if (names_command && FindSubcommand(program, words[1]) == program.subcommands.end()) {
      return NoSuchCommand(program, words[1]);
    }
    Print(Help(program));
    return kDone;
  }
  CommandLine& line = Line();
  if (absl::Status parsed = ParseFlags(words, AllFlags(program), line); !parsed.ok()) {
    return WrongUse(parsed.message());
  }
  for (const std::string& flag : line.flags) {
    const bool is_empty =
        absl::StripAsciiWhitespace(absl::FindCommandLineFlag(flag)->CurrentValue()).empty();
    if (is_empty && !absl::c_linear_search(program.may_be_empty, flag)) {
      return WrongUse(absl::StrCat("--", flag, " is empty; is it a variable that is not set?"));
    }
  }
  Arguments arguments = line.arguments;
  for (const std::string& argument : arguments) {
    if (argument.empty())
      return WrongUse("an argument is empty; is it a variable that is not set?");
  }
  const auto subcommand =
      arguments.empty() ? program.subcommands.end() : FindSubcommand(program, arguments[0]);
  if (subcommand == program.subcommands.end()) {
    if (program.run == nullptr) {
      return arguments.empty() ? WrongUse("no command is given")
                               : NoSuchCommand(program, arguments[0]);
    }
    if (arguments.size() > program.max_arguments) {
      return WrongUse(absl::StrCat("unexpected argument '", arguments[program.max_arguments], "'"));
    }
    return program.run(arguments);
  }
  for (const std::string& flag : line.flags) {
    if (!absl::c_linear_search(subcommand->flags, flag) &&
        !absl::c_linear_search(program.common_flags, flag)) {
      return WrongUse(absl::StrCat("--", flag, " has no meaning for ", subcommand->name));
    }
  }
  arguments.erase(arguments.begin());
  if (const std::string wrong = WrongNumber(subcommand->name, arguments.size(),
                                            subcommand->min_arguments, subcommand->max_arguments);
      !wrong.empty()) {
    return WrongUse(wrong);
  }
  return subcommand->run(arguments);
}

// What an exit code means, in lines below each other.
std::string ExitCodeHelp(int code, absl::string_view meaning) {
  const std::string begin = absl::StrCat("  ", code, "  ");
  std::string lines = Wrapped(meaning, begin.size());
  lines.replace(0, begin.size(), begin);
  return absl::StrCat(lines, "\n");
}

}  // namespace

bool WasGiven(absl::string_view flag) { return absl::c_linear_search(Line().flags, flag); }

std::string Help(const Program& program) {
  std::string help = absl::StrCat(Wrapped(program.summary, 0), "\n\n");
  for (const std::string& line : program.synopsis) absl::StrAppend(&help, "  ", line, "\n");
  if (!program.details.empty()) absl::StrAppend(&help, "\n", program.details, "\n");
  if (!program.subcommands.empty()) {
    absl::StrAppend(&help, "\nCommands:\n");
    for (const Subcommand& subcommand : program.subcommands) {
      std::vector<std::string> flags;
      for (const absl::string_view flag : subcommand.flags) {
        flags.push_back(absl::StrCat("[--", flag, "]"));
      }
      absl::StrAppend(&help, "  ", subcommand.name, subcommand.arguments.empty() ? "" : " ",
                      subcommand.arguments, flags.empty() ? "" : "  ", absl::StrJoin(flags, " "),
                      "\n", Wrapped(subcommand.description, 6), "\n");
    }
  }
  for (const FlagGroup& group : program.flag_groups) {
    absl::StrAppend(&help, "\n", group.title, ":\n", FlagsHelp(group.flags));
  }
  if (!program.examples.empty()) {
    absl::StrAppend(&help, "\nExamples:\n");
    for (const std::string& example : program.examples) {
      absl::StrAppend(&help, "  ", example, "\n");
    }
  }
  absl::StrAppend(&help, "\nExit code:\n", ExitCodeHelp(kDone, "it was done"));
  if (!program.no_means.empty()) {
    absl::StrAppend(&help, ExitCodeHelp(kNo, absl::StrCat("it was done, and the answer is no: ",
                                                          program.no_means)));
  }
  absl::StrAppend(&help,
                  ExitCodeHelp(kFailed, "it could not be done, or the command line is wrong"));
  if (!program.failed_means.empty()) {
    absl::StrAppend(&help, Wrapped(absl::StrCat("or ", program.failed_means), 5), "\n");
  }
  return help;
}

void Say(absl::string_view message) {
  // Standard output and error may be one file, in which they shall stand in order.
  std::fflush(stdout);
  const std::string line = absl::StrCat(ProgramName(), ": ", Printable(message), "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

int Fail(absl::string_view message) {
  Say(message);
  return kFailed;
}

int Fail(const absl::Status& status) { return Fail(status.message()); }

int WrongUse(absl::string_view message) {
  return Fail(absl::StrCat(message, "; see ", ProgramName(), " --help"));
}

void Print(absl::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() && g_print_errno == 0) {
    g_print_errno = errno;
  }
}

bool FlushPrinted() {
  errno = 0;
  const bool flushed = std::cout.flush().good() && std::fflush(stdout) == 0;
  if (flushed && std::ferror(stdout) == 0) return true;
  if (g_print_errno == 0) g_print_errno = errno;
  // The reader has gone, and SIGPIPE, which would have ended this program, is blocked.
  return g_print_errno == EPIPE;
}

void PrintData(absl::string_view json) {
  static const bool is_terminal = isatty(STDOUT_FILENO) != 0;
  Print(is_terminal ? PrintableJson(json) : std::string(json));
}

int Main(const Program& program, int argc, char** argv) {
  OpenStandardStreams();
  // Some parents leave it ignored, which children inherit; then a reader who has gone would not end
  // the program.
  std::signal(SIGPIPE, SIG_DFL);
  // A limit of file sizes (ulimit -f) is then an error of writing, as a full disk is.
  std::signal(SIGXFSZ, SIG_IGN);
  ProgramName() = program.name;
  int exit_code = kFailed;
  try {
    exit_code =
        RunProgram(program, std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
  } catch (const std::exception& exception) {
    exit_code = Fail(absl::StrCat("internal error: ", exception.what(), "; please report it"));
  }
  return CheckStandardOutput(exit_code);
}

}  // namespace command
