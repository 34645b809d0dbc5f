#include "perf/baseline/baseline_changes.h"

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "perf/baseline/baseline_file.h"
#include "perf/record/short_commit.h"
#include "perf/stats/figure_text.h"
#include "perf/stats/verdict.h"

namespace perf {

namespace {

// Whether there are two figures, of the same quantity.
bool IsComparable(const BaselineChange& change) {
  return change.before.has_value() && change.after.has_value() &&
         change.before->unit() == change.after->unit() &&
         change.before->better() == change.after->better();
}

}  // namespace

std::optional<BaselineRatio> RatioOf(const BaselineChange& change) {
  if (!IsComparable(change)) return std::nullopt;
  const Figure before = StoredFigure(*change.before);
  const Figure after = StoredFigure(*change.after);
  if (!(before.interval.low > 0) || !(after.interval.low > 0)) return std::nullopt;
  BaselineRatio ratio = {.ratio = after.median / before.median};
  const bool is_exact =
      before.interval.low == before.interval.high && after.interval.low == after.interval.high;
  if (!is_exact) {
    ratio.interval = {after.interval.low / before.interval.high,
                      after.interval.high / before.interval.low};
  }
  return ratio;
}

std::optional<double> ChangePercentOf(const BaselineChange& change) {
  if (!IsComparable(change)) return std::nullopt;
  const Comparison comparison =
      Compare(StoredFigure(*change.after), StoredFigure(*change.before), change.after->better(), 0);
  return comparison.of_zero ? std::nullopt : std::optional<double>(comparison.change_percent);
}

double GainOf(const BaselineChange& change) {
  if (!IsComparable(change)) return 0;
  const Comparison comparison =
      Compare(StoredFigure(*change.after), StoredFigure(*change.before), change.after->better(), 0);
  if (!comparison.of_zero) return comparison.change_percent;
  const double infinity = std::numeric_limits<double>::infinity();
  if (comparison.verdict == STABLE) return 0;
  return comparison.verdict == IMPROVED ? infinity : -infinity;
}

std::string StoredText(const BaselineMeasurement& stored) {
  return absl::StrCat(FormatFigure(stored.median()), " ", stored.unit());
}

std::string RatioText(const BaselineRatio& ratio) {
  std::string text = absl::StrCat(FormatFigure(ratio.ratio), " times");
  if (ratio.interval.has_value()) {
    absl::StrAppend(&text, " (", FormatFigure(ratio.interval->low), " to ",
                    FormatFigure(ratio.interval->high), ")");
  }
  return text;
}

std::string ChangesText(const std::vector<BaselineChange>& changes) {
  std::string text;
  for (const BaselineChange& change : changes) {
    const BaselineMeasurement& stated = change.Stated();
    if (!change.after.has_value()) {
      absl::StrAppend(
          &text, "  dropped: ", stated.name(), " (was ", StoredText(stated),
          stated.commit().empty() ? "" : absl::StrCat(" at ", ShortCommit(stated.commit())),
          ", profile ", stated.profile(), "): ", change.why_dropped, "\n");
      continue;
    }
    absl::StrAppend(&text, "  ", stated.name(), " (", stated.profile(),
                    "): ", change.before.has_value() ? StoredText(*change.before) : "new",
                    change.before.has_value() ? " -> " : ": ", StoredText(stated));
    if (const std::optional<double> percent = ChangePercentOf(change); percent.has_value()) {
      absl::StrAppend(&text, " (", PercentText(*percent), ")");
    }
    if (const std::optional<BaselineRatio> ratio = RatioOf(change); ratio.has_value()) {
      absl::StrAppend(&text, ", ", RatioText(*ratio));
    }
    absl::StrAppend(&text, "\n");
  }
  return text;
}

}  // namespace perf
