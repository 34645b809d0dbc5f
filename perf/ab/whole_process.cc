#include "perf/ab/whole_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "perf/process/fresh_copy.h"
#include "perf/process/subprocess.h"
#include "perf/record/record_file.h"
#include "perf/record/text_proto.h"
#include "perf/stats/statistics.h"
#include "perf/suite/requirements_file.h"

namespace perf {
namespace {

namespace fs = std::filesystem;

const Measurement* Find(const Run& run, const std::string& name) {
  for (const Measurement& measurement : run.measurements()) {
    if (measurement.name() == name) return &measurement;
  }
  return nullptr;
}

// Adds a round in which the earlier build measured `old_one` and this one `new_one`.
void AddRound(const Measurement& old_one, const Measurement& new_one,
              const ComponentRequirements& requirements, Compared& compared) {
  const double old_value = Median(old_one.samples());
  const double new_value = Median(new_one.samples());
  compared.baseline_samples.push_back(old_value);
  compared.current_samples.push_back(new_value);
  compared.log_ratios.push_back(
      LogRatio(old_value, new_value, MinEffectOf(requirements, compared.name)));
}

}  // namespace

absl::StatusOr<Run> RunTestProgram(const TestProgram& program, const std::string& scratch) {
  std::error_code error;
  fs::remove_all(scratch, error);
  fs::create_directories(scratch + "/tmp", error);
  fs::create_directories(scratch + "/outputs", error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot make ", scratch));
  const absl::StatusOr<FreshCopy> copy = FreshCopy::Create(program.executable, scratch);
  if (!copy.ok()) return copy.status();
  const std::string log_path = scratch + "/log";
  const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (log < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", log_path));
  std::map<std::string, std::string> variables = program.variables;
  variables["TEST_TMPDIR"] = scratch + "/tmp";
  variables["TEST_UNDECLARED_OUTPUTS_DIR"] = scratch + "/outputs";
  absl::StatusOr<Subprocess> process = Subprocess::Start({.arguments = {copy->path()},
                                                          .variables = variables,
                                                          .directory = program.directory,
                                                          .stdout_descriptor = log,
                                                          .stderr_descriptor = log,
                                                          .shield_from_terminal = true});
  close(log);
  if (!process.ok()) return process.status();
  const absl::StatusOr<int> exit_code = process->Wait();
  if (!exit_code.ok()) return exit_code.status();
  if (*exit_code != 0) {
    constexpr size_t kTail = 2000;
    std::string tail = ReadFile(log_path).value_or("");
    if (tail.size() > kTail) tail.erase(0, tail.size() - kTail);
    return absl::UnavailableError(absl::StrCat(program.label, " ended with ",
                                               DescribeExit(*exit_code), ": ",
                                               absl::StripAsciiWhitespace(tail)));
  }
  const absl::StatusOr<std::string> bytes =
      ReadFile(absl::StrCat(scratch, "/outputs/", kRunFileName));
  if (!bytes.ok()) return absl::UnavailableError(absl::StrCat(program.label, " left no record"));
  return ParseRun(*bytes);
}

absl::StatusOr<std::unique_ptr<WholeProcessSource>> WholeProcessSource::Create(
    Options options, std::vector<std::string>* notes) {
  auto source = std::unique_ptr<WholeProcessSource>(new WholeProcessSource(std::move(options)));
  const absl::StatusOr<Run> baseline =
      RunTestProgram(source->options_.baseline, source->options_.scratch);
  if (!baseline.ok()) return baseline.status();
  const absl::StatusOr<Run> current =
      RunTestProgram(source->options_.current, source->options_.scratch);
  if (!current.ok()) return current.status();
  for (const Measurement& measurement : baseline->measurements()) {
    if (Find(*current, measurement.name()) == nullptr) {
      source->gone_.push_back(
          {.target = source->options_.current.label, .name = measurement.name()});
    }
  }
  for (const Measurement& measurement : current->measurements()) {
    const Measurement* counterpart = Find(*baseline, measurement.name());
    if (counterpart == nullptr) {
      notes->push_back(absl::StrCat(measurement.name(), " is new"));
      continue;
    }
    Compared compared{.target = source->options_.current.label,
                      .name = measurement.name(),
                      .title = measurement.title(),
                      .unit = measurement.unit(),
                      .component = measurement.component(),
                      .better = measurement.better(),
                      .deterministic = measurement.deterministic() && counterpart->deterministic(),
                      .whole_process = true};
    if (counterpart->unit() != measurement.unit() ||
        counterpart->better() != measurement.better()) {
      compared.status = absl::FailedPreconditionError(
          absl::StrCat(measurement.name(), " had another unit or direction: ", counterpart->unit(),
                       ", ", Better_Name(counterpart->better())));
    } else if (compared.deterministic) {
      AddRound(*counterpart, measurement, source->options_.requirements, compared);
      compared.effect = JudgeDeterministic(compared.log_ratios.front(), compared.better);
    }
    source->compared_.push_back(std::move(compared));
  }
  return source;
}

void WholeProcessSource::RunRound(absl::Span<const size_t> which, std::mt19937_64& random) {
  const auto start = std::chrono::steady_clock::now();
  const bool baseline_first = (random() & 1) == 0;
  absl::StatusOr<Run> baseline = absl::UnknownError("");
  absl::StatusOr<Run> current = absl::UnknownError("");
  for (const bool baseline_turn : {baseline_first, !baseline_first}) {
    (baseline_turn ? baseline : current) =
        RunTestProgram(baseline_turn ? options_.baseline : options_.current, options_.scratch);
  }
  AddSharedCost(absl::FromChrono(std::chrono::steady_clock::now() - start));
  for (const size_t i : which) {
    Compared& compared = compared_[i];
    if (!baseline.ok() || !current.ok()) {
      compared.status = baseline.ok() ? current.status() : baseline.status();
      continue;
    }
    const Measurement* old_one = Find(*baseline, compared.name);
    const Measurement* new_one = Find(*current, compared.name);
    if (old_one == nullptr || new_one == nullptr) {
      compared.status = absl::UnavailableError(
          absl::StrCat(compared.name, " was not measured in every run of ", compared.target));
      continue;
    }
    AddRound(*old_one, *new_one, options_.requirements, compared);
  }
}

}  // namespace perf
