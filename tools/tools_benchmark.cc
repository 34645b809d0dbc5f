// The steps of a call, one by one.
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "rapidjson/document.h"
#include "rapidjson/schema.h"
#include "tools/arguments.h"
#include "tools/json/json_value.h"
#include "tools/json_schema/json_schema.h"
#include "tools/testing/builtin_calls.h"

namespace parlance::tools {
namespace {

constexpr char kTimerCall[] = R"({"action":"start","seconds":300,"label":"for the tea"})";

void BM_Parse(benchmark::State& state) {
  state.SetLabel("Arguments Parse");
  const std::string text = kTimerCall;
  for (auto _ : state) {
    rapidjson::Document document;
    if (ParseJson(text, document).has_value()) {
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

// What both validators are given: a small object, as most calls have, and one of 10 kB. Only what
// draft-04 has, which is RapidJSON's dialect.
struct Arguments {
  std::string schema;
  std::string text;
};

Arguments SmallArguments() {
  return {.schema = R"({"type":"object","properties":{
              "action":{"enum":["start","list","cancel"]},
              "seconds":{"type":"number","minimum":0,"maximum":86400},
              "label":{"type":"string","minLength":1,"maxLength":100}},
              "required":["action"],"additionalProperties":false})",
          .text = kTimerCall};
}

Arguments LargeArguments() {
  std::string text = R"({"customer":"C-10293","lines":[)";
  for (int i = 0; text.size() < 10'000; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ",", R"({"sku":"A-)", 1000 + i,
                    R"(","title":"A thing with a name","quantity":)", 1 + i % 7, R"(,"price":)",
                    10 + i, R"(.25,"tags":["blue","large"],"gift":)", i % 2 == 0 ? "true" : "false",
                    "}");
  }
  absl::StrAppend(&text, R"(],"note":"leave it at the door"})");
  return {.schema = R"({"type":"object","properties":{
              "customer":{"type":"string","minLength":1,"maxLength":40},
              "lines":{"type":"array","minItems":1,"items":{"type":"object","properties":{
                "sku":{"type":"string","maxLength":20},
                "title":{"type":"string","maxLength":200},
                "quantity":{"type":"integer","minimum":1,"maximum":100},
                "price":{"type":"number","minimum":0},
                "tags":{"type":"array","items":{"type":"string"},"maxItems":10},
                "gift":{"type":"boolean"}},
                "required":["sku","quantity","price"],"additionalProperties":false}},
              "note":{"type":"string"}},
              "required":["customer","lines"],"additionalProperties":false})",
          .text = std::move(text)};
}

// Validates from the text on, as a call comes.
void BM_Schema(benchmark::State& state, const Arguments& arguments, const char* label) {
  state.SetLabel(label);
  const auto schema = JsonSchema::Compile(arguments.schema);
  if (!schema.ok()) return state.SkipWithError(schema.status().ToString().c_str());
  for (auto _ : state) {
    const ArgumentsOnThread read(arguments.text, *schema);
    if (!read.status().ok()) {
      state.SkipWithError("the arguments are not valid");
      break;
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(arguments.text.size()));
}
BENCHMARK_CAPTURE(BM_Schema, small, SmallArguments(), "Parse and Validate, Small")
    ->Name("tools.schema.validate_small");
BENCHMARK_CAPTURE(BM_Schema, large, LargeArguments(), "Parse and Validate, 10 kB")
    ->Name("tools.schema.validate_10k");

// Validates a value that is parsed already.
void BM_SchemaOnly(benchmark::State& state, const Arguments& arguments, const char* label) {
  state.SetLabel(label);
  const auto schema = JsonSchema::Compile(arguments.schema);
  rapidjson::Document document;
  if (!schema.ok() || ParseJson(arguments.text, document).has_value()) {
    return state.SkipWithError("the schema or the arguments are malformed");
  }
  for (auto _ : state) {
    if (schema->Validate(document).has_value()) {
      state.SkipWithError("the arguments are not valid");
      break;
    }
  }
}
BENCHMARK_CAPTURE(BM_SchemaOnly, small, SmallArguments(), "Validate, Small")
    ->Name("tools.schema.validate_parsed_small");
BENCHMARK_CAPTURE(BM_SchemaOnly, large, LargeArguments(), "Validate, 10 kB")
    ->Name("tools.schema.validate_parsed_10k");

// The same with RapidJSON's validator, which is kept for all calls, its fastest use, and with its
// own parser, asked for the same guarantees.
void BM_RapidJson(benchmark::State& state, const Arguments& arguments, const char* label) {
  state.SetLabel(label);
  rapidjson::Document schema_document;
  schema_document.Parse(arguments.schema.data(), arguments.schema.size());
  const rapidjson::SchemaDocument schema(schema_document);
  rapidjson::SchemaValidator validator(schema);
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag |
                              rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseFullPrecisionFlag;
  for (auto _ : state) {
    rapidjson::Document document;
    document.Parse<kFlags>(arguments.text.data(), arguments.text.size());
    validator.Reset();
    if (document.HasParseError() || !document.Accept(validator)) {
      state.SkipWithError("the arguments are not valid");
      break;
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(arguments.text.size()));
}
BENCHMARK_CAPTURE(BM_RapidJson, small, SmallArguments(), "RapidJSON: the Same, Small")
    ->Name("tools.rapidjson.validate_small");
BENCHMARK_CAPTURE(BM_RapidJson, large, LargeArguments(), "RapidJSON: the Same, 10 kB")
    ->Name("tools.rapidjson.validate_10k");

void BM_RapidJsonOnly(benchmark::State& state, const Arguments& arguments, const char* label) {
  state.SetLabel(label);
  rapidjson::Document schema_document;
  schema_document.Parse(arguments.schema.data(), arguments.schema.size());
  const rapidjson::SchemaDocument schema(schema_document);
  rapidjson::SchemaValidator validator(schema);
  rapidjson::Document document;
  document.Parse(arguments.text.data(), arguments.text.size());
  for (auto _ : state) {
    validator.Reset();
    if (!document.Accept(validator)) {
      state.SkipWithError("the arguments are not valid");
      break;
    }
  }
}
BENCHMARK_CAPTURE(BM_RapidJsonOnly, small, SmallArguments(), "RapidJSON: Validate, Small")
    ->Name("tools.rapidjson.validate_parsed_small");
BENCHMARK_CAPTURE(BM_RapidJsonOnly, large, LargeArguments(), "RapidJSON: Validate, 10 kB")
    ->Name("tools.rapidjson.validate_parsed_10k");

// Executes on the caller's thread.
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

}  // namespace
}  // namespace parlance::tools
