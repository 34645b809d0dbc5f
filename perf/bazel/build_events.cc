#include "perf/bazel/build_events.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "google/protobuf/util/json_util.h"
#include "perf/bazel/build_event.pb.h"
#include "perf/record/protobuf_release.h"
#include "perf/suite/label.h"
#include "re2/re2.h"

namespace perf {
namespace {

// The path of a file on this machine, or empty. Bazel escapes nothing in its file: URIs but spaces
// and the like, which the paths of an output tree may inherit from a user's name.
std::string LocalPath(absl::string_view uri) {
  if (!absl::ConsumePrefix(&uri, "file://")) return "";
  std::string path;
  for (size_t i = 0; i < uri.size(); ++i) {
    if (uri[i] == '%' && i + 2 < uri.size() && absl::ascii_isxdigit(uri[i + 1]) &&
        absl::ascii_isxdigit(uri[i + 2])) {
      path.push_back(static_cast<char>(std::stoi(std::string(uri.substr(i + 1, 2)), nullptr, 16)));
      i += 2;
    } else {
      path.push_back(uri[i]);
    }
  }
  return path;
}

TestAttempt AttemptOf(const BuildEvent& event) {
  const BuildEventId::TestResultId& id = event.id().test_result();
  const BuildEvent::TestResult& result = event.test_result();
  TestAttempt attempt{
      .label = CanonicalLabel(id.label()),
      .run = id.run(),
      .shard = id.shard(),
      .attempt = id.attempt(),
      .status = result.status(),
      .cached = result.cached_locally() || result.execution_info().cached_remotely(),
      .remote = result.execution_info().strategy() == "remote",
      .log_path = "",
      .outputs_zip_path = ""};
  if (const int64_t began = result.test_attempt_start_millis_epoch(); began > 0) {
    attempt.began = absl::FromUnixMillis(began);
    attempt.ended = attempt.began + absl::Milliseconds(result.test_attempt_duration_millis());
  }
  for (const BuildEvent::File& file : result.test_action_output()) {
    if (file.name() == "test.log") attempt.log_path = LocalPath(file.uri());
    if (file.name() == "test.outputs__outputs.zip") {
      attempt.outputs_zip_path = LocalPath(file.uri());
    }
  }
  return attempt;
}

// Whether an option names a remote cache; that of no name takes back what one before it named.
void ReadOption(absl::string_view option, BuildEvents& events) {
  if (absl::ConsumePrefix(&option, "--remote_cache=") ||
      absl::ConsumePrefix(&option, "--remote_executor=")) {
    events.uses_remote_cache = !option.empty();
  }
}

// Bazel 4 prints "WARNING: Reading from Remote Cache:" and the reason in the next line, Bazel 7
// "WARNING: Remote Cache: " and the reason. On a terminal, some of it is coloured.
std::vector<std::string> CacheWarnings(const std::string& printed) {
  static const re2::RE2& warning = *new re2::RE2(
      R"(WARNING: (?:\x1b\[[0-9;]*m)*(?:Reading from |Writing to )?Remote Cache:\s*([^\r\n]+))");
  std::vector<std::string> warnings;
  re2::StringPiece rest(printed);
  std::string reason;
  while (re2::RE2::FindAndConsume(&rest, warning, &reason)) {
    if (!absl::c_linear_search(warnings, reason)) warnings.push_back(reason);
  }
  return warnings;
}

}  // namespace

absl::StatusOr<BuildEvents> ParseBuildEvents(absl::string_view json_lines) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  BuildEvents events;
  // A warning may be divided between two events.
  std::string printed;
  int line_number = 0;
  int num_events = 0;
  const absl::string_view whole = absl::StripTrailingAsciiWhitespace(json_lines);
  const auto last_line = 1 + static_cast<int>(absl::c_count(whole, '\n'));
  for (absl::string_view line : absl::StrSplit(json_lines, '\n')) {
    ++line_number;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    BuildEvent event;
    const auto parsed =
        google::protobuf::util::JsonStringToMessage(JsonText(line), &event, options);
    if (!parsed.ok() && line_number == last_line && num_events > 0) {
      events.cut_line = line_number;
      break;
    }
    if (!parsed.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("build events, line ", line_number, ": ", std::string(parsed.message())));
    }
    ++num_events;
    if (event.has_test_result() && event.id().has_test_result()) {
      events.attempts.push_back(AttemptOf(event));
    }
    if (event.id().has_target_completed()) {
      const std::string label = CanonicalLabel(event.id().target_completed().label());
      if (event.has_aborted()) {
        events.not_built[label] = event.aborted().description();
      } else if (event.has_completed() && !event.completed().success()) {
        events.not_built[label] = "";
      }
    }
    if (event.has_finished()) events.exit_code = event.finished().exit_code().code();
    for (const std::string& option : event.options_parsed().cmd_line()) ReadOption(option, events);
    absl::StrAppend(&printed, event.progress().stderr());
  }
  if (num_events == 0) return absl::DataLossError("the build event file is empty");
  events.cache_warnings = CacheWarnings(printed);
  return events;
}

}  // namespace perf
