// Figures for people, with as many digits as can matter.
#ifndef PERF_STATS_FIGURE_TEXT_H_
#define PERF_STATS_FIGURE_TEXT_H_

#include <string>

namespace perf {

// "25.5", "0.021", "184000": three digits, and all of those before the point.
std::string FormatFigure(double value);

// "+3.2%": a change as it is printed, rounded, and never "-0.0%".
std::string PercentText(double percent);

}  // namespace perf

#endif  // PERF_STATS_FIGURE_TEXT_H_
