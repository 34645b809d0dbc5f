#include "perf/report/text/units.h"

#include "absl/strings/match.h"

namespace perf {

std::optional<BaseUnit> BaseUnitOf(absl::string_view unit) {
  constexpr absl::string_view kSeconds = "seconds";
  constexpr absl::string_view kBytes = "bytes";
  constexpr absl::string_view kRatio = "ratio";
  struct Known {
    absl::string_view unit;
    BaseUnit base;
  };
  constexpr Known kKnown[] = {
      {"s", {kSeconds, 1}},       {"ms", {kSeconds, 1e-3}}, {"us", {kSeconds, 1e-6}},
      {"µs", {kSeconds, 1e-6}},   {"ns", {kSeconds, 1e-9}}, {"min", {kSeconds, 60}},
      {"bytes", {kBytes, 1}},     {"byte", {kBytes, 1}},    {"B", {kBytes, 1}},
      {"kB", {kBytes, 1e3}},      {"KB", {kBytes, 1e3}},    {"MB", {kBytes, 1e6}},
      {"GB", {kBytes, 1e9}},      {"KiB", {kBytes, 1024}},  {"MiB", {kBytes, 1048576}},
      {"GiB", {kBytes, 1 << 30}}, {"ratio", {kRatio, 1}},   {"x", {kRatio, 1}},
      {"%", {kRatio, 0.01}},
  };
  for (const Known& known : kKnown) {
    if (known.unit == unit) return known.base;
  }
  return std::nullopt;
}

std::optional<double> SecondsOf(absl::string_view unit) {
  const std::optional<BaseUnit> base = BaseUnitOf(unit);
  if (!base.has_value() || base->name != "seconds") return std::nullopt;
  return base->factor;
}

bool DependsOnSpeed(absl::string_view unit) {
  return SecondsOf(unit).has_value() || absl::EndsWith(unit, "/s") ||
         absl::EndsWith(unit, "/sec") || absl::EndsWith(unit, "/min");
}

}  // namespace perf
