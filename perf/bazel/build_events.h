// Which tests Bazel really ran, from the file that --build_event_json_file names.
#ifndef PERF_BAZEL_BUILD_EVENTS_H_
#define PERF_BAZEL_BUILD_EVENTS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace perf {

// One execution of one shard.
struct TestAttempt {
  std::string label;
  // These count from 1.
  int run = 0;
  int shard = 0;
  int attempt = 0;
  // The status in Bazel's words: "PASSED", "FAILED", "TIMEOUT", …
  std::string status;
  // Whether Bazel took the result of an earlier execution, from here or from a remote cache.
  bool cached = false;
  // Whether a worker of a remote executor ran it, and not this machine.
  bool remote = false;
  // When it began and ended; InfinitePast and InfiniteFuture if the events do not say.
  absl::Time began = absl::InfinitePast();
  absl::Time ended = absl::InfiniteFuture();
  // Local paths; empty if the outputs were not brought to this machine.
  std::string log_path;
  std::string outputs_zip_path;
};

struct BuildEvents {
  std::vector<TestAttempt> attempts;
  // Targets that could not be built, with Bazel's reason where it gives one.
  std::map<std::string, std::string> not_built;
  // Bazel's exit code; -1 if the file ends before it.
  int exit_code = -1;
  // Whether the command line or a file of options names a remote cache or executor.
  bool uses_remote_cache = false;
  // What went wrong with the remote cache, in Bazel's words and order, each once. Bazel does
  // without what it could not read, and only warns.
  std::vector<std::string> cache_warnings;
  // The number of the last line, if it was cut and is lost; otherwise 0.
  int cut_line = 0;
};

// `json_lines`: one event a line. The last line is lost, and no more, if it is no JSON: whoever
// wrote it was killed, or the disk was full. InvalidArgument, with the line's number, if another is
// none, or if there is no line beside it, and DataLoss if the file is empty.
absl::StatusOr<BuildEvents> ParseBuildEvents(absl::string_view json_lines);

}  // namespace perf

#endif  // PERF_BAZEL_BUILD_EVENTS_H_
