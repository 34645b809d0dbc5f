#include "perf/report/forms/junit.h"

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "perf/report/report_words.h"
#include "perf/report/text/safe_text.h"
#include "perf/report/text/units.h"

namespace perf {
namespace {

// As an attribute's value or as content. Of the characters that XML 1.0 forbids, OneLine leaves
// two.
std::string Xml(absl::string_view text) {
  return absl::StrReplaceAll(OneLine(text), {{"&", "&amp;"},
                                             {"<", "&lt;"},
                                             {">", "&gt;"},
                                             {"\"", "&quot;"},
                                             {"'", "&apos;"},
                                             {"\xEF\xBF\xBE", "\\ufffe"},
                                             {"\xEF\xBF\xBF", "\\uffff"}});
}

std::string Attribute(absl::string_view name, absl::string_view value) {
  return absl::StrCat(" ", name, "=\"", Xml(value), "\"");
}

struct TestSuite {
  std::string cases;
  int tests = 0;
  int failures = 0;
  int errors = 0;
  int skipped = 0;
  double seconds = 0;
};

// Requirements that are not met, by the measurement.
struct UnmetRequirements {
  std::map<std::string, std::vector<std::string>> missed;
  std::map<std::string, std::vector<std::string>> unresolved;
};

UnmetRequirements UnmetOf(const Report& report) {
  UnmetRequirements unmet;
  for (const RequirementResult& result : report.requirements()) {
    const std::string& why = result.requirement().why();
    const std::string text = absl::StrCat(RequirementText(result), why.empty() ? "" : ": ", why);
    const std::string& name = result.requirement().measurement();
    if (IsMissed(result)) unmet.missed[name].push_back("requirement missed: " + text);
    if (IsUnresolved(result)) unmet.unresolved[name].push_back("requirement unresolved: " + text);
  }
  return unmet;
}

// What a reader of the test case looks at, whatever its outcome.
std::string Output(const MeasurementResult& result) {
  std::vector<std::string> lines = {result.title(), VerdictText(result)};
  if (result.has_explanation()) lines.push_back(WhyText(result));
  if (result.count() > 0) {
    lines.push_back(absl::StrCat("median ", WithUnit(result.median(), result.unit()), ", average ",
                                 WithUnit(result.mean(), result.unit()), ", 99th percentile ",
                                 WithUnit(result.p99(), result.unit()), ", ", result.count(),
                                 " samples"));
  }
  if (HasPercentage(result)) lines.push_back(ChangeDetail(result));
  if (std::string reminder = ReminderText(result); !reminder.empty()) {
    lines.push_back(std::move(reminder));
  }
  if (!result.command().empty()) lines.push_back(result.command());
  std::string text;
  for (const std::string& line : lines) absl::StrAppend(&text, Xml(line), "\n");
  return absl::StrCat("      <system-out>", text, "</system-out>\n");
}

std::string PropertyElement(absl::string_view name, absl::string_view value) {
  return absl::StrCat("<property", Attribute("name", name), Attribute("value", value), "/>");
}

std::string Outcome(absl::string_view element, absl::string_view type, absl::string_view message) {
  return absl::StrCat("      <", element, type.empty() ? "" : Attribute("type", type),
                      Attribute("message", message), "/>\n");
}

void AddMeasurement(const MeasurementResult& result, const UnmetRequirements& unmet,
                    TestSuite& suite) {
  ++suite.tests;
  absl::StrAppend(&suite.cases, "    <testcase", Attribute("classname", result.component()),
                  Attribute("name", result.name()));
  if (const std::optional<double> unit = SecondsOf(result.unit());
      unit.has_value() && result.count() > 0 && std::isfinite(result.median())) {
    suite.seconds += result.median() * *unit;
    absl::StrAppend(&suite.cases, Attribute("time", ExactNumber(result.median() * *unit)));
  }
  absl::StrAppend(&suite.cases, ">\n");
  if (!result.owners().empty()) {
    absl::StrAppend(&suite.cases, "      <properties>",
                    PropertyElement("owner", OwnersText(result.owners())), "</properties>\n");
  }
  const auto missed = unmet.missed.find(result.name());
  const auto unresolved = unmet.unresolved.find(result.name());
  const bool is_bad = result.verdict() == RED || result.verdict() == MISSING;
  const bool is_judged = result.verdict() == STABLE || result.verdict() == IMPROVED ||
                         result.verdict() == YELLOW || result.verdict() == ACCEPTED;
  if (is_bad || missed != unmet.missed.end()) {
    ++suite.failures;
    std::vector<std::string> reasons;
    if (IsMissing(result)) reasons.push_back(absl::StrCat("missing: ", MissingText(result)));
    if (result.verdict() == RED) reasons.push_back(VerdictText(result));
    if (missed != unmet.missed.end()) {
      reasons.insert(reasons.end(), missed->second.begin(), missed->second.end());
    }
    const absl::string_view type = IsMissing(result)         ? "missing"
                                   : result.verdict() == RED ? "red"
                                                             : "requirement";
    absl::StrAppend(&suite.cases, Outcome("failure", type, absl::StrJoin(reasons, "; ")));
  } else if (!is_judged || unresolved != unmet.unresolved.end()) {
    ++suite.skipped;
    std::vector<std::string> reasons;
    if (!is_judged) reasons.push_back(VerdictText(result));
    if (unresolved != unmet.unresolved.end()) {
      reasons.insert(reasons.end(), unresolved->second.begin(), unresolved->second.end());
    }
    absl::StrAppend(&suite.cases, Outcome("skipped", "", absl::StrJoin(reasons, "; ")));
  }
  absl::StrAppend(&suite.cases, Output(result), "    </testcase>\n");
}

// Errors begin with the target's name.
void AddError(const std::string& error, TestSuite& suite) {
  ++suite.tests;
  ++suite.errors;
  const absl::string_view target = absl::string_view(error).substr(0, error.find(": "));
  absl::StrAppend(&suite.cases, "    <testcase", Attribute("classname", "could not be measured"),
                  Attribute("name", target), ">\n", Outcome("error", "not measured", error),
                  "    </testcase>\n");
}

std::string Property(absl::string_view name, absl::string_view value) {
  if (value.empty()) return "";
  return absl::StrCat("      ", PropertyElement(name, value), "\n");
}

std::string Properties(const Report& report) {
  return absl::StrCat("    <properties>\n", Property("machine", report.machine()),
                      Property("cpu", report.environment().cpu_model()),
                      Property("compiler", report.environment().compiler()),
                      Property("commit", report.commit()),
                      Property("uncommitted changes", report.dirty() ? "yes" : ""),
                      Property("loads", Profile(report)), Property("selection", report.selection()),
                      Property("command", report.command()), Property("result", Conclusion(report)),
                      "    </properties>\n");
}

std::string Numbers(const TestSuite& suite) {
  return absl::StrCat(Attribute("tests", absl::StrCat(suite.tests)),
                      Attribute("failures", absl::StrCat(suite.failures)),
                      Attribute("errors", absl::StrCat(suite.errors)),
                      Attribute("skipped", absl::StrCat(suite.skipped)),
                      Attribute("time", ExactNumber(suite.seconds)));
}

}  // namespace

std::string JunitForm(const Report& report) {
  const UnmetRequirements unmet = UnmetOf(report);
  std::map<std::string, TestSuite> suites;
  for (const MeasurementResult& result : report.measurements()) {
    AddMeasurement(result, unmet, suites[result.component()]);
  }
  std::vector<std::pair<std::string, TestSuite>> ordered(suites.begin(), suites.end());
  if (!report.errors().empty()) {
    TestSuite& errors = ordered.emplace_back("could not be measured", TestSuite()).second;
    for (const std::string& error : report.errors()) AddError(error, errors);
  }
  TestSuite all;
  std::string text;
  const std::string time =
      absl::FormatTime("%Y-%m-%dT%H:%M:%S", absl::FromUnixSeconds(report.generated().seconds()),
                       absl::UTCTimeZone());
  for (const auto& [name, suite] : ordered) {
    all.tests += suite.tests;
    all.failures += suite.failures;
    all.errors += suite.errors;
    all.skipped += suite.skipped;
    all.seconds += suite.seconds;
    absl::StrAppend(&text, "  <testsuite", Attribute("name", name.empty() ? "perf" : name),
                    Numbers(suite), Attribute("timestamp", time),
                    Attribute("hostname", report.machine()), ">\n", Properties(report), suite.cases,
                    "  </testsuite>\n");
  }
  return absl::StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites",
                      Attribute("name", "performance"), Numbers(all), ">\n", text,
                      "</testsuites>\n");
}

}  // namespace perf
