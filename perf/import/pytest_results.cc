#include "perf/import/pytest_results.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "command/terminal/printable.h"
#include "perf/import/json_text.h"

namespace perf {
namespace {

// What ought to be a few words, and may be anything.
std::string Short(absl::string_view text) {
  constexpr size_t kMaxBytes = 100;
  return command::PrintableLine(text.substr(0, kMaxBytes));
}

void AddMachine(const rapidjson::Value& machine, ImportedRun& run) {
  run.SetMachine(TextMember(machine, "node"));
  const std::string python = TextMember(machine, "python_implementation");
  const std::string version = TextMember(machine, "python_version");
  if (!python.empty() || !version.empty()) {
    run.environment().set_compiler(Short(absl::StrCat(python, " ", version)));
  }
}

// How often the body ran: in each round as often as the tool found that it has to. 0 if it does not
// say, or says what cannot be.
int64_t IterationsOf(const rapidjson::Value& stats) {
  const rapidjson::Value* rounds = Member(stats, "rounds");
  const rapidjson::Value* iterations = Member(stats, "iterations");
  if (rounds == nullptr || iterations == nullptr || !rounds->IsUint() || !iterations->IsUint()) {
    return 0;
  }
  return int64_t{rounds->GetUint()} * iterations->GetUint();
}

void AddCommit(const rapidjson::Value& commit, ImportedRun& run) {
  run.provenance().set_commit(Short(TextMember(commit, "id")));
  const rapidjson::Value* dirty = Member(commit, "dirty");
  run.provenance().set_dirty(dirty != nullptr && dirty->IsTrue());
}

}  // namespace

bool ArePytestResults(const rapidjson::Value& document) {
  return Member(document, "machine_info") != nullptr && Member(document, "benchmarks") != nullptr;
}

absl::Status AddPytestResults(const rapidjson::Value& document, ImportedRun& run) {
  const rapidjson::Value& entries = *Member(document, "benchmarks");
  if (!entries.IsArray()) return absl::InvalidArgumentError("benchmarks is not a list");
  AddMachine(*Member(document, "machine_info"), run);
  if (const rapidjson::Value* commit = Member(document, "commit_info"); commit != nullptr) {
    AddCommit(*commit, run);
  }
  run.SetStart(TextMember(document, "datetime"));
  for (rapidjson::SizeType i = 0; i < entries.Size(); ++i) {
    const std::string place = absl::StrCat("benchmarks[", i, "]");
    std::string name = TextMember(entries[i], "fullname");
    if (name.empty()) name = TextMember(entries[i], "name");
    if (name.empty()) return absl::InvalidArgumentError(absl::StrCat(place, " has no name"));
    const rapidjson::Value* stats = Member(entries[i], "stats");
    if (stats == nullptr) return absl::InvalidArgumentError(absl::StrCat(place, " has no stats"));
    std::vector<double> samples;
    if (const rapidjson::Value* data = Member(*stats, "data"); data != nullptr) {
      const absl::StatusOr<std::vector<double>> times =
          TimesOf(*data, "s", absl::StrCat(place, ".stats.data"));
      if (!times.ok()) return times.status();
      samples = *times;
    } else {
      const absl::StatusOr<double> time =
          TimeOf(Member(*stats, "median"), "s", absl::StrCat(place, ".stats.median"));
      if (!time.ok()) return time.status();
      samples = {*time};
    }
    run.Add(name, "s", samples, IterationsOf(*stats));
  }
  return absl::OkStatus();
}

}  // namespace perf
