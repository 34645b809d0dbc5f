// How the history of measurements reads in a terminal.
#ifndef PERF_HISTORY_HISTORY_TEXT_H_
#define PERF_HISTORY_HISTORY_TEXT_H_

#include <string>
#include <vector>

#include "perf/history/change_points.h"
#include "perf/history/history_series.h"

namespace perf {

// A list of series, of which only one at a time is in memory. Not thread-safe.
class HistoryLister {
 public:
  // Adds the line of the next one: how many runs, the last figure, the last change of level. Those
  // of a machine and build follow one another, and have these as a heading.
  void Add(const HistorySeries& series);
  // The lines so far; that there is nothing if there are none.
  std::string Text() const;

 private:
  std::string text_;
  std::string place_;
};

// The list of all of them.
std::string HistoryList(const std::vector<HistorySeries>& all);

// A plot of the medians over the runs, and every change of level with the commits between which it
// happened. `width`: columns of the plot, at least 20; more runs than columns share them.
std::string HistoryPlot(const HistorySeries& series, int width);

// "12.3 % worse since 2026-11-24, between 0123456789ab and ba9876543210+": a change of the series'
// level, with the commits of the runs on both sides; + means with uncommitted changes.
std::string ChangeOfLevelText(const HistorySeries& series, const ChangePoint& change);

}  // namespace perf

#endif  // PERF_HISTORY_HISTORY_TEXT_H_
