#include "perf/record/record_check.h"

#include <cmath>
#include <functional>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "perf/record/record_text.h"

namespace perf {
namespace {

absl::Status Refused(absl::string_view what, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(what, " ", why));
}

// The message is made of the first fault only, as a report checks tens of thousands.
absl::Status Refused(const Measurement& measurement, absl::string_view why) {
  return Refused(absl::StrCat("measurement '", measurement.name(), "'"), why);
}

constexpr char kNoText[] = "a text that is not UTF-8 or has a NUL";

absl::Status CheckTexts(const Run& run) {
  const Provenance& provenance = run.provenance();
  const Environment& environment = run.environment();
  for (const std::string* text :
       {&run.run_id(), &provenance.target(), &provenance.profile(), &provenance.commit(),
        &environment.compiler(), &environment.compilation_mode(), &environment.sanitizer(),
        &environment.build_flags(), &environment.pool()}) {
    if (!IsRecordText(*text)) {
      return Refused("the record",
                     absl::StrCat("has ", kNoText, ": \"", absl::Utf8SafeCHexEscape(*text), "\""));
    }
  }
  for (const auto& load : provenance.load_overrides()) {
    if (!IsRecordText(load.first)) {
      return Refused("the record", absl::StrCat("has a load with ", kNoText));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckWork(const Measurement& measurement) {
  if (measurement.work().empty()) return absl::OkStatus();
  if (measurement.work_size() != measurement.samples_size() || measurement.work_unit().empty()) {
    return Refused(measurement,
                   "is a series over work, which needs a unit and one for each sample");
  }
  if (!absl::c_is_sorted(measurement.work(), std::less_equal<>())) {
    return Refused(measurement, "has work that is not increasing");
  }
  return absl::OkStatus();
}

absl::Status CheckProvenance(const Provenance& provenance) {
  // Records that were made outside of Bazel state no shards.
  const bool sharded = provenance.total_shards() != 0;
  if (provenance.total_shards() < 0 || provenance.shard_index() < 0 ||
      (sharded && provenance.shard_index() >= provenance.total_shards())) {
    return Refused("the record", absl::StrCat("has shard index ", provenance.shard_index(), " of ",
                                              provenance.total_shards()));
  }
  for (const auto& [name, value] : provenance.load_overrides()) {
    if (!(std::isfinite(value) && value > 0)) {
      return Refused("the record",
                     absl::StrCat("states the load ", name, "=", value, ", which is not positive"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckHealth(const Health& health) {
  for (const double share : {health.steal_percent(), health.others_percent(),
                             health.timer_lateness_median_ms(), health.timer_lateness_p99_ms()}) {
    if (!(std::isfinite(share) && share >= 0)) {
      return Refused("the record's health", absl::StrCat("has the figure ", share));
    }
  }
  if (!std::isfinite(health.clock_jump_s())) {
    return Refused("the record's health", "has a jump of the clock that is not finite");
  }
  return absl::OkStatus();
}

absl::Status CheckStart(const google::protobuf::Timestamp& start) {
  // What a Timestamp may be: the years 1 to 9999.
  constexpr int64_t kFirst = -62'135'596'800;
  constexpr int64_t kLast = 253'402'300'799;
  if (start.seconds() < kFirst || start.seconds() > kLast || start.nanos() < 0 ||
      start.nanos() >= 1'000'000'000) {
    return Refused("the record",
                   absl::StrCat("began at ", start.seconds(), " s and ", start.nanos(),
                                " ns, which is outside of the calendar"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckMeasurement(const Measurement& measurement) {
  for (const std::string* text : {&measurement.name(), &measurement.title(), &measurement.unit()}) {
    if (!IsRecordText(*text)) {
      return Refused(
          absl::StrCat("measurement '", absl::Utf8SafeCHexEscape(measurement.name()), "'"),
          absl::StrCat("has ", kNoText));
    }
  }
  const std::string& component = measurement.component();
  absl::string_view rest = measurement.name();
  // Only unit tests make measurements without a component.
  const bool owned =
      component.empty() || (absl::ConsumePrefix(&rest, component) && absl::StartsWith(rest, "."));
  if (!absl::StrContains(measurement.name(), '.') || !owned) {
    return Refused(measurement, absl::StrCat("needs a dotted name that begins with its component",
                                             component.empty() ? "" : ", ", component));
  }
  if (measurement.title().empty() || measurement.unit().empty()) {
    return Refused(measurement, "needs a title and a unit");
  }
  if (measurement.better() != LOWER && measurement.better() != HIGHER) {
    return Refused(measurement, "does not say which direction is better");
  }
  if (measurement.samples().empty()) return Refused(measurement, "has no sample");
  for (const double sample : measurement.samples()) {
    if (!std::isfinite(sample)) return Refused(measurement, "has a sample that is not finite");
  }
  if (measurement.iterations() < 0) {
    return Refused(measurement, absl::StrCat("has ", measurement.iterations(), " iterations"));
  }
  return CheckWork(measurement);
}

absl::Status CheckRun(const Run& run) {
  if (absl::Status checked = CheckTexts(run); !checked.ok()) return checked;
  if (absl::Status checked = CheckProvenance(run.provenance()); !checked.ok()) return checked;
  if (absl::Status checked = CheckStart(run.start_time()); !checked.ok()) return checked;
  if (absl::Status checked = CheckHealth(run.health()); !checked.ok()) return checked;
  if (run.environment().num_cpus() < 0 || run.environment().memory_bytes() < 0) {
    return Refused("the record", "has a negative number of CPUs or bytes of memory");
  }
  absl::flat_hash_set<absl::string_view> names;
  for (const Measurement& measurement : run.measurements()) {
    if (absl::Status checked = CheckMeasurement(measurement); !checked.ok()) return checked;
    if (!names.insert(measurement.name()).second) {
      return Refused(measurement, "is in the record twice");
    }
  }
  return absl::OkStatus();
}

}  // namespace perf
