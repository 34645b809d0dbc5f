#include "perf/import/hyperfine_results.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "command/terminal/printable.h"
#include "perf/import/json_text.h"

namespace perf {
namespace {

constexpr size_t kMaxNameInNote = 100;

// " {threads=2}": what the command was given, if anything.
std::string ParametersOf(const rapidjson::Value& result) {
  const rapidjson::Value* parameters = Member(result, "parameters");
  if (parameters == nullptr || !parameters->IsObject()) return "";
  std::string text;
  for (const auto& parameter : parameters->GetObject()) {
    if (!parameter.value.IsString()) continue;
    absl::StrAppend(&text, text.empty() ? " {" : ", ", parameter.name.GetString(), "=",
                    parameter.value.GetString());
  }
  return text.empty() ? "" : absl::StrCat(text, "}");
}

// Names of measurements that are all different.
class Names {
 public:
  explicit Names(const rapidjson::Value& results) {
    for (const rapidjson::Value& result : results.GetArray())
      ++uses_[TextMember(result, "command")];
  }

  std::string Of(const rapidjson::Value& result) {
    std::string name = TextMember(result, "command");
    if (uses_[name] > 1) absl::StrAppend(&name, ParametersOf(result));
    std::string unique = name;
    for (int number = 2; !taken_.insert(unique).second; ++number) {
      unique = absl::StrCat(name, " (", number, ")");
    }
    return unique;
  }

 private:
  std::map<std::string, int> uses_;
  std::set<std::string> taken_;
};

// Whether each run was well; empty if the result does not say.
absl::StatusOr<std::vector<bool>> AreWell(const rapidjson::Value& result, absl::string_view place) {
  std::vector<bool> well;
  const rapidjson::Value* codes = Member(result, "exit_codes");
  if (codes == nullptr || codes->IsNull()) return well;
  if (!codes->IsArray()) {
    return absl::InvalidArgumentError(absl::StrCat(place, ".exit_codes is not a list"));
  }
  // A run that a signal ended has no code.
  for (const rapidjson::Value& code : codes->GetArray()) {
    well.push_back(code.IsInt() && code.GetInt() == 0);
  }
  return well;
}

// The times of the runs that were well, and how many were not.
struct Times {
  std::vector<double> samples;
  size_t num_failed = 0;
};

absl::StatusOr<Times> TimesIn(const rapidjson::Value& result, const std::string& place) {
  const absl::StatusOr<std::vector<bool>> well = AreWell(result, place);
  if (!well.ok()) return well.status();
  Times read;
  read.num_failed = static_cast<size_t>(std::count(well->begin(), well->end(), false));
  if (const rapidjson::Value* times = Member(result, "times");
      times != nullptr && !times->IsNull()) {
    const absl::StatusOr<std::vector<double>> all =
        TimesOf(*times, "s", absl::StrCat(place, ".times"));
    if (!all.ok()) return all.status();
    if (!well->empty() && well->size() != all->size()) {
      return absl::InvalidArgumentError(
          absl::StrCat(place, " has ", all->size(), " times, and ", well->size(), " exit_codes"));
    }
    for (size_t i = 0; i < all->size(); ++i) {
      if (well->empty() || (*well)[i]) read.samples.push_back((*all)[i]);
    }
    return read;
  }
  // An export may have been cut to its figures, which are of all runs.
  const char* const figure = Member(result, "median") != nullptr ? "median" : "mean";
  const absl::StatusOr<double> time =
      TimeOf(Member(result, figure), "s", absl::StrCat(place, ".", figure));
  if (!time.ok()) return time.status();
  if (read.num_failed == 0) read.samples = {*time};
  return read;
}

}  // namespace

bool AreHyperfineResults(const rapidjson::Value& document) {
  const rapidjson::Value* results = Member(document, "results");
  return results != nullptr && results->IsArray() && !results->Empty() &&
         Member((*results)[0], "command") != nullptr;
}

absl::Status AddHyperfineResults(const rapidjson::Value& document, ImportedRun& run,
                                 std::vector<std::string>& notes) {
  const rapidjson::Value& results = *Member(document, "results");
  Names names(results);
  for (rapidjson::SizeType i = 0; i < results.Size(); ++i) {
    const std::string place = absl::StrCat("results[", i, "]");
    const std::string command = TextMember(results[i], "command");
    if (command.empty()) return absl::InvalidArgumentError(absl::StrCat(place, " has no command"));
    const std::string name = names.Of(results[i]);
    const absl::StatusOr<Times> times = TimesIn(results[i], place);
    if (!times.ok()) return times.status();
    if (times->num_failed > 0) {
      const std::string runs =
          absl::StrCat(times->num_failed, times->num_failed == 1 ? " run" : " runs");
      const std::string of = absl::StrCat(
          " of '", command::PrintableLine(command::CutText(name, kMaxNameInNote)), "'");
      notes.push_back(times->samples.empty()
                          ? absl::StrCat("left out: all", of, ", as ", runs, " failed")
                          : absl::StrCat("left out: ", runs, of, " that failed"));
    }
    if (times->samples.empty()) continue;
    run.Add(name, "s", times->samples, static_cast<int64_t>(times->samples.size()));
  }
  return absl::OkStatus();
}

}  // namespace perf
