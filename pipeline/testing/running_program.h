// A program that runs beside a test. One thread at a time; every call blocks.
#ifndef PIPELINE_TESTING_RUNNING_PROGRAM_H_
#define PIPELINE_TESTING_RUNNING_PROGRAM_H_

#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace parlance::pipeline {

struct ProgramToRun {
  // The program, sought in PATH, and its arguments.
  std::vector<std::string> words;
  // Variables in addition to this process's environment, or in place of what it has there.
  std::vector<std::pair<std::string, std::string>> variables = {};
  // The folder in which it starts; empty means the current one.
  std::string directory = {};
  // Whether its standard error is read with its standard output; otherwise it is the test's.
  bool with_errors = false;
};

class RunningProgram {
 public:
  // It reads nothing. NotFound if there is no such program.
  static absl::StatusOr<std::unique_ptr<RunningProgram>> Start(const ProgramToRun& program);
  // Ends it at once if it still runs.
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  pid_t pid() const { return pid_; }
  // The next line that it prints, without its end; empty at the end of its output.
  std::string ReadLine();
  // All that it still prints.
  std::string ReadAll();
  // Sends it a signal; 0: none. Then waits for its end: its exit code, or 128 and the signal that
  // ended it, as a shell has it.
  int End(int signal);

 private:
  RunningProgram(pid_t pid, std::FILE* output) : pid_(pid), output_(output) {}

  pid_t pid_;
  std::FILE* output_;
};

// Runs a program to its end, and gives what it wrote. NotFound if there is no such program;
// Unavailable, with what it wrote, if its exit code is not 0.
absl::StatusOr<std::string> RunToEnd(ProgramToRun program);

}  // namespace parlance::pipeline

#endif  // PIPELINE_TESTING_RUNNING_PROGRAM_H_
