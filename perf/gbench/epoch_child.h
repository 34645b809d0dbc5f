// The runner's half of an A/B comparison: a benchmark process that runs epochs on request.
#ifndef PERF_GBENCH_EPOCH_CHILD_H_
#define PERF_GBENCH_EPOCH_CHILD_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "perf/gbench/epoch.pb.h"
#include "perf/process/subprocess.h"

namespace perf {

// The command that starts a benchmark program, one with perf's benchmark main.
struct BenchmarkProgram {
  // An absolute path, by which errors name the program.
  std::string path;
  // The file that is started, if it is another one, such as a copy.
  std::string executable = {};
  // The working directory; empty for this process's.
  std::string directory;
  // The words that come before the program on the command line, such as valgrind.
  std::vector<std::string> launcher = {};
  // Variables that the program gets besides this process's environment.
  std::map<std::string, std::string> variables = {};
  // The time that an answer may take before the process counts as hung.
  absl::Duration patience = absl::Minutes(5);
  // Asked about once a second while an answer is awaited, and after each signal: whether to end the
  // process. If none is given, this process sleeps until the answer is there.
  std::function<bool()> interrupted = {};
};

// A running benchmark program. Not thread-safe. Starting one makes this process ignore SIGPIPE.
// Every call returns, if the program died or hung, Unavailable or DeadlineExceeded with how it
// ended and the last it wrote, or Cancelled if it was interrupted; the program is then gone, and
// further calls fail alike. A body that failed is Aborted with its message, and the program goes
// on.
class EpochChild {
 public:
  static absl::StatusOr<EpochChild> Start(const BenchmarkProgram& program);

  EpochChild(EpochChild&& other) noexcept;
  EpochChild& operator=(EpochChild&& other) noexcept;
  // Ends the process.
  ~EpochChild();

  // The names of all benchmarks of the program. Unimplemented if the program does not serve
  // epochs, as it was built from a revision that could not yet.
  absl::StatusOr<std::vector<std::string>> Names();
  absl::StatusOr<Calibration> Calibrate(const std::string& name, absl::Duration target);
  absl::StatusOr<Epoch> Run(const std::string& name, int64_t iterations);
  absl::StatusOr<Counts> Count(const std::string& name, int64_t iterations);

  pid_t pid() const { return process_.pid(); }

 private:
  EpochChild(std::string path, absl::Duration patience, std::function<bool()> interrupted,
             Subprocess process, int requests, int responses, int log)
      : path_(std::move(path)),
        patience_(patience),
        interrupted_(std::move(interrupted)),
        process_(std::move(process)),
        requests_(requests),
        responses_(responses),
        log_(log) {}

  absl::StatusOr<Response> Ask(const Request& request);
  absl::Status ReadExactly(char* bytes, size_t count,
                           std::chrono::steady_clock::time_point deadline);
  absl::Status Dead();
  std::string LogTail() const;

  std::string path_;
  absl::Duration patience_;
  std::function<bool()> interrupted_;
  Subprocess process_;
  int requests_;
  int responses_;
  // The descriptor of the file that the process's stdout and stderr go to.
  int log_;
  bool answered_ = false;
};

}  // namespace perf

#endif  // PERF_GBENCH_EPOCH_CHILD_H_
