// Why a measurement takes longer in one build than in another: both run under callgrind. Of a
// Google Benchmark body, one iteration is compared; of any other test, one run of its whole
// program.
#ifndef PERF_EXPLAIN_EXPLAIN_BENCHMARK_H_
#define PERF_EXPLAIN_EXPLAIN_BENCHMARK_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "perf/explain/comparison.h"
#include "perf/explain/explanation.pb.h"
#include "perf/gbench/epoch_child.h"
#include "perf/process/program_runner.h"

namespace perf {

// The names that records have for the benchmarks of a program. Unimplemented if it does not serve
// epochs; otherwise errors of EpochChild.
absl::StatusOr<std::vector<std::string>> MeasurementsOf(const BenchmarkProgram& program);

struct ProfileOptions {
  // The measurement's name, as in records.
  std::string measurement;
  // The folder to which callgrind and the program may write, absolute.
  std::string scratch;
  // Runs addr2line.
  ProgramRunner& programs;
  // Gets what is being done.
  std::function<void(absl::string_view)> progress = [](absl::string_view) {};
  // Asked before each program that is run, and while one runs: whether to end.
  std::function<bool()> interrupted = {};
  // How long one run of a whole program may take, which callgrind makes some fifty times slower.
  absl::Duration patience = absl::Minutes(10);
};

// Whether there is a valgrind to profile with: FailedPrecondition if there is none, otherwise
// errors of ProgramRunner.
absl::Status CheckValgrind(ProgramRunner& programs);

// Profiles one iteration, with what was inlined into the functions that cost most. `notes` gets
// what a reader has to know besides. NotFound if the program has no such benchmark;
// FailedPrecondition if there is no valgrind; Unimplemented if the program does not serve counts,
// or not as this version of perf/ asks for them; Aborted if the body failed; Cancelled if it was
// interrupted; otherwise errors of CountedProcess, of which none is NotFound.
absl::StatusOr<ProfiledBuild> ProfileBenchmark(const BenchmarkProgram& program,
                                               const ProfileOptions& options,
                                               std::vector<std::string>* notes);

// Compares two builds. `time_percent`: by how much more time the current build takes, negative if
// it takes less, 0 if that is not known. Errors as ProfileBenchmark, with the build that they are
// of.
absl::StatusOr<Explanation> ExplainBenchmark(const BenchmarkProgram& baseline,
                                             const BenchmarkProgram& current,
                                             const ProfileOptions& options,
                                             double time_percent = 0);

// The same of one run of a program that need not serve epochs: all that its process does, in all
// threads. `options.measurement` names it in what is being done. Unavailable, with the last that it
// wrote, if the program fails under callgrind; DeadlineExceeded if it takes longer than
// `options.patience`; otherwise as ProfileBenchmark, without NotFound and Unimplemented.
absl::StatusOr<ProfiledBuild> ProfileProgram(const BenchmarkProgram& program,
                                             const ProfileOptions& options,
                                             std::vector<std::string>* notes);
absl::StatusOr<Explanation> ExplainProgram(const BenchmarkProgram& baseline,
                                           const BenchmarkProgram& current,
                                           const ProfileOptions& options);

}  // namespace perf

#endif  // PERF_EXPLAIN_EXPLAIN_BENCHMARK_H_
