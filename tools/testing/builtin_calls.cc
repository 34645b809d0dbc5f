#include "tools/testing/builtin_calls.h"

#include <cstdlib>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "tools/builtin/builtin_tools.h"

namespace parlance::tools {

std::vector<KnownCall> KnownCalls() {
  return {
      {"clock", R"({"time_zone":"UTC"})", "It is 12:00 in UTC"},
      {"clock", R"({"time_zone":"Asia/Tokyo"})", "It is 21:00 in Asia/Tokyo"},
      {"calculator", R"({"expression":"12 * (7 + 3) ^ 2"})", "1200"},
      {"calculator", R"json({"expression":"sqrt(2) * sqrt(2) + min(3, 4)"})json", "5"},
      {"convert_units", R"({"value":10,"from":"miles","to":"kilometers"})", "16.09344 kilometers"},
      {"convert_units", R"({"value":-40,"from":"celsius","to":"fahrenheit"})",
       "-40 degrees fahrenheit"},
      {"timers", R"({"action":"list"})", "You have 1 timer"},
      {"notes", R"({"action":"list"})", "oat milk"},
      {"notes", R"({"action":"find","text":"milk"})", "oat milk"},
      {"search_conversation", R"({"words":"train","limit":3})", "the train leaves at nine"},
  };
}

BuiltinTools::BuiltinTools(int max_concurrency)
    : conversation_({"the train leaves at nine", "the keys are in the kitchen"}) {
  const absl::Time noon = absl::FromUnixSeconds(1767268800);
  const bool ready = notes_.Add("oat milk").ok() &&
                     timers_.Start("", "tea", noon + absl::Minutes(5)).ok() &&
                     RegisterBuiltinTools({.now = [noon] { return noon; },
                                           .local_zone = absl::UTCTimeZone(),
                                           .notes = &notes_,
                                           .conversation = &conversation_,
                                           .timers = &timers_},
                                          registry_)
                         .ok();
  if (!ready) std::abort();
  ToolExecutor::Options options;
  options.max_concurrency = max_concurrency;
  executor_ = *ToolExecutor::Create(&registry_, options);
}

bool BuiltinTools::Answers(const KnownCall& call) {
  const ToolResult result = executor_->Execute(call.name, call.arguments);
  const auto* output = std::get_if<ToolOutput>(&result);
  return output != nullptr && absl::StrContains(output->text, call.answer);
}

}  // namespace parlance::tools
