// What makes a main() one of our programs: flags, subcommands, help, exit codes, and the last check
// of standard output.
#ifndef COMMAND_PROGRAM_H_
#define COMMAND_PROGRAM_H_

#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "command/exit_code.h"

namespace command {

inline constexpr size_t kAnyNumber = std::numeric_limits<size_t>::max();

using Arguments = std::vector<std::string>;

// A subcommand, such as `export` of `sessions export ID`.
struct Subcommand {
  std::string name;
  // The arguments as the help shows them: "[ID...]".
  std::string arguments;
  // The purpose of the program, in a sentence or two; the help breaks lines.
  std::string description;
  size_t min_arguments = 0;
  size_t max_arguments = 0;
  // Flags that only some subcommands take. Another flag of the program is a mistake here, unless it
  // is in Program::common_flags.
  std::vector<absl::string_view> flags;
  // Returns the exit code.
  std::function<int(const Arguments&)> run;
};

// Flags that the help shows together.
struct FlagGroup {
  std::string title;
  std::vector<absl::string_view> flags;
};

struct Program {
  std::string name;
  // The first line of the help: what the program does.
  std::string summary;
  // How it is called, one or more lines: "vad FILE... [FLAG...]".
  std::vector<std::string> synopsis;
  // More of the help, before the flags, in paragraphs.
  std::string details;
  // Every flag of the program is in one group.
  std::vector<FlagGroup> flag_groups;
  // The flags that every subcommand takes; not needed without subcommands.
  std::vector<absl::string_view> common_flags;
  // Flags whose empty value means something. Any other text that is given empty is a mistake,
  // mostly that of a script whose variable is not set, which would silently do something else.
  std::vector<absl::string_view> may_be_empty = {};
  std::vector<std::string> examples;
  // The meaning of exit code 1 in this program: "a measurement is red". Empty if it never says no.
  std::string no_means;
  // A further meaning of exit code 2 in this program: "something could not be measured". Empty if
  // none.
  std::string failed_means = "";

  // Either subcommands,
  std::vector<Subcommand> subcommands;
  // or what is run with all arguments. With both, `run` gets what begins with no subcommand's name.
  std::function<int(const Arguments&)> run;
  // How many arguments `run` takes.
  size_t max_arguments = 0;
};

// Runs the program, and returns its exit code.
//
// --help or -h, wherever it is, prints the help; so does `help` as the first word of a program with
// subcommands. A mistake in the command line, an empty argument among them, is said with a pointer
// to the help, and is kFailed. A standard stream that was closed is opened on nothing first, so
// that no file that is opened later takes its number and gets what is printed. At the end standard
// output is flushed: what could not be written is an error (kFailed), except that a reader who has
// gone (`| head`) ends the program quietly, by SIGPIPE, as it does other programs. An exception
// that came through is an error, not a crash.
int Main(const Program& program, int argc, char** argv);

// The help, as --help prints it.
std::string Help(const Program& program);

// Prints "NAME: MESSAGE", made printable, to standard error. NAME is that of the program that Main
// runs.
void Say(absl::string_view message);
// Says what went wrong, and returns kFailed.
int Fail(absl::string_view message);
int Fail(const absl::Status& status);
// Says what is wrong with the command line, with a pointer to --help, and returns kFailed.
int WrongUse(absl::string_view message);

// Whether the flag of this name stands on the command line, also with its default or an empty
// value.
bool WasGiven(absl::string_view flag);

// Prints lines of JSON that others will read, such as an export: byte by byte, but harmless for a
// terminal if standard output is one.
void PrintData(absl::string_view json);

// Prints text of any length, NULs included, to standard output. Errors are kept for Main's check.
void Print(absl::string_view text);

// Hands over at once what was printed, for a program that goes on while somebody waits for it.
// False if it cannot be written: Main says so when the program ends, which it then best does now. A
// reader who has gone waits for nothing, and is no error.
bool FlushPrinted();

}  // namespace command

#endif  // COMMAND_PROGRAM_H_
