#include "perf/record/health.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "perf/record/text_proto.h"

namespace perf {
namespace {

constexpr double kMaxStealPercent = 5;
constexpr double kMaxOthersPercent = 15;
constexpr double kMaxLatenessMs = 1;
constexpr double kMaxClockJumpS = 1;

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

template <typename Clock>
int64_t Nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
      .count();
}

}  // namespace

void ParseProcStat(absl::string_view text, HealthReading& reading) {
  const absl::string_view line = text.substr(0, text.find('\n'));
  if (!absl::StartsWith(line, "cpu ")) return;
  // user, nice, system, idle, iowait, irq, softirq, steal; guest times are within user and nice.
  std::vector<double> ticks;
  for (absl::string_view field : absl::StrSplit(line.substr(4), ' ', absl::SkipEmpty())) {
    double value = 0;
    if (!absl::SimpleAtod(field, &value)) return;
    ticks.push_back(value);
  }
  if (ticks.size() < 8) return;
  const auto per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  double all = 0;
  for (size_t i = 0; i < 8; ++i) all += ticks[i];
  reading.all_cpu_s = all / per_second;
  reading.idle_cpu_s = (ticks[3] + ticks[4]) / per_second;
  reading.steal_cpu_s = ticks[7] / per_second;
}

HealthReading ReadHealth() {
  HealthReading reading;
  reading.steady_ns = Nanoseconds<std::chrono::steady_clock>();
  reading.system_ns = Nanoseconds<std::chrono::system_clock>();
  if (const auto stat = ReadFile("/proc/stat"); stat.ok()) ParseProcStat(*stat, reading);
  for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    if (getrusage(who, &usage) != 0) continue;
    reading.own_cpu_s += Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
    reading.involuntary_context_switches += usage.ru_nivcsw;
  }
  return reading;
}

Health HealthBetween(const HealthReading& begin, const HealthReading& end) {
  Health health;
  health.set_begin_ns(begin.steady_ns);
  health.set_end_ns(end.steady_ns);
  const int64_t steady_ns = end.steady_ns - begin.steady_ns;
  health.set_clock_jump_s(static_cast<double>(end.system_ns - begin.system_ns - steady_ns) / 1e9);
  health.set_involuntary_context_switches(end.involuntary_context_switches -
                                          begin.involuntary_context_switches);
  const double all = end.all_cpu_s - begin.all_cpu_s;
  // The kernel counts in hundredths of a second, and in each tick whoever runs has it all.
  constexpr double kMinS = 0.5;
  if (begin.all_cpu_s == 0 || all < kMinS) return health;
  const double steal = end.steal_cpu_s - begin.steal_cpu_s;
  const double own = end.own_cpu_s - begin.own_cpu_s;
  const double others = all - (end.idle_cpu_s - begin.idle_cpu_s) - steal - own;
  health.set_steal_percent(std::max(0.0, steal / all * 100));
  health.set_others_percent(std::max(0.0, others / all * 100));
  return health;
}

std::string WhyNoisy(const Health& health) {
  std::vector<std::string> reasons;
  if (health.steal_percent() >= kMaxStealPercent) {
    reasons.push_back(
        absl::StrFormat("the hypervisor took %.0f %% of the CPU time", health.steal_percent()));
  }
  if (health.others_percent() >= kMaxOthersPercent) {
    reasons.push_back(
        absl::StrFormat("other processes used %.0f %% of the CPU time", health.others_percent()));
  }
  if (health.timer_lateness_median_ms() >= kMaxLatenessMs) {
    reasons.push_back(absl::StrFormat("half of the timers were more than %.1f ms late",
                                      health.timer_lateness_median_ms()));
  }
  return absl::StrJoin(reasons, ", ");
}

std::string WhyNoisy(const Measurement& measurement, const Run& run) {
  const bool changes_with_noise =
      measurement.counted().empty() && measurement.work().empty() && !measurement.deterministic();
  return changes_with_noise ? WhyNoisy(run.health()) : "";
}

double ClockJump(const Health& health) {
  return std::abs(health.clock_jump_s()) > kMaxClockJumpS ? health.clock_jump_s() : 0;
}

}  // namespace perf
