// The words and figures that every form of the report has in common.
#ifndef PERF_REPORT_REPORT_WORDS_H_
#define PERF_REPORT_REPORT_WORDS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_field.h"
#include "perf/report/report.pb.h"

namespace perf {

// "25.5 ms", but "2.5x".
std::string WithUnit(double value, absl::string_view unit);

// One character for a verdict, which never stands without its word.
absl::string_view Symbol(Verdict verdict);
absl::string_view Word(Verdict verdict);

// "Red", or "Unresolved, probably red".
std::string Words(const MeasurementResult& result);

// What is said of the slowdown that the component accepts of a measurement: "accepted until
// 2027-01-31: …; it is 12.3 % worse, and at most 15 % is accepted", or why that has no effect on a
// worse one. Empty if there is nothing to say.
std::string AcceptanceText(const MeasurementResult& result);

// From this many days before its last one on, the end of an acceptance is in every report.
inline constexpr int kReminderDays = 14;

// "accepted until 2027-01-31, which is in 9 days: make it fast again, or …": what somebody has to
// do about an acceptance that ends soon, or that nothing needs any more; empty if there is nothing
// to do. Of what is red or yellow, the verdict says more.
std::string ReminderText(const MeasurementResult& result);

// How many measurements were taken while the machine was noisy, by the reason: one burst of load
// meets many.
std::map<std::string, int> NoiseByReason(const Report& report);

// How a list of owners is printed: "@parlance/audio, @parlance/perf", and of many the first.
using Owners = google::protobuf::RepeatedPtrField<std::string>;
std::string OwnersText(const Owners& owners);

// "ask @parlance/audio": whom a reader turns to about what is red, yellow, unresolved or missing,
// about an acceptance that needs somebody, and about a requirement that is not met. Empty of all
// else, and where nobody is known.
std::string AskText(const MeasurementResult& result);
std::string AskText(const RequirementResult& result);

// The same after what comes before it, of either: "; ask @parlance/audio", or nothing.
template <typename Result>
std::string AskClause(const Result& result) {
  const std::string ask = AskText(result);
  return ask.empty() ? "" : absl::StrCat("; ", ask);
}

// Whether anybody is known to own anything.
bool HasOwners(const Report& report);

// Whether the verdict is about a change.
bool HasChange(Verdict verdict);

bool IsMissing(const MeasurementResult& result);

// Whether it stands for a test that was not run, as its code is the same in both revisions.
bool IsUnchanged(const MeasurementResult& result);

// Whether there is a percentage of a baseline: not of a test whose code is the same in both
// revisions, of something that is where there was none before, or of memory that grows without any
// baseline.
bool HasPercentage(const MeasurementResult& result);

// "-23.4% (between -25.1% and -21.0%)", without the interval where there is none; empty if there is
// no percentage.
std::string ChangeText(const MeasurementResult& result);

// Why an A/B comparison left a measurement unresolved.
std::string UnresolvedText(const UnresolvedResult& unresolved);

// How long it takes to settle it, before the command that does so: "To settle it, in about 3 s".
std::string SettleText(const UnresolvedResult& unresolved);

// "median 0.442 ms, baseline 0.337 ms (0123456789ab of 2026-11-24)"; empty if either is not there.
std::string FiguresText(const MeasurementResult& result);

// "✗ Red: -23.4% vs baseline; ...": the verdict with its reasons.
std::string VerdictText(const MeasurementResult& result);

// "why: +410 instructions an iteration, of which 380 in Resampler::Push", or why that is not known;
// empty if nobody looked into it.
std::string WhyText(const MeasurementResult& result);

// The figures behind a percentage, for whoever has to act on it. Few rounds have no interval.
std::string ChangeDetail(const MeasurementResult& result);

// "Growth: 1.2 MB, 112 bytes a session (between 111 and 113)", of a series over work.
std::string GrowthText(const MeasurementResult& result);

// "at most 10 ms"
std::string Limit(const Requirement& requirement);

// "average 52.1 ms, required at most 50.0 ms", of a requirement that was measured, and what makes
// it doubtful.
std::string RequirementText(const RequirementResult& result);

// Whether a requirement was measured and is not met: beyond doubt, or on a machine that was noisy.
bool IsMissed(const RequirementResult& result);
bool IsUnresolved(const RequirementResult& result);

// "99th percentile"
std::string StatisticWord(Statistic statistic);

// "✓ stable"
absl::string_view StatusText(Status status);

// "1 red", "2 yellow": what a component has besides what is stable, the gravest first.
std::vector<std::string> RemarkableParts(const ComponentStatus& status);

// "2026-11-24 10:15:00 UTC"
std::string GeneratedAt(const Report& report);

// "quick loads, audio.iterations=3"
std::string Profile(const Report& report);

// The commit in short, and whether there were changes beyond it.
std::string Commit(const Report& report);

// How many of what a report has.
struct ReportCounts {
  int measured = 0;
  // Tests that were not run, as their code is the same in both revisions.
  int unchanged = 0;
  int red = 0;
  int yellow = 0;
  int improved = 0;
  int unresolved = 0;
  int accepted = 0;
  int missing = 0;
  int noisy = 0;
  int not_comparable = 0;
  int without_baseline = 0;
  int requirements = 0;
  int requirements_missed = 0;
  int requirements_unresolved = 0;
};
ReportCounts CountsOf(const Report& report);

// "3 of 4 requirements met"
std::string RequirementsMet(const ReportCounts& counts);

// The gravest verdict of all in a word: "Red", "Could not measure", "Missing", "Yellow",
// "Unresolved", "Accepted", "Improved", "No baseline", "Stable".
absl::string_view ConclusionWord(const Report& report);
absl::string_view ConclusionSymbol(const Report& report);

// The same with what there is to act on: "Red: 1 red, 2 yellow".
std::string Conclusion(const Report& report);

// The next step for a reader of the whole report, and the command that does it; both empty if
// nothing is to be done.
struct NextStep {
  // "see whether it was the code, beside an earlier revision"
  std::string what;
  std::string command;
};
NextStep NextStepOf(const Report& report);

// A row for each component, after a header.
std::vector<std::vector<std::string>> StatusRows(const Report& report);

// Columns padded with spaces, each row with two before it; the first row is the header.
std::string Table(const std::vector<std::vector<std::string>>& rows);

// How many columns of a terminal UTF-8 text takes, if no character is wide.
size_t Width(absl::string_view text);

// A sentence that says once for all what to do about missing measurements.
absl::string_view AboutMissing(const Report& report);

// "audio.vad: the baseline has it, and no test measured it (25.5 ms, 0123456789ab of 2026-11-24)"
std::string MissingText(const MeasurementResult& result);

}  // namespace perf

#endif  // PERF_REPORT_REPORT_WORDS_H_
