#include "perf/report/html/verdict_reasons.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "perf/report/report_words.h"
#include "perf/stats/figure_text.h"

namespace perf {
namespace {

// "30.2 % worse"
std::string WorseOrBetter(double change_percent) {
  if (std::abs(change_percent) < 0.05) return "the same";
  return absl::StrFormat("%.1f %% %s", std::abs(change_percent),
                         change_percent < 0 ? "worse" : "better");
}

std::string Compared(const MeasurementResult& result) {
  return absl::StrCat("The median is ", WithUnit(result.median(), result.unit()),
                      "; that of the baseline, ", result.baseline(), ", is ",
                      WithUnit(result.baseline_median(), result.unit()), ". That is ",
                      WorseOrBetter(result.change_percent()), ".");
}

std::string Bounds(const MeasurementResult& result) {
  if (!std::isfinite(result.change_percent_low()) || !std::isfinite(result.change_percent_high())) {
    return "There were too few rounds for a range in which the change lies.";
  }
  return absl::StrCat("With 99 % confidence the change lies between ",
                      PercentText(result.change_percent_low()), " and ",
                      PercentText(result.change_percent_high()), "; - is worse, and + is better.");
}

// The rule that the verdict follows, and that it holds.
std::string Rule(const MeasurementResult& result, bool beside) {
  const absl::string_view end =
      beside ? "the kinder end of the range, which is made wider because many measurements are "
               "compared at once,"
             : "the kinder end of the range";
  switch (result.verdict()) {
    case RED:
      return absl::StrCat("It is red because the median is more than 20 % worse, and ", end,
                          " is more than 10 % worse.");
    case YELLOW:
      return absl::StrCat("It is yellow because the median is more than 10 % worse, and ", end,
                          " is worse; for red, it would have to be more than 20 % and more than "
                          "10 % worse.");
    case ACCEPTED:
      return absl::StrCat("It would be ",
                          absl::AsciiStrToLower(Word(result.acceptance().otherwise())),
                          ", and its owners accept that.");
    case IMPROVED:
      return absl::StrCat("It is improved because the median is at least 10 % better, and ",
                          beside ? "the whole range, which is made wider because many measurements "
                                   "are compared at once, is better."
                                 : "the whole range is better.");
    case STABLE:
      if (std::abs(result.change_percent()) <= 10) {
        return beside ? "It is stable because the median is within 10 %, and a change of more than "
                        "20 % is excluded."
                      : "It is stable because the median is within 10 %.";
      }
      return result.note().empty()
                 ? "It is stable because the range includes no change."
                 : absl::StrCat("It is stable all the same: ", result.note(), ".");
    case UNRESOLVED:
      if (result.has_unresolved()) {
        return absl::StrCat("It is unresolved: ", UnresolvedText(result.unresolved()), ".");
      }
      if (!result.noise().empty()) {
        return "It would be red or yellow; beside such noise it is unresolved instead.";
      }
      return "It is unresolved because the median is beyond the line, and the range includes no "
             "change: the samples spread too widely to tell.";
    default:
      return "";
  }
}

}  // namespace

std::vector<std::string> VerdictReasons(const MeasurementResult& result, bool beside) {
  std::vector<std::string> reasons;
  const auto say = [&](std::string sentence) {
    if (!sentence.empty()) reasons.push_back(std::move(sentence));
  };
  // A growth is red whatever the baseline.
  const bool grows = result.has_growth() && result.growth().grows();
  if (result.has_growth()) say(absl::StrCat(GrowthText(result), "."));
  if (grows) {
    say(absl::StrCat("It is red because it grows with every ", result.growth().work_unit(),
                     ", whatever the baseline says."));
  }
  if (HasPercentage(result)) {
    say(Compared(result));
    say(Bounds(result));
  }
  const bool explained =
      result.verdict() == STABLE && HasPercentage(result) && std::abs(result.change_percent()) > 10;
  if (!grows) {
    if (HasPercentage(result)) say(Rule(result, beside));
    if (!result.note().empty() && !explained) {
      say(absl::StrCat(Word(result.verdict()), ": ", result.note(), "."));
    }
  }
  if (const std::string acceptance = AcceptanceText(result); !acceptance.empty()) {
    say(absl::StrCat("Acceptance: ", acceptance, "."));
  }
  if (const std::string reminder = ReminderText(result); !reminder.empty()) {
    say(absl::StrCat("Needed: ", reminder, "."));
  }
  if (result.has_explanation()) {
    say(absl::StrCat(
        result.explanation().cause() == CAUSE_NOT_EXPLAINED ? "" : "What it executes: ",
        result.explanation().line(), "."));
  }
  if (!result.noise().empty()) say(absl::StrCat("The machine was noisy: ", result.noise(), "."));
  if (result.attempts() > 1) {
    say(
        absl::StrFormat("It was measured %d times, because the first result was red; the best of "
                        "these runs counts.",
                        result.attempts()));
  }
  if (result.has_unresolved())
    say(absl::StrCat(SettleText(result.unresolved()), ", run the command below."));
  if (reasons.empty()) say(absl::StrCat(Word(result.verdict()), "."));
  return reasons;
}

}  // namespace perf
