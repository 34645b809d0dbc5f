#include "perf/program/program_cost.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "perf/process/subprocess.h"

namespace perf {
namespace {

// A file for what a program writes, which goes with this.
class OutputFile {
 public:
  explicit OutputFile(std::string path) : path_(std::move(path)) {
    descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile() {
    if (descriptor_ < 0) return;
    close(descriptor_);
    unlink(path_.c_str());
  }

  int descriptor() const { return descriptor_; }

  absl::StatusOr<std::string> Read() const {
    struct stat file = {};
    if (fstat(descriptor_, &file) != 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path_));
    }
    if (file.st_size > kMaxProgramOutputBytes) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "it wrote ", file.st_size, " bytes, and may write ", kMaxProgramOutputBytes));
    }
    std::string text(static_cast<size_t>(file.st_size), '\0');
    const ssize_t size = pread(descriptor_, text.data(), text.size(), 0);
    if (size < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path_));
    text.resize(static_cast<size_t>(size));
    return text;
  }

 private:
  const std::string path_;
  int descriptor_ = -1;
};

// Adds what the launcher says to `cost`.
absl::Status ReadReport(const std::string& report, const std::string& program, ProgramCost& cost) {
  const std::vector<std::string> words =
      absl::StrSplit(report, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  std::vector<int64_t> figures(words.size());
  for (size_t i = 0; i < words.size(); ++i) {
    if (!absl::SimpleAtoi(words[i], &figures[i])) figures.clear();
  }
  if (figures.size() == 1) {
    return absl::ErrnoToStatus(static_cast<int>(figures[0]),
                               absl::StrCat("cannot start ", program));
  }
  if (figures.size() != 6) {
    return absl::InternalError(absl::StrCat("the launcher says of ", program, ": '", report, "'"));
  }
  cost.wall = absl::Nanoseconds(figures[0]);
  cost.user = absl::Microseconds(figures[1]);
  cost.system = absl::Microseconds(figures[2]);
  cost.peak_bytes = figures[3] * 1024;
  if (figures[4] >= 0) cost.instructions = figures[4];
  const int status = static_cast<int>(figures[5]);
  cost.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ProgramCost> MeasureProgram(const ProgramToMeasure& program) {
  const OutputFile output(program.scratch + "/output");
  const OutputFile errors(program.scratch + "/errors");
  const OutputFile report(program.scratch + "/report");
  for (const OutputFile* file : {&output, &errors, &report}) {
    if (file->descriptor() < 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot write into ", program.scratch));
    }
  }
  constexpr int kReport = 3;
  SubprocessOptions launch = {.arguments = {program.launcher, absl::StrCat(kReport)},
                              .stdout_descriptor = output.descriptor(),
                              .stderr_descriptor = errors.descriptor(),
                              .descriptors = {{kReport, report.descriptor()}}};
  launch.arguments.insert(launch.arguments.end(), program.arguments.begin(),
                          program.arguments.end());
  absl::StatusOr<Subprocess> process = Subprocess::Start(launch);
  if (!process.ok()) return process.status();
  const absl::StatusOr<int> exit_code = process->Wait();
  if (!exit_code.ok()) return exit_code.status();
  ProgramCost cost;
  absl::StatusOr<std::string> text = errors.Read();
  if (!text.ok()) return text.status();
  cost.errors = *std::move(text);
  if (*exit_code != 0) {
    return absl::InternalError(
        absl::StrCat("the launcher ended with ", DescribeExit(*exit_code), ": ", cost.errors));
  }
  text = output.Read();
  if (!text.ok()) return text.status();
  cost.output = *std::move(text);
  text = report.Read();
  if (!text.ok()) return text.status();
  if (absl::Status read = ReadReport(*text, program.arguments[0], cost); !read.ok()) return read;
  return cost;
}

}  // namespace perf
