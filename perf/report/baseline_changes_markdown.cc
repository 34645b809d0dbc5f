#include "perf/report/baseline_changes_markdown.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "perf/baseline/baseline_changes.h"
#include "perf/record/short_commit.h"
#include "perf/report/report_markdown.h"
#include "perf/report/text/markdown_table.h"
#include "perf/report/text/safe_text.h"
#include "perf/stats/figure_text.h"

namespace perf {
namespace {

// A smaller percentage is shown as 0.0 %.
constexpr double kShownPercent = 0.05;

// The worst first, then what is better, new and dropped.
std::pair<int, double> Rank(const BaselineChange& change) {
  if (!change.after.has_value()) return {2, 0};
  if (!change.before.has_value()) return {1, 0};
  return {0, GainOf(change)};
}

std::string Row(const BaselineChange& change) {
  const BaselineMeasurement& stated = change.Stated();
  std::vector<std::string> cells = {MarkdownCell(stated.name()), MarkdownCell(stated.profile())};
  if (change.before.has_value()) {
    const BaselineMeasurement& before = *change.before;
    cells.push_back(MarkdownCell(absl::StrCat(
        StoredText(before), before.commit().empty() ? "" : ", ", ShortCommit(before.commit()),
        before.date().empty() ? "" : " of ", before.date())));
  } else {
    cells.emplace_back("new");
  }
  cells.push_back(change.after.has_value()
                      ? MarkdownCell(StoredText(*change.after))
                      : absl::StrCat("dropped: ", MarkdownCell(change.why_dropped)));
  const std::optional<BaselineRatio> ratio = RatioOf(change);
  cells.push_back(ratio.has_value() ? RatioText(*ratio) : "");
  const std::optional<double> percent = ChangePercentOf(change);
  cells.push_back(percent.has_value() ? PercentText(*percent) : "");
  return MarkdownRow(cells);
}

// "2 changed, of which 1 is worse, 1 new, 3 as stored"
std::string Counts(const BaselineUpdate& update) {
  int changed = 0;
  int worse = 0;
  int added = 0;
  int dropped = 0;
  for (const BaselineChange& change : update.changes) {
    const int rank = Rank(change).first;
    changed += rank == 0;
    worse += GainOf(change) <= -kShownPercent;
    added += rank == 1;
    dropped += rank == 2;
  }
  std::vector<std::string> parts;
  const auto part = [&](int count, absl::string_view what) {
    if (count > 0) parts.push_back(absl::StrCat(count, " ", what));
  };
  part(changed, worse == 0 ? "changed"
                           : absl::StrCat("changed, ", worse,
                                          worse == 1 ? " of them is" : " of them are", " worse"));
  part(added, "new");
  part(dropped, "dropped");
  part(update.unchanged, "as stored");
  return absl::StrJoin(parts, ", ");
}

}  // namespace

std::string BaselineChangesMarkdown(const BaselineChangesInputs& inputs) {
  // What has to have room after the rows of a table: that some are left out.
  constexpr size_t kReserve = 200;
  std::string text = absl::StrCat(
      "# Changed baselines\n\n",
      inputs.why.empty() ? "Why: nobody said. `--why` tells the reviewer.\n"
                         : absl::StrCat("Why: ", MarkdownText(inputs.why), "\n"),
      "\nMeasured at ", MarkdownCell(ShortCommit(inputs.commit)), " on ", MarkdownCell(inputs.date),
      ". In the last column `-` is worse and `+` better; the range of a ratio follows from the "
      "99 % intervals of both medians, and exact figures have none.\n");
  for (const std::string& remark : inputs.remarks) {
    const std::string quoted = absl::StrCat("\n> ", MarkdownCell(remark), "\n");
    if (text.size() + quoted.size() + kReserve < kMaxMarkdownBytes) text += quoted;
  }
  size_t left_out = 0;
  for (const auto& [machine, update] : inputs.updates) {
    std::vector<const BaselineChange*> ordered;
    for (const BaselineChange& change : update.changes) ordered.push_back(&change);
    absl::c_stable_sort(ordered, [](const BaselineChange* one, const BaselineChange* other) {
      return Rank(*one) < Rank(*other);
    });
    std::string section = absl::StrCat("\n## ", MarkdownCell(machine), ": ", Counts(update), "\n");
    for (const std::string& remark : update.remarks) {
      absl::StrAppend(&section, "\n> ", MarkdownCell(remark), "\n");
    }
    if (!ordered.empty()) {
      absl::StrAppend(
          &section, "\n",
          MarkdownTableHead({"Measurement", "Loads", "Before", "After", "Ratio", "Change"}));
    }
    for (const BaselineChange* change : ordered) {
      const std::string row = Row(*change);
      if (text.size() + section.size() + row.size() + kReserve < kMaxMarkdownBytes) {
        absl::StrAppend(&section, row);
      } else {
        ++left_out;
      }
    }
    if (text.size() + section.size() + kReserve < kMaxMarkdownBytes) text += section;
  }
  if (left_out > 0) {
    absl::StrAppend(&text, "\n… and ", left_out, " more, in the stored files\n");
  }
  return text;
}

}  // namespace perf
