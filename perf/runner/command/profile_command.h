// `profile NAME`: where a measurement's instructions go.
#ifndef PERF_RUNNER_COMMAND_PROFILE_COMMAND_H_
#define PERF_RUNNER_COMMAND_PROFILE_COMMAND_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "command/file/file_kind.h"
#include "perf/explain/call_tree.h"
#include "perf/mode/options.h"
#include "perf/mode/services.h"
#include "perf/suite/suite.pb.h"
#include "perf/suite/suite_selection.h"

namespace perf {

// A form of a profile.
struct ProfileFormat {
  absl::string_view name;
  // The name of the file if the user names none.
  absl::string_view file_name;
  // The kind by which the beginning of such a file is recognised.
  command::FileKind kind;
  std::string (*render)(const CallNode& root, absl::string_view title);
};

// The format of this name. InvalidArgument, with those that there are, if there is none.
absl::StatusOr<ProfileFormat> FindProfileFormat(absl::string_view name);

struct ProfileCommandOptions {
  // The measurement's name, as in records.
  std::string measurement;
  ProfileFormat format;
  // The file to write, as typed; empty for the format's own name in the output directory.
  std::string output;
};

// Builds the tests, of which one may have the measurement, in the working tree, profiles one
// iteration of its Google Benchmark function, writes the profile, and prints the functions that
// cost most. The exit code: kDone, or kNo if no such function has the measurement. A test that
// cannot be asked for its measurements is an error if no other has the measurement. Cancelled if
// the user interrupted it; otherwise errors as ProfileBenchmark, BuildTests and
// command::OutputFile::Create.
absl::StatusOr<int> RunProfileCommand(const Suite& suite, absl::Span<const SuiteTest> tests,
                                      const SuiteOptions& options,
                                      const ProfileCommandOptions& command_options,
                                      Services& services);

}  // namespace perf

#endif  // PERF_RUNNER_COMMAND_PROFILE_COMMAND_H_
