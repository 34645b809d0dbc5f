// A program that does little but what every program does, for the tests of command/.
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "command/exit_code.h"
#include "command/file/file_kind.h"
#include "command/file/input_file.h"
#include "command/file/output_file.h"
#include "command/program.h"
#include "command/terminal/progress.h"

ABSL_FLAG(std::string, output, "", "The file to copy to.");
ABSL_FLAG(std::string, kind, "json",
          "What is copied: json, wav, svg, html, labels, sqlite or text.");
ABSL_FLAG(bool, fail, false, "Fails after half of the work.");
ABSL_FLAG(bool, named, false, "Writes by a name, as libraries do.");
ABSL_FLAG(bool, keep_existing, false, "Does not replace what is there.");
ABSL_FLAG(std::string, db, "", "A database that must not be touched.");
ABSL_FLAG(int, max_bytes, 1 << 20, "How much is read at most.");
ABSL_FLAG(absl::Duration, duration, absl::Seconds(1), "How long to wait.");

namespace command {
namespace {

FileKind Kind() {
  const std::string kind = absl::GetFlag(FLAGS_kind);
  if (kind == "wav") return kWavFile;
  if (kind == "svg") return kSvgFile;
  if (kind == "html") return kHtmlFile;
  if (kind == "labels") return kLabelFile;
  if (kind == "sqlite") return kSqliteFile;
  if (kind == "text") return kTextFile;
  return kJsonFile;
}

int Copy(const Arguments& arguments) {
  OutputOptions options{
      .kind = Kind(), .keep = {arguments[0]}, .may_replace = !absl::GetFlag(FLAGS_keep_existing)};
  if (!absl::GetFlag(FLAGS_db).empty()) {
    for (const std::string& file : DatabaseFiles(absl::GetFlag(FLAGS_db))) {
      options.keep.push_back(file);
    }
  }
  const bool named = absl::GetFlag(FLAGS_named);
  absl::StatusOr<OutputFile> output =
      named ? OutputFile::CreateNamed(absl::GetFlag(FLAGS_output), options)
            : OutputFile::Create(absl::GetFlag(FLAGS_output), options);
  if (!output.ok()) return Fail(output.status());
  const absl::StatusOr<std::string> text =
      ReadInput(arguments[0], static_cast<size_t>(absl::GetFlag(FLAGS_max_bytes)));
  if (!text.ok()) return Fail(text.status());
  if (named) {
    std::ofstream(output->path()) << *text;
  } else if (absl::Status written = output->Write(*text); !written.ok()) {
    return Fail(written);
  }
  if (absl::GetFlag(FLAGS_fail)) return Fail("asked to fail");
  if (absl::Status committed = output->Commit(); !committed.ok()) return Fail(committed);
  return kDone;
}

int Show(const Arguments& arguments) {
  for (const std::string& argument : arguments) Say(argument);
  Print("shown\n");
  return arguments.empty() ? kNo : kDone;
}

// Prints for ever.
int Yes(const Arguments&) {
  for (;;) Print("yes\n");
}

int Throw(const Arguments&) { throw std::runtime_error("thrown"); }

int Wait(const Arguments&) {
  Progress progress("example");
  progress.Update("waiting");
  absl::SleepFor(absl::GetFlag(FLAGS_duration));
  return kDone;
}

// Which number the next file that is opened gets.
int Descriptor(const Arguments&) {
  std::FILE* const file = std::fopen("/dev/null", "r");
  Say(absl::StrCat("descriptor ", fileno(file)));
  std::fclose(file);
  return kDone;
}

Program Example() {
  return {.name = "example",
          .summary = "Does what every program does.",
          .synopsis = {"example COMMAND [ARGUMENT...] [FLAG...]"},
          .details = "Details.",
          .flag_groups = {{"Copying",
                           {"output", "kind", "fail", "named", "keep_existing", "db", "max_bytes"}},
                          {"Waiting", {"duration"}}},
          .common_flags = {},
          .examples = {"example show x"},
          .no_means = "there is nothing to show",
          .subcommands = {{.name = "copy",
                           .arguments = "FILE",
                           .description = "copies a file",
                           .min_arguments = 1,
                           .max_arguments = 1,
                           .flags = {"output", "kind", "fail", "named", "keep_existing", "db",
                                     "max_bytes"},
                           .run = Copy},
                          {.name = "show",
                           .arguments = "[TEXT...]",
                           .description = "says its arguments",
                           .min_arguments = 0,
                           .max_arguments = kAnyNumber,
                           .flags = {},
                           .run = Show},
                          {.name = "yes",
                           .arguments = "",
                           .description = "prints for ever",
                           .min_arguments = 0,
                           .max_arguments = 0,
                           .flags = {},
                           .run = Yes},
                          {.name = "throw",
                           .arguments = "",
                           .description = "throws an exception",
                           .min_arguments = 0,
                           .max_arguments = 0,
                           .flags = {},
                           .run = Throw},
                          {.name = "wait",
                           .arguments = "",
                           .description = "waits",
                           .min_arguments = 0,
                           .max_arguments = 0,
                           .flags = {"duration"},
                           .run = Wait},
                          {.name = "descriptor",
                           .arguments = "",
                           .description = "opens a file",
                           .min_arguments = 0,
                           .max_arguments = 0,
                           .flags = {},
                           .run = Descriptor}},
          .run = nullptr,
          .max_arguments = 0};
}

}  // namespace
}  // namespace command

int main(int argc, char** argv) { return command::Main(command::Example(), argc, argv); }
