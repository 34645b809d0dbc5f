#include "perf/report/forms/comment.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "perf/report/report_markdown.h"

namespace perf {
namespace {

constexpr size_t kMaxSuite = 200;

}  // namespace

std::string CommentMarker(const Report& report) {
  absl::string_view suite = report.command();
  absl::ConsumePrefix(&suite, "bazel run ");
  std::string label;
  for (const char c : suite.substr(0, kMaxSuite)) {
    const bool is_of_labels = absl::ascii_isalnum(c) || absl::StrContains("/:@._+=~-", c);
    // Two hyphens would end the comment, or be none of HTML's.
    const bool ends_comment = c == '-' && absl::EndsWith(label, "-");
    label.push_back(is_of_labels && !ends_comment ? c : '_');
  }
  return absl::StrCat("<!-- parlance-perf: ", label.empty() ? "unknown" : label, " -->");
}

std::string CommentForm(const Report& report) {
  return absl::StrCat(CommentMarker(report), "\n", MarkdownReport(report));
}

}  // namespace perf
