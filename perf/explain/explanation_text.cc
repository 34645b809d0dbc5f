#include "perf/explain/explanation_text.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "command/terminal/printable.h"
#include "command/terminal/wrapped.h"
#include "perf/explain/function_name.h"

namespace perf {
namespace {

constexpr size_t kColumns = 100;
// What a file says may be of any length.
constexpr int kMaxShown = 40;
constexpr int kMaxNotes = 12;
constexpr size_t kMaxParagraph = 1000;

// "+380 (120 to 500)"
std::string ChangeOf(double before, double after) {
  const double change = after - before;
  if (IterationFigure(before) == IterationFigure(after)) {
    return absl::StrCat("same (", IterationFigure(after), ")");
  }
  return absl::StrCat(change < 0 ? "" : "+", IterationFigure(change), " (", IterationFigure(before),
                      " to ", IterationFigure(after), ")");
}

std::string Paragraph(absl::string_view text, size_t indent) {
  const std::string printable = command::PrintableLine(command::CutText(text, kMaxParagraph));
  std::vector<std::string> words = absl::StrSplit(printable, ' ', absl::SkipEmpty());
  // What does not fit into a line is cut, with room for the ellipsis.
  for (std::string& word : words) word = command::CutText(word, kColumns - indent - 4);
  return absl::StrCat(command::Wrapped(absl::StrJoin(words, " "), indent, kColumns), "\n");
}

// A function's short name in what is left of a line.
std::string Name(absl::string_view name, size_t column) {
  std::string printable = command::PrintableLine(ShortFunctionName(name));
  if (column + printable.size() < kColumns) return printable;
  constexpr size_t kMinShown = 8;
  return command::CutText(printable, kColumns - std::min(column + 4, kColumns - kMinShown));
}

std::string FunctionText(const FunctionChange& change) {
  // Two figures, and the name.
  constexpr size_t kNameColumn = 60;
  const absl::string_view presence = change.presence() == FUNCTION_NEW    ? "new: "
                                     : change.presence() == FUNCTION_GONE ? "gone: "
                                                                          : "";
  std::string text =
      absl::StrFormat("  %-28s %-28s %s%s\n", ChangeOf(change.self_before(), change.self_after()),
                      ChangeOf(change.inclusive_before(), change.inclusive_after()), presence,
                      Name(change.function(), kNameColumn + presence.size()));
  for (int i = 0; i < std::min(change.inlined_size(), kMaxShown); ++i) {
    const InlinedChange& inlined = change.inlined(i);
    absl::StrAppendFormat(&text, "    %-26s %-28s inlined: %s\n",
                          ChangeOf(inlined.before(), inlined.after()), "",
                          Name(inlined.function(), kNameColumn + 9));
  }
  if (IterationFigure(change.calls_before()) != IterationFigure(change.calls_after())) {
    std::string calls =
        absl::StrCat("    calls: ", ChangeOf(change.calls_before(), change.calls_after()));
    if (!change.caller().empty()) {
      absl::StrAppend(&calls, ", by ", Name(change.caller(), calls.size() + 5));
    }
    absl::StrAppend(&text, calls, "\n");
  }
  return text;
}

}  // namespace

std::string IterationFigure(double value) {
  // What a file says may have hundreds of digits.
  constexpr double kMaxInFull = 1e15;
  const double size = std::abs(value);
  return size >= 100 && size < kMaxInFull ? absl::StrFormat("%.0f", value)
                                          : absl::StrFormat("%.3g", value);
}

absl::string_view PerWhat(const Explanation& explanation) {
  return explanation.of_whole_run() ? "a run of the test" : "an iteration";
}

std::string ExplanationText(const Explanation& explanation) {
  const std::string details = ExplanationDetails(explanation);
  return absl::StrCat(Paragraph(explanation.line(), 0), details.empty() ? "" : "\n", details);
}

std::string ExplanationDetails(const Explanation& explanation) {
  if (explanation.cause() == CAUSE_NOT_EXPLAINED) return "";
  const absl::string_view per = PerWhat(explanation);
  std::string text =
      explanation.of_whole_run() ? "Of one run of the test:\n" : "Of one iteration:\n";
  const auto total = [&](absl::string_view what, double before, double after) {
    absl::StrAppend(&text, "  ", what, ": ", ChangeOf(before, after), "\n");
  };
  total("instructions", explanation.instructions_before(), explanation.instructions_after());
  total("allocations", explanation.allocations_before(), explanation.allocations_after());
  total("system calls", explanation.system_calls_before(), explanation.system_calls_after());
  if (!explanation.functions().empty()) {
    absl::StrAppendFormat(&text, "\nInstructions %s:\n  %-28s %-28s function\n", per,
                          "of the function itself", "with what it calls");
    for (int i = 0; i < std::min(explanation.functions_size(), kMaxShown); ++i) {
      absl::StrAppend(&text, FunctionText(explanation.functions(i)));
    }
  }
  if (!explanation.allocations().empty()) {
    absl::StrAppend(&text, "\nAllocations ", per, ":\n");
    for (int i = 0; i < std::min(explanation.allocations_size(), kMaxShown); ++i) {
      const AllocationChange& change = explanation.allocations(i);
      absl::StrAppendFormat(&text, "  %-28s %s\n", ChangeOf(change.before(), change.after()),
                            Name(change.caller(), 31));
    }
  }
  if (!explanation.notes().empty()) {
    absl::StrAppend(&text, "\n", ExplanationNotes(explanation));
  }
  return text;
}

std::string ExplanationNotes(const Explanation& explanation, size_t indent) {
  std::string text;
  for (int i = 0; i < std::min(explanation.notes_size(), kMaxNotes); ++i) {
    absl::StrAppend(&text, Paragraph(explanation.notes(i), indent));
  }
  return text;
}

}  // namespace perf
