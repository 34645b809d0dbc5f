#include "perf/report/forms/github_commands.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/types/span.h"
#include "perf/report/report_words.h"
#include "perf/report/text/safe_text.h"

namespace perf {
namespace {

// How many annotations of a kind GitHub shows of one step.
constexpr size_t kMaxShown = 10;
constexpr size_t kMaxTitle = 200;

// GitHub decodes these, so that a message may hold them.
std::string Message(absl::string_view text) {
  return absl::StrReplaceAll(OneLine(text), {{"%", "%25"}, {"\r", "%0D"}, {"\n", "%0A"}});
}

// In a property, what ends it, too.
std::string PropertyValue(absl::string_view text) {
  return absl::StrReplaceAll(
      OneLine(text, kMaxTitle),
      {{"%", "%25"}, {"\r", "%0D"}, {"\n", "%0A"}, {":", "%3A"}, {",", "%2C"}});
}

std::string Command(absl::string_view kind, absl::string_view title, absl::string_view message) {
  return absl::StrCat("::", kind, " title=", PropertyValue(title), "::", Message(message), "\n");
}

// The first of them, at most `most` lines, and how many more there are.
std::string Shown(absl::string_view kind, const std::vector<std::string>& commands, size_t most) {
  if (commands.size() <= most) return absl::StrJoin(commands, "");
  const size_t shown = most - 1;
  return absl::StrCat(
      absl::StrJoin(absl::MakeConstSpan(commands).first(shown), ""),
      Command(kind, "Performance",
              absl::StrCat("and ", commands.size() - shown, " more, in the report's files")));
}

// The text, whom to ask, and what looks closer.
template <typename Result>
std::string WithNextStep(absl::string_view text, const Result& result) {
  return absl::StrCat(text, AskClause(result),
                      result.command().empty() ? "" : "; look closer: ", result.command());
}

}  // namespace

std::string GithubCommandsForm(const Report& report) {
  std::vector<std::string> errors;
  for (const std::string& error : report.errors()) {
    errors.push_back(Command("error", "Could not measure", error));
  }
  std::vector<std::string> warnings;
  for (const RequirementResult& result : report.requirements()) {
    const std::string text = WithNextStep(RequirementText(result), result);
    if (IsMissed(result)) {
      errors.push_back(
          Command("error", absl::StrCat("Requirement missed: ", result.title()), text));
    }
    if (IsUnresolved(result)) {
      warnings.push_back(
          Command("warning", absl::StrCat("Requirement unresolved: ", result.title()), text));
    }
  }
  std::vector<std::string> missing;
  std::vector<std::string> reminders;
  std::vector<std::string> notices;
  for (const MeasurementResult& result : report.measurements()) {
    const std::string title = absl::StrCat(Word(result.verdict()), ": ", result.title());
    const std::string text = WithNextStep(
        absl::StrCat(VerdictText(result), result.has_explanation() ? "; " : "", WhyText(result)),
        result);
    if (result.verdict() == RED) errors.push_back(Command("error", title, text));
    if (result.verdict() == YELLOW) warnings.push_back(Command("warning", title, text));
    if (result.verdict() == ACCEPTED) notices.push_back(Command("notice", title, text));
    if (const std::string reminder = ReminderText(result); !reminder.empty()) {
      reminders.push_back(Command("warning", absl::StrCat("Acceptance: ", result.title()),
                                  absl::StrCat(reminder, AskClause(result))));
    }
    if (IsMissing(result))
      missing.push_back(Command("error", title, WithNextStep(MissingText(result), result)));
  }
  errors.insert(errors.end(), missing.begin(), missing.end());
  warnings.insert(warnings.end(), reminders.begin(), reminders.end());
  // The result of all has a place of its own among the notices.
  return absl::StrCat(Shown("error", errors, kMaxShown), Shown("warning", warnings, kMaxShown),
                      Shown("notice", notices, kMaxShown - 1),
                      Command("notice", "Performance", Conclusion(report)));
}

}  // namespace perf
