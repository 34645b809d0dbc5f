#include "perf/import/imported_run.h"

#include <sys/stat.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "command/terminal/printable.h"
#include "perf/record/record_check.h"

namespace perf {
namespace {

constexpr size_t kMaxName = 300;
constexpr size_t kMaxMachine = 64;

// FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/): the same on every machine, for ever.
uint64_t Fingerprint(absl::string_view text, uint64_t hash = 0xCBF29CE484222325) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return hash;
}

// The tool's name for a measurement, as one of ours may be.
std::string NameOf(absl::string_view name) {
  std::string line = command::PrintableLine(name);
  if (line.size() <= kMaxName) return line;
  const std::string end = absl::StrFormat("~%016x", Fingerprint(name));
  size_t size = kMaxName - end.size();
  while (size > 0 && (static_cast<unsigned char>(line[size]) & 0xC0) == 0x80) --size;
  return absl::StrCat(absl::string_view(line).substr(0, size), end);
}

double SecondsPer(absl::string_view unit) {
  return unit == "s" ? 1 : unit == "ms" ? 1e-3 : unit == "us" ? 1e-6 : 1e-9;
}

}  // namespace

absl::Status CheckImportOptions(const ImportOptions& options) {
  constexpr size_t kMaxComponent = 64;
  const bool plain = absl::c_all_of(
      options.component, [](char c) { return absl::ascii_isalnum(c) || c == '_' || c == '-'; });
  if (options.component.empty() || options.component.size() > kMaxComponent || !plain) {
    return absl::InvalidArgumentError(absl::StrCat("--component: '", options.component,
                                                   "' is not a name of a component: use 1 to ",
                                                   kMaxComponent, " letters, digits, '_' and '-'"));
  }
  return absl::OkStatus();
}

absl::StatusOr<double> TimeOf(const rapidjson::Value* value, absl::string_view unit,
                              absl::string_view what) {
  constexpr double kMaxSeconds = 100.0 * 365 * 86400;
  if (value == nullptr) return absl::InvalidArgumentError(absl::StrCat(what, " is missing"));
  if (!value->IsNumber()) return absl::InvalidArgumentError(absl::StrCat(what, " is not a number"));
  const double time = value->GetDouble();
  if (time < 0 || time * SecondsPer(unit) > kMaxSeconds || !std::isfinite(time)) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " is ", time, " ", unit, ", which nothing takes"));
  }
  return time;
}

absl::StatusOr<std::vector<double>> TimesOf(const rapidjson::Value& array, absl::string_view unit,
                                            absl::string_view what) {
  if (!array.IsArray() || array.Empty()) {
    return absl::InvalidArgumentError(absl::StrCat(what, " is not a list of times"));
  }
  std::vector<double> times;
  for (const rapidjson::Value& value : array.GetArray()) {
    const absl::StatusOr<double> time =
        TimeOf(&value, unit, absl::StrCat(what, "[", times.size(), "]"));
    if (!time.ok()) return time.status();
    times.push_back(*time);
  }
  return times;
}

absl::Time WrittenAt(const std::string& path) {
  struct stat status = {};
  const bool is_file = path != "-" && stat(path.c_str(), &status) == 0;
  return is_file ? absl::FromTimeT(status.st_mtime) : absl::Now();
}

ImportedRun::ImportedRun(const ImportOptions& options, absl::string_view tool) : options_(options) {
  run_.mutable_provenance()->set_target(std::string(tool));
  run_.mutable_environment()->set_pool(options.machine.empty() ? "imported" : options.machine);
}

void ImportedRun::SetMachine(absl::string_view host) {
  if (!options_.machine.empty()) return;
  std::string name;
  for (const char c : absl::AsciiStrToLower(host.substr(0, kMaxMachine))) {
    const bool plain = absl::ascii_isalnum(c) || c == '.' || c == '-';
    name.push_back(plain ? c : '-');
  }
  if (!name.empty()) run_.mutable_environment()->set_pool(name);
}

void ImportedRun::SetStart(absl::string_view text) {
  // With an offset from UTC, or without one.
  constexpr const char* kFormats[] = {absl::RFC3339_full, "%Y-%m-%dT%H:%M:%E*S",
                                      "%Y-%m-%d %H:%M:%S", "%Y/%m/%d-%H:%M:%S"};
  absl::Time time;
  std::string error;
  for (const char* format : kFormats) {
    if (!absl::ParseTime(format, std::string(text), absl::UTCTimeZone(), &time, &error)) continue;
    run_.mutable_start_time()->set_seconds(absl::ToUnixSeconds(time));
    has_start_ = true;
    return;
  }
}

void ImportedRun::Add(absl::string_view name, absl::string_view unit,
                      const std::vector<double>& samples, int64_t iterations) {
  Measurement& measurement = *run_.add_measurements();
  measurement.set_component(options_.component);
  measurement.set_name(absl::StrCat(options_.component, ".", NameOf(name)));
  measurement.set_title(name.empty() ? options_.component : NameOf(name));
  measurement.set_unit(std::string(unit));
  measurement.set_better(LOWER);
  measurement.set_iterations(iterations);
  measurement.mutable_samples()->Add(samples.begin(), samples.end());
}

absl::StatusOr<Run> ImportedRun::Finish(absl::string_view content, absl::Time written) && {
  const std::string& target = run_.provenance().target();
  // Parts are kept apart by what is in none of them.
  const std::string who =
      absl::StrCat(options_.component, "\n", options_.machine, "\n", target, "\n");
  run_.set_run_id(absl::StrFormat("imported-%016x", Fingerprint(content, Fingerprint(who))));
  if (!has_start_) run_.mutable_start_time()->set_seconds(absl::ToUnixSeconds(written));
  run_.set_num_measurements(run_.measurements_size());
  if (absl::Status checked = CheckRun(run_); !checked.ok()) return checked;
  return std::move(run_);
}

}  // namespace perf
