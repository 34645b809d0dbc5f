#include "perf/import/hyperfine_results.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "perf/import/json_text.h"

namespace perf {
namespace {

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

}  // namespace

bool AreHyperfineResults(const rapidjson::Value& document) {
  const rapidjson::Value* results = Member(document, "results");
  return results != nullptr && results->IsArray() && !results->Empty() &&
         Member((*results)[0], "command") != nullptr;
}

absl::Status AddHyperfineResults(const rapidjson::Value& document, ImportedRun& run) {
  const rapidjson::Value& results = *Member(document, "results");
  std::map<std::string, int> uses;
  for (const rapidjson::Value& result : results.GetArray()) ++uses[TextMember(result, "command")];
  for (rapidjson::SizeType i = 0; i < results.Size(); ++i) {
    const rapidjson::Value& result = results[i];
    const std::string place = absl::StrCat("results[", i, "]");
    std::string name = TextMember(result, "command");
    if (name.empty()) return absl::InvalidArgumentError(absl::StrCat(place, " has no command"));
    if (uses[name] > 1) absl::StrAppend(&name, ParametersOf(result));
    const rapidjson::Value* times = Member(result, "times");
    absl::StatusOr<std::vector<double>> samples;
    if (times != nullptr && !times->IsNull()) {
      samples = TimesOf(*times, "s", absl::StrCat(place, ".times"));
    } else {
      // An export may have been cut to its figures.
      const char* const figure = Member(result, "median") != nullptr ? "median" : "mean";
      const absl::StatusOr<double> time =
          TimeOf(Member(result, figure), "s", absl::StrCat(place, ".", figure));
      if (time.ok()) {
        samples = std::vector<double>{*time};
      } else {
        samples = time.status();
      }
    }
    if (!samples.ok()) return samples.status();
    run.Add(name, "s", *samples, static_cast<int64_t>(samples->size()));
  }
  return absl::OkStatus();
}

}  // namespace perf
