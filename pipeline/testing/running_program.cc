#include "pipeline/testing/running_program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace parlance::pipeline {
namespace {

// What a shell says of a program that is not there.
constexpr int kNoSuchProgram = 127;

}  // namespace

absl::StatusOr<std::unique_ptr<RunningProgram>> RunningProgram::Start(
    const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  int pipe_ends[2] = {-1, -1};
  // Tells, by being closed without a word, that the program has begun.
  int started[2] = {-1, -1};
  if (pipe2(pipe_ends, O_CLOEXEC) != 0 || pipe2(started, O_CLOEXEC) != 0) {
    return absl::InternalError(absl::StrCat("pipe2: ", std::strerror(errno)));
  }
  const pid_t pid = fork();
  if (pid < 0) return absl::InternalError(absl::StrCat("fork: ", std::strerror(errno)));
  if (pid == 0) {
    const int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    dup2(pipe_ends[1], STDOUT_FILENO);
    execvp(arguments[0], arguments.data());
    const int error = errno;
    const ssize_t told = write(started[1], &error, sizeof(error));
    _exit(told < 0 ? kNoSuchProgram + 1 : kNoSuchProgram);
  }
  close(pipe_ends[1]);
  close(started[1]);
  int error = 0;
  const bool failed = read(started[0], &error, sizeof(error)) > 0;
  close(started[0]);
  std::unique_ptr<RunningProgram> running(new RunningProgram(pid, fdopen(pipe_ends[0], "r")));
  if (failed) {
    return absl::NotFoundError(absl::StrCat(words[0], ": ", std::strerror(error)));
  }
  return running;
}

RunningProgram::~RunningProgram() {
  if (pid_ > 0) End(SIGKILL);
  std::fclose(output_);
}

std::string RunningProgram::ReadLine() {
  std::string line;
  for (int c = std::fgetc(output_); c != EOF && c != '\n'; c = std::fgetc(output_)) {
    line.push_back(static_cast<char>(c));
  }
  return line;
}

int RunningProgram::End(int signal) {
  kill(pid_, signal);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace parlance::pipeline
