// A program that runs beside a test. One thread at a time; every call blocks.
#ifndef PIPELINE_TESTING_RUNNING_PROGRAM_H_
#define PIPELINE_TESTING_RUNNING_PROGRAM_H_

#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace parlance::pipeline {

class RunningProgram {
 public:
  // `words`: the program, sought in PATH, and its arguments. It reads nothing; its standard error
  // is the test's. NotFound if there is no such program.
  static absl::StatusOr<std::unique_ptr<RunningProgram>> Start(
      const std::vector<std::string>& words);
  // Ends it at once if it still runs.
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  // The next line that it prints, without its end; empty at the end of its output.
  std::string ReadLine();
  // Sends it a signal, and waits for its end: its exit code, or 128 and the signal that ended it,
  // as a shell has it.
  int End(int signal);

 private:
  RunningProgram(pid_t pid, std::FILE* output) : pid_(pid), output_(output) {}

  pid_t pid_;
  std::FILE* output_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_TESTING_RUNNING_PROGRAM_H_
