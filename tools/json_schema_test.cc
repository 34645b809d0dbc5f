#include "tools/json_schema.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "perf/allocations.h"

namespace parlance::tools {
namespace {

rapidjson::Document Json(const std::string& text) {
  rapidjson::Document document;
  document.Parse(text.c_str());
  EXPECT_FALSE(document.HasParseError()) << text;
  return document;
}

struct KeywordCase {
  std::string name;
  std::string schema;
  std::vector<std::string> valid;
  std::vector<std::string> invalid;
};

class KeywordTest : public testing::TestWithParam<KeywordCase> {};

TEST_P(KeywordTest, TellsValidFromInvalid) {
  const auto schema = JsonSchema::Compile(GetParam().schema);
  ASSERT_TRUE(schema.ok()) << schema.status();
  for (const std::string& value : GetParam().valid) {
    const auto error = schema->Validate(Json(value));
    EXPECT_FALSE(error.has_value()) << value << " " << error->pointer << " " << error->message;
  }
  for (const std::string& value : GetParam().invalid) {
    EXPECT_TRUE(schema->Validate(Json(value)).has_value()) << value;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, KeywordTest,
    testing::ValuesIn(std::vector<KeywordCase>{
        {"TypeInteger",
         R"({"type":"integer"})",
         {"1", "-7", "1.0", "1e3"},
         {"1.5", "\"1\"", "null"}},
        {"TypeNumber", R"({"type":"number"})", {"1", "1.5"}, {"\"1\"", "true"}},
        {"TypeList", R"({"type":["string","null"]})", {"\"a\"", "null"}, {"1", "{}"}},
        {"TypeOthers", R"({"type":["boolean","array"]})", {"true", "[]"}, {"{}", "1"}},
        {"Enum",
         R"({"enum":["a",1,null,{"x":1}]})",
         {"\"a\"", "1", "1.0", "null", "{\"x\":1}"},
         {"\"b\"", "2", "{}"}},
        {"Const", R"({"const":[1,2]})", {"[1,2]"}, {"[2,1]", "1"}},
        {"Minimum", R"({"minimum":2})", {"2", "3", "\"a\""}, {"1", "1.99"}},
        {"Maximum", R"({"maximum":2})", {"2"}, {"2.01"}},
        {"Exclusive", R"({"exclusiveMinimum":0,"exclusiveMaximum":1})", {"0.5"}, {"0", "1"}},
        {"MultipleOf", R"({"multipleOf":0.1})", {"0.3", "7", "0"}, {"0.35"}},
        {"Length",
         R"({"minLength":2,"maxLength":3})",
         {"\"ab\"", "\"漢字語\"", "1"},
         {"\"a\"", "\"abcd\"", "\"漢\""}},
        {"Pattern", R"({"pattern":"^a+$"})", {"\"aa\"", "1"}, {"\"ab\""}},
        {"Properties",
         R"({"properties":{"a":{"type":"string"}}})",
         {"{}", R"({"a":"x","b":1})", "1"},
         {R"({"a":1})"}},
        {"Required", R"({"required":["a","b"]})", {R"({"a":1,"b":2})", "1"}, {R"({"a":1})", "{}"}},
        {"Additional",
         R"({"properties":{"a":{}},"additionalProperties":false})",
         {R"({"a":1})"},
         {R"({"b":1})"}},
        {"AdditionalSchema",
         R"({"additionalProperties":{"type":"integer"}})",
         {R"({"b":1})"},
         {R"({"b":"x"})"}},
        {"PropertyCount",
         R"({"minProperties":1,"maxProperties":2})",
         {R"({"a":1})"},
         {"{}", R"({"a":1,"b":1,"c":1})"}},
        {"Items",
         R"({"items":{"type":"integer"},"minItems":1,"maxItems":2})",
         {"[1]", "[1,2]"},
         {"[]", "[1,2,3]", "[\"a\"]"}},
        {"PrefixItems",
         R"({"prefixItems":[{"type":"string"}],"items":{"type":"integer"}})",
         {"[]", "[\"a\"]", "[\"a\",1]"},
         {"[1]", "[\"a\",\"b\"]"}},
        {"NoMoreItems", R"({"prefixItems":[true],"items":false})", {"[1]"}, {"[1,2]"}},
        {"UniqueItems",
         R"({"uniqueItems":true})",
         {"[1,2]", "[]"},
         {"[1,1.0]", R"([{"a":1},{"a":1}])"}},
        {"AllOf", R"({"allOf":[{"minimum":1},{"maximum":3}]})", {"2"}, {"0", "4"}},
        {"AnyOf", R"({"anyOf":[{"type":"string"},{"minimum":3}]})", {"\"a\"", "3"}, {"2"}},
        {"OneOf", R"({"oneOf":[{"multipleOf":2},{"multipleOf":3}]})", {"2", "3"}, {"6", "5"}},
        {"Not", R"({"not":{"type":"null"}})", {"1"}, {"null"}},
        {"False", "false", {}, {"1", "null"}},
        {"True", "true", {"1", "null"}, {}},
        {"Reference", R"({"$ref":"#/$defs/a","$defs":{"a":{"type":"string"}}})", {"\"a\""}, {"1"}},
        {"Recursive",
         R"({"properties":{"next":{"$ref":"#"}},"required":["id"]})",
         {R"({"id":1,"next":{"id":2}})"},
         {R"({"id":1,"next":{}})"}},
        {"Annotations",
         R"({"title":"t","description":"d","default":1,"examples":[1],"$comment":"c","format":"email"})",
         {"1", "\"no e-mail\""},
         {}},
    }),
    [](const testing::TestParamInfo<KeywordCase>& test_case) { return test_case.param.name; });

TEST(JsonSchemaTest, PointsToTheError) {
  const auto schema = JsonSchema::Compile(
      R"({"properties":{"a/b":{"items":{"type":"integer","maximum":5}}},"additionalProperties":false})");
  ASSERT_TRUE(schema.ok()) << schema.status();
  auto error = schema->Validate(Json(R"({"a/b":[1,2,"x"]})"));
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->pointer, "/a~1b/2");
  EXPECT_EQ(error->message, "is string, expected integer");
  error = schema->Validate(Json(R"({"a/b":[1,7]})"));
  EXPECT_EQ(error->pointer, "/a~1b/1");
  EXPECT_EQ(error->message, "is 7, expected at most 5");
  error = schema->Validate(Json(R"({"c":1})"));
  EXPECT_EQ(error->pointer, "/c");
}

TEST(JsonSchemaTest, RefusesSchemasItCannotHonour) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{", "not JSON"},
      {"[]", "neither an object nor a boolean"},
      {R"({"patternProperties":{}})",
       "'/patternProperties' is a keyword this validator does not know"},
      {R"({"properties":{"a":{"unevaluatedItems":false}}})", "'/properties/a/unevaluatedItems'"},
      {R"({"type":"text"})", "/type"},
      {R"({"type":[]})", "/type"},
      {R"({"enum":[]})", "/enum"},
      {R"({"pattern":"("})", "no regular expression"},
      {R"({"minimum":"1"})", "not a number"},
      {R"({"maxLength":-1})", "not a non-negative integer"},
      {R"({"multipleOf":0})", "not positive"},
      {R"({"required":"a"})", "not an array of names"},
      {R"({"$ref":"other.json"})", "does not refer into this schema"},
      {R"({"$ref":"#/nowhere"})", "refers to nothing"},
      {R"({"anyOf":[]})", "not an array of schemas"},
      {R"({"properties":[]})", "not an object"},
  };
  for (const auto& [schema, message] : cases) {
    const auto compiled = JsonSchema::Compile(schema);
    ASSERT_FALSE(compiled.ok()) << schema;
    EXPECT_TRUE(absl::StrContains(compiled.status().message(), message)) << compiled.status();
  }
}

TEST(JsonSchemaTest, DepthIsBounded) {
  std::string schema = "{}";
  for (int i = 0; i < 1000; ++i) schema = absl::StrCat(R"({"items":)", schema, "}");
  EXPECT_FALSE(JsonSchema::Compile(schema).ok());

  const auto list = JsonSchema::Compile(R"({"items":{"$ref":"#"}})");
  ASSERT_TRUE(list.ok()) << list.status();
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  rapidjson::Document value;
  value.Parse<rapidjson::kParseIterativeFlag>(deep.c_str());
  ASSERT_FALSE(value.HasParseError());
  const auto error = list->Validate(value);
  ASSERT_TRUE(error.has_value());
  EXPECT_TRUE(absl::StrContains(error->message, "nested too deeply"));

  const auto circular = JsonSchema::Compile(R"({"$ref":"#"})");
  ASSERT_TRUE(circular.ok()) << circular.status();
  EXPECT_TRUE(circular->Validate(Json("1")).has_value());
}

TEST(JsonSchemaTest, ValidatingAllocatesNothing) {
  const auto schema = JsonSchema::Compile(
      R"({"type":"object","properties":{"action":{"enum":["start","list"]},
      "seconds":{"type":"number","exclusiveMinimum":0},"label":{"type":"string","pattern":"^[a-z ]*$"},
      "tags":{"items":{"type":"string"},"uniqueItems":true}},"required":["action"],
      "additionalProperties":false,
      "oneOf":[{"properties":{"action":{"const":"start"}},"required":["seconds"]},
               {"properties":{"action":{"const":"list"}}}]})");
  ASSERT_TRUE(schema.ok()) << schema.status();
  const rapidjson::Document value =
      Json(R"({"action":"start","seconds":300,"label":"for the tea","tags":["a","b"]})");
  // RE2 builds its automaton at the first match.
  ASSERT_FALSE(schema->Validate(value).has_value());
  bool valid = false;
  EXPECT_EQ(perf::CountAllocations([&] { valid = !schema->Validate(value).has_value(); }), 0);
  EXPECT_TRUE(valid);
}

// Whatever comes, in the schema or in the value: an answer, never a crash.
TEST(JsonSchemaTest, SurvivesMutations) {
  constexpr uint64_t kSeed = 2020;
  std::mt19937_64 random(kSeed);
  const std::string schema_text =
      R"({"type":"object","properties":{"a":{"type":"string","pattern":"^x"},"b":{"items":{"$ref":"#"}}},)"
      R"("required":["a"],"oneOf":[{"minProperties":1},{"maxProperties":0}]})";
  const std::string value_text = R"({"a":"xyz","b":[{"a":"x"},{"a":"x","b":[]}]})";
  const auto mutate = [&](std::string text) {
    static constexpr char kBytes[] = "{}[]\",:0123.e-truefalsn\\ \xff#/$";
    for (uint64_t i = 0; i <= random() % 4; ++i) {
      const size_t place = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[place] = kBytes[random() % (sizeof kBytes - 1)];
          break;
        case 1:
          text.erase(place, 1 + random() % 5);
          break;
        default:
          text.insert(place, 1, kBytes[random() % (sizeof kBytes - 1)]);
      }
      if (text.empty()) text = "{}";
    }
    return text;
  };
  int num_checked = 0;
  int num_invalid = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto schema = JsonSchema::Compile(random() % 2 == 0 ? schema_text : mutate(schema_text));
    if (!schema.ok()) continue;
    rapidjson::Document value;
    const std::string text = mutate(value_text);
    value.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
    if (value.HasParseError()) continue;
    ++num_checked;
    num_invalid += schema->Validate(value).has_value();
  }
  EXPECT_GT(num_checked, 500) << "seed " << kSeed;
  EXPECT_GT(num_invalid, 50) << "seed " << kSeed;
}

}  // namespace
}  // namespace parlance::tools
