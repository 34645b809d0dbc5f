#include "perf/history/history_text.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "perf/history/change_points.h"
#include "perf/record/short_commit.h"

namespace perf {
namespace {

constexpr int kRows = 12;

std::vector<ChangePoint> Changes(const HistorySeries& series) {
  std::vector<double> medians;
  for (const HistoryPoint& point : series.points) medians.push_back(point.median);
  return FindChangePoints(medians);
}

std::string FigureText(double value, const std::string& unit) {
  return absl::StrFormat("%.4g %s", value, unit);
}

// What its figures can be compared with: nothing of another machine or build.
std::string Place(const HistorySeries& series) {
  return absl::StrCat(series.machine, ", ",
                      series.build.empty() ? "build not recorded" : series.build);
}

std::string Day(const HistoryPoint& point) {
  return absl::FormatTime("%Y-%m-%d", point.time, absl::UTCTimeZone());
}

std::string Commit(const HistoryPoint& point) {
  if (point.commit.empty()) return "unknown commit";
  return absl::StrCat(ShortCommit(point.commit), point.dirty ? "+" : "");
}

// "12.3 % worse"
std::string Judged(const HistorySeries& series, const ChangePoint& change) {
  const bool better = (series.better == HIGHER) == (change.after > change.before);
  if (change.before == 0) return better ? "better than zero" : "worse than zero";
  const double percent = (change.after - change.before) / std::abs(change.before) * 100;
  return absl::StrFormat("%.1f %% %s", std::abs(percent), better ? "better" : "worse");
}

}  // namespace

std::string ChangeOfLevelText(const HistorySeries& series, const ChangePoint& change) {
  const HistoryPoint& last_before = series.points[change.index - 1];
  const HistoryPoint& first_after = series.points[change.index];
  return absl::StrCat(Judged(series, change), " since ", Day(first_after), ", between ",
                      Commit(last_before), " and ", Commit(first_after));
}

void HistoryLister::Add(const HistorySeries& series) {
  if (Place(series) != place_) {
    place_ = Place(series);
    absl::StrAppend(&text_, text_.empty() ? "" : "\n", place_, "\n");
  }
  const std::vector<ChangePoint> changes = Changes(series);
  const int64_t num_runs = static_cast<int64_t>(series.points.size()) + series.points_left_out;
  absl::StrAppendFormat(
      &text_, "  %-40s %-8s %4d %-5s %12s  %s\n", series.name, series.load, num_runs,
      num_runs == 1 ? "run" : "runs", FigureText(series.points.back().median, series.unit),
      changes.empty() ? "no change of level" : ChangeOfLevelText(series, changes.back()));
}

std::string HistoryLister::Text() const {
  return text_.empty() ? "There is nothing in the history yet.\n" : text_;
}

std::string HistoryList(const std::vector<HistorySeries>& all) {
  HistoryLister lister;
  for (const HistorySeries& series : all) lister.Add(series);
  return lister.Text();
}

std::string HistoryPlot(const HistorySeries& series, int width) {
  const std::vector<HistoryPoint>& points = series.points;
  std::string text =
      absl::StrCat(series.title, " (", series.name, ", ", series.load, " loads)\n", Place(series),
                   ", ", points.size(), points.size() == 1 ? " run" : " runs", ", ",
                   Day(points.front()), " to ", Day(points.back()), "\n\n");
  // No record has a figure that is not finite, but a database may.
  double low = std::numeric_limits<double>::max();
  double high = std::numeric_limits<double>::lowest();
  for (const HistoryPoint& point : points) {
    if (!std::isfinite(point.median)) continue;
    low = std::min(low, point.median);
    high = std::max(high, point.median);
  }
  if (low > high) return absl::StrCat(text, "No run has a figure that can be drawn.\n");
  // Levels look alike if they are: the axis covers at least a tenth of the figure.
  const double least = std::abs(high) * 0.1;
  if (high - low < least) {
    const double middle = high / 2 + low / 2;
    low = middle - least / 2;
    high = middle + least / 2;
  }
  if (high == low) high = low + 1;
  const int columns =
      std::min(std::max(width, 20), static_cast<int>(std::max<size_t>(points.size(), 1)));
  const auto column_of = [&](size_t index) {
    return static_cast<size_t>(static_cast<double>(index) * columns /
                               static_cast<double>(points.size()));
  };
  const std::vector<ChangePoint> changes = Changes(series);
  std::vector<std::vector<char>> marks(kRows, std::vector<char>(static_cast<size_t>(columns), ' '));
  for (const ChangePoint& change : changes) {
    for (auto& row : marks) row[column_of(change.index)] = '|';
  }
  for (size_t i = 0; i < points.size(); ++i) {
    if (!std::isfinite(points[i].median)) continue;
    // Halves, as the difference of the greatest figures has no place in a double.
    const double height = (points[i].median / 2 - low / 2) / (high / 2 - low / 2);
    const auto row = static_cast<size_t>(std::lround((1 - height) * (kRows - 1)));
    marks[row][column_of(i)] = 'o';
  }
  for (int row = 0; row < kRows; ++row) {
    const bool labelled = row == 0 || row == kRows - 1;
    const std::string label = labelled ? FigureText(row == 0 ? high : low, series.unit) : "";
    absl::StrAppendFormat(&text, "%14s | %s\n", label,
                          std::string(marks[static_cast<size_t>(row)].begin(),
                                      marks[static_cast<size_t>(row)].end()));
  }
  absl::StrAppend(&text, "\n");
  if (changes.empty()) return text + "No change of level.\n";
  for (const ChangePoint& change : changes) {
    absl::StrAppend(&text, FigureText(change.before, series.unit), " to ",
                    FigureText(change.after, series.unit), ": ", ChangeOfLevelText(series, change),
                    "\n");
  }
  return text;
}

}  // namespace perf
