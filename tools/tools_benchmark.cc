// The steps of a call, one by one.
#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "rapidjson/document.h"
#include "tools/json_schema.h"
#include "tools/testing/builtin_calls.h"

namespace parlance::tools {
namespace {

constexpr char kTimerCall[] = R"({"action":"start","seconds":300,"label":"for the tea"})";

void BM_Parse(benchmark::State& state) {
  state.SetLabel("Arguments Parse");
  const std::string text = kTimerCall;
  for (auto _ : state) {
    rapidjson::Document document;
    document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(
        text.data(), text.size());
    if (document.HasParseError()) {
      state.SkipWithError("the arguments do not parse");
      break;
    }
    benchmark::DoNotOptimize(document);
  }
}
BENCHMARK(BM_Parse)->Name("tools.arguments.parse");

void BM_Validate(benchmark::State& state) {
  state.SetLabel("Arguments Validation");
  const BuiltinTools tools(1);
  const JsonSchema& schema = tools.registry().Find("timers")->schema;
  rapidjson::Document document;
  document.Parse(kTimerCall);
  for (auto _ : state) {
    if (schema.Validate(document).has_value()) {
      state.SkipWithError("the arguments are not valid");
      break;
    }
  }
}
BENCHMARK(BM_Validate)->Name("tools.arguments.validate");

// On the caller's thread.
void BM_ExecuteInline(benchmark::State& state) {
  state.SetLabel("Calculator Call");
  BuiltinTools tools(1);
  for (auto _ : state) {
    const ToolResult result =
        tools.executor().Execute("calculator", R"({"expression":"12 * (7 + 3) ^ 2"})");
    if (!std::holds_alternative<ToolOutput>(result)) {
      state.SkipWithError("the call failed");
      break;
    }
  }
}
BENCHMARK(BM_ExecuteInline)->Name("tools.executor.execute_inline");

// By a worker: what two thread switches cost on this machine.
void BM_ExecuteOnWorker(benchmark::State& state) {
  state.SetLabel("Notes Call on a Worker");
  BuiltinTools tools(1);
  for (auto _ : state) {
    const ToolResult result = tools.executor().Execute("notes", R"({"action":"list"})");
    if (!std::holds_alternative<ToolOutput>(result)) {
      state.SkipWithError("the call failed");
      break;
    }
  }
}
BENCHMARK(BM_ExecuteOnWorker)->Name("tools.executor.execute_on_worker")->UseRealTime();

}  // namespace
}  // namespace parlance::tools
