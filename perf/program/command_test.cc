#include "perf/program/command_test.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "google/protobuf/util/json_util.h"
#include "perf/import/gbench_results.h"
#include "perf/import/imported_run.h"
#include "perf/import/json_text.h"
#include "perf/process/subprocess.h"
#include "perf/program/printed_figures.h"
#include "perf/program/program_cost.h"
#include "perf/record/protobuf_release.h"
#include "rapidjson/document.h"

namespace perf {
namespace {

constexpr double kMegabyte = 1e6;

// What is measured of each run, whatever it prints. perf/defs.bzl has these names, too.
constexpr const char* kOwnKeys[] = {"wall", "cpu", "peak_memory", "instructions"};

// What a figure's name is in the name of a measurement: "Tokens per second" is "tokens_per_second".
std::string NameOfFigure(absl::string_view figure) {
  std::string name;
  for (const char c : figure) name.push_back(absl::ascii_isalnum(c) ? absl::ascii_tolower(c) : '_');
  return name;
}

// InvalidArgument if the figures would not be measurements of their own.
absl::Status CheckFigures(const CommandTest& test) {
  // Figures by what they are in the names of measurements.
  std::map<std::string, std::string> taken;
  for (const char* key : kOwnKeys) taken[key] = "";
  for (const PrintedFigure& figure : test.figures()) {
    const std::string key = NameOfFigure(figure.name());
    const auto [found, is_new] = taken.try_emplace(key, figure.name());
    if (is_new) continue;
    const std::string measurement = absl::StrCat(test.measurement(), ".", key);
    return absl::InvalidArgumentError(
        found->second.empty()
            ? absl::StrCat("the figure '", figure.name(), "' would be ", measurement,
                           ", which each run has in any case; print it by another name")
            : absl::StrCat("the figures '", found->second, "' and '", figure.name(),
                           "' would be one measurement, ", measurement,
                           "; print one of them by another name"));
  }
  return absl::OkStatus();
}

// The last that a program wrote, to standard error if to that.
std::string LastWords(const ProgramCost& cost) {
  constexpr size_t kMaxShown = 2000;
  absl::string_view text =
      absl::StripAsciiWhitespace(cost.errors.empty() ? cost.output : cost.errors);
  text.remove_prefix(text.size() - std::min(text.size(), kMaxShown));
  return text.empty() ? " and no output" : absl::StrCat(": ", text);
}

// Measurements that get samples run by run, in the order of their first ones.
class Samples {
 public:
  Samples(const CommandTest& test, const CommandRunOptions& options)
      : test_(test), options_(options) {}

  absl::Status Add(const ProgramCost& cost) {
    AddCost(cost);
    for (const PrintedFigure& figure : test_.figures()) {
      const absl::StatusOr<std::vector<PrintedValue>> values =
          FindPrinted(cost.output, figure.name());
      if (!values.ok()) return values.status();
      const absl::StatusOr<Measurement*> measurement =
          Of(NameOfFigure(figure.name()), figure.name(), (*values)[0].unit,
             figure.higher_is_better() ? HIGHER : LOWER);
      if (!measurement.ok()) return measurement.status();
      for (const PrintedValue& value : *values) (*measurement)->add_samples(value.value);
    }
    return test_.google_benchmark() ? AddBenchmarks(cost.output) : absl::OkStatus();
  }

  std::vector<Measurement> Take() && { return std::move(measurements_); }

 private:
  // The measurement NAME.`key`, made if it is new; good until the next call. InvalidArgument if it
  // was in another unit before.
  absl::StatusOr<Measurement*> Of(const std::string& key, absl::string_view title,
                                  absl::string_view unit, Better better) {
    const auto [found, is_new] = places_.try_emplace(key, measurements_.size());
    if (is_new) {
      Measurement& measurement = measurements_.emplace_back();
      measurement.set_name(absl::StrCat(test_.measurement(), ".", key));
      measurement.set_title(absl::StrCat(test_.title(), ", ", title));
      measurement.set_unit(std::string(unit));
      measurement.set_better(better);
      measurement.set_component(options_.component);
    }
    Measurement& measurement = measurements_[found->second];
    if (measurement.unit() != unit) {
      return absl::InvalidArgumentError(absl::StrCat("it printed '", title, "' in ", unit,
                                                     ", and before in ", measurement.unit()));
    }
    return &measurement;
  }

  // The same of what each run has in any case, whose unit never changes.
  Measurement& Own(const std::string& key, absl::string_view title, absl::string_view unit) {
    return **Of(key, title, unit, LOWER);
  }

