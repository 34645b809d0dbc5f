// The path of a call that only computes, from the arguments' text to the result, and a look-up.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "tools/executor.h"
#include "tools/registry.h"

namespace parlance::tools {
namespace {

Tool Trivial(const std::string& name, const std::string& parameters) {
  return {.name = name,
          .description = "For benchmarks.",
          .parameters = parameters,
          .annotations = {.read_only = true},
          .computes_only = true,
          .handler = [](const rapidjson::Value&, const ToolContext&) {
            // Short enough to need no allocation.
            return absl::StatusOr<ToolOutput>(ToolOutput{.json = "{}", .text = "4.8 km"});
          }};
}

// Three fields: parsed, validated, dispatched, and a result that costs nothing.
void BM_Call(benchmark::State& state) {
  state.SetLabel("Call, Three Fields");
  ToolRegistry registry;
  if (!registry
           .Register(Trivial("convert", R"({"type":"object","properties":{
               "value":{"type":"number"},
               "from":{"type":"string","minLength":1,"maxLength":40},
               "to":{"type":"string","minLength":1,"maxLength":40}},
               "required":["value","from","to"],"additionalProperties":false})"))
           .ok()) {
    return state.SkipWithError("cannot register");
  }
  const auto executor = *ToolExecutor::Create(&registry, {});
  for (auto _ : state) {
    const ToolResult result =
        executor->Execute("convert", R"({"value":3,"from":"mile","to":"kilometer"})");
    if (!std::holds_alternative<ToolOutput>(result)) {
      state.SkipWithError("the call failed");
      break;
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Call)->Name("tools.call.three_fields");

void BM_LookUp(benchmark::State& state) {
  state.SetLabel("Look-up among 10,000");
  constexpr int kTools = 10000;
  ToolRegistry registry;
  std::vector<std::string> names;
  for (int i = 0; i < kTools; ++i) {
    names.push_back(absl::StrCat("tool_number_", i * 7919 % kTools));
    if (!registry.Register(Trivial(names.back(), "{}")).ok()) {
      return state.SkipWithError("cannot register");
    }
  }
  size_t i = 0;
  for (auto _ : state) {
    const ToolPtr tool = registry.Find(names[i]);
    if (tool == nullptr) {
      state.SkipWithError("not found");
      break;
    }
    benchmark::DoNotOptimize(tool.get());
    i = i + 1 == names.size() ? 0 : i + 1;
  }
}
BENCHMARK(BM_LookUp)->Name("tools.registry.find_in_10000");

}  // namespace
}  // namespace parlance::tools