  void AddCost(const ProgramCost& cost) {
    Own("wall", "wall time", "ms").add_samples(absl::ToDoubleMilliseconds(cost.wall));
    Measurement& cpu = Own("cpu", "processor time", "ms");
    cpu.add_samples(absl::ToDoubleMilliseconds(cost.user + cost.system));
    user_ += cost.user;
    system_ += cost.system;
    const auto mean_ms = [&](absl::Duration all) {
      return absl::ToDoubleMilliseconds(all) / cpu.samples_size();
    };
    (*cpu.mutable_counters())["user_ms"] = mean_ms(user_);
    (*cpu.mutable_counters())["system_ms"] = mean_ms(system_);
    Own("peak_memory", "peak memory", "MB")
        .add_samples(static_cast<double>(cost.peak_bytes) / kMegabyte);
    if (cost.instructions.has_value()) {
      Own("instructions", "instructions", "instructions")
          .add_samples(static_cast<double>(*cost.instructions));
    }
  }

  // Whether it is what another measurement than a benchmark's is called.
  bool IsTaken(absl::string_view key) const {
    return absl::c_linear_search(kOwnKeys, key) ||
           absl::c_any_of(test_.figures(), [&](const PrintedFigure& figure) {
             return NameOfFigure(figure.name()) == key;
           });
  }

  absl::Status AddBenchmarks(const std::string& output) {
    rapidjson::Document document;
    if (absl::Status parsed = ParseJsonText(output, document); !parsed.ok()) return parsed;
    if (!AreGbenchResults(document)) {
      return absl::InvalidArgumentError(
          "it printed JSON that is not Google Benchmark's; give it --benchmark_format=json");
    }
    ImportedRun imported({.component = options_.component}, "Google Benchmark");
    GbenchFailures failures;
    if (absl::Status added = AddGbenchResults(document, imported, failures); !added.ok()) {
      return added;
    }
    if (const std::string failed = failures.Text(); !failed.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("of its benchmarks, ", failed, " ended with an error or did not run"));
    }
    const absl::StatusOr<Run> run = std::move(imported).Finish(output, absl::Now());
    if (!run.ok()) return run.status();
    for (const Measurement& benchmark : run->measurements()) {
      const std::string key = benchmark.name().substr(options_.component.size() + 1);
      if (IsTaken(key)) {
        return absl::InvalidArgumentError(
            absl::StrCat("its benchmark '", benchmark.title(), "' would be ", test_.measurement(),
                         ".", key, ", which is another measurement; give it another name"));
      }
      const absl::StatusOr<Measurement*> measurement =
          Of(key, benchmark.title(), benchmark.unit(), LOWER);
      if (!measurement.ok()) return measurement.status();
      (*measurement)->set_iterations((*measurement)->iterations() + benchmark.iterations());
      (*measurement)->mutable_samples()->MergeFrom(benchmark.samples());
    }
    return absl::OkStatus();
  }

  const CommandTest& test_;
  const CommandRunOptions& options_;
  // Those of all runs.
  absl::Duration user_;
  absl::Duration system_;
  std::vector<Measurement> measurements_;
  // Where each is, by the end of its name.
  std::map<std::string, size_t> places_;
};

}  // namespace

absl::StatusOr<CommandTest> ParseCommandTest(absl::string_view json) {
  CommandTest test;
  const auto parsed = google::protobuf::util::JsonStringToMessage(JsonText(json), &test);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("what perf_command_test states cannot be read: ", parsed.ToString()));
  }
  if (absl::Status checked = CheckFigures(test); !checked.ok()) return checked;
  return test;
}

std::vector<std::string> NamesOfCommandTest(const CommandTest& test) {
  std::vector<std::string> names = {test.measurement()};
  for (const char* key : kOwnKeys) {
    names.push_back(absl::StrCat(test.measurement(), ".", key));
  }
  for (const PrintedFigure& figure : test.figures()) {
    names.push_back(absl::StrCat(test.measurement(), ".", NameOfFigure(figure.name())));
  }
  return names;
}

absl::StatusOr<std::vector<Measurement>> RunCommandTest(const CommandTest& test,
                                                        const CommandRunOptions& options) {
  ProgramToMeasure program = {
      .launcher = options.launcher, .arguments = {options.program}, .scratch = options.scratch};
  program.arguments.insert(program.arguments.end(), test.arguments().begin(),
                           test.arguments().end());
  Samples samples(test, options);
  for (int64_t run = 0; run <= options.runs; ++run) {
    const auto in_run = [&](const absl::Status& status) {
      return absl::Status(status.code(),
                          absl::StrCat(options.program, ", run ", run, ": ", status.message()));
    };
    const absl::StatusOr<ProgramCost> cost = MeasureProgram(program);
    if (!cost.ok()) return in_run(cost.status());
    if (cost->exit_code != test.exit_code()) {
      return in_run(absl::FailedPreconditionError(
          absl::StrCat("it ended with ", DescribeExit(cost->exit_code), " instead of ",
                       DescribeExit(test.exit_code()), LastWords(*cost))));
    }
    if (run == 0) continue;
    if (absl::Status added = samples.Add(*cost); !added.ok()) return in_run(added);
  }
  return std::move(samples).Take();
}

}  // namespace perf
