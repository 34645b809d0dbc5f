#include "tools/json_schema/json_schema.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/allocations.h"
#include "third_party/status_matchers.h"
#include "tools/json/json_value.h"

namespace parlance::tools {
namespace {

using absl_testing::IsOk;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

rapidjson::Document Json(const std::string& text) {
  rapidjson::Document document;
  EXPECT_EQ(ParseJson(text, document), std::nullopt) << text;
  return document;
}

struct ErrorCase {
  std::string schema;
  std::string value;
  std::string pointer;
  std::string keyword;
  std::string message;
};

// Also in words that a model can correct itself by.
TEST(JsonSchemaTest, SaysWhatIsWrongAndWhere) {
  const std::string two_actions =
      R"({"oneOf":[{"properties":{"action":{"const":"start"},"n":{"minimum":1}},"required":["n"]},)"
      R"({"properties":{"action":{"const":"list"}},"additionalProperties":false}]})";
  const std::vector<ErrorCase> cases = {
      {"false", "1", "", "", "is not allowed"},
      {R"({"properties":{"a":false}})", R"({"a":1})", "/a", "properties", "is not allowed"},
      {R"({"type":"integer"})", R"("x")", "", "type", "is string, expected integer"},
      {R"({"type":["integer","null"]})", "1.5", "", "type", "is 1.5, expected null or integer"},
      {R"({"type":["integer","number"]})", "true", "", "type", "is boolean, expected integer"},
      {R"({"properties":{"a/b":{"items":{"type":"integer"}}}})", R"({"a/b":[1,2,"x"]})", "/a~1b/2",
       "type", "is string, expected integer"},
      {R"({"items":{"maximum":5}})", "[1,7]", "/1", "maximum", "is 7, expected at most 5"},
      {R"({"minimum":2.5})", "2", "", "minimum", "is 2, expected at least 2.5"},
      {R"({"exclusiveMinimum":2})", "2", "", "exclusiveMinimum", "is 2, expected more than 2"},
      {R"({"exclusiveMaximum":2})", "2", "", "exclusiveMaximum", "is 2, expected less than 2"},
      {R"({"multipleOf":0.1})", "2.55", "", "multipleOf", "is 2.55, expected a multiple of 0.1"},
      {R"({"enum":["a",1]})", R"("b")", "", "enum", R"(is not one of ["a",1])"},
      {R"({"enum":[]})", "1", "", "enum", "is not allowed: the enum is empty"},
      {R"({"const":{"a":1}})", "1", "", "const", R"(is not {"a":1})"},
      {R"({"minLength":2})", R"("a")", "", "minLength", "has 1 characters, expected at least 2"},
      {R"({"maxLength":1})", R"("ab")", "", "maxLength", "has 2 characters, expected at most 1"},
      {R"({"pattern":"^\\d+$"})", R"("a")", "", "pattern",
       R"(does not match the regular expression '^\d+$')"},
      {R"({"minItems":2})", "[1]", "", "minItems", "has 1 items, expected at least 2"},
      {R"({"prefixItems":[true],"items":false})", "[1,2,3]", "", "items",
       "has 3 items, expected at most 1"},
      {R"({"contains":{"type":"null"}})", "[1]", "", "contains",
       "has 0 items of the kind that `contains` describes, expected at least 1"},
      {R"({"contains":{"type":"null"},"minContains":2})", "[null]", "", "minContains",
       "has 1 items of the kind that `contains` describes, expected at least 2"},
      {R"({"contains":{"type":"null"},"maxContains":1})", "[null,null]", "", "maxContains",
       "has 2 items of the kind that `contains` describes, expected at most 1"},
      {R"({"uniqueItems":true})", "[1,2,3,2.0]", "", "uniqueItems",
       "has equal items at 1 and 3, expected all to differ"},
      {R"({"required":["a","b"]})", R"({"a":1})", "", "required", "lacks the property 'b'"},
      {R"({"dependentRequired":{"a":["b"]}})", R"({"a":1})", "", "dependentRequired",
       "lacks the property 'b', required because there is 'a'"},
      {R"({"maxProperties":1})", R"({"a":1,"b":1})", "", "maxProperties",
       "has 2 properties, expected at most 1"},
      {R"({"properties":{"a":{},"b":{}},"additionalProperties":false})", R"({"a":1,"c":1})", "/c",
       "additionalProperties", "is an unexpected property 'c', expected only 'a', 'b'"},
      {R"({"additionalProperties":false})", R"({"c":1})", "/c", "additionalProperties",
       "is an unexpected property 'c', expected none"},
      {R"({"patternProperties":{"^a":{}},"additionalProperties":false})", R"({"c":1})", "/c",
       "additionalProperties", "is an unexpected property 'c'"},
      {R"({"unevaluatedProperties":false})", R"({"c":1})", "/c", "unevaluatedProperties",
       "is not allowed"},
      {R"({"unevaluatedItems":false})", "[1]", "/0", "unevaluatedItems", "is not allowed"},
      {R"({"propertyNames":{"maxLength":1}})", R"({"ab":1})", "/ab", "maxLength",
       "has a name that has 2 characters, expected at most 1"},
      {R"({"not":{"type":"null"}})", "null", "", "not", "is null, which is not allowed"},
      {R"({"not":{"const":3}})", "3", "", "not", "is 3, which is not allowed"},
      {R"({"not":{"enum":[3,4]}})", "3", "", "not", "is one of [3,4], which is not allowed"},
      {R"({"not":{"required":["a"]}})", R"({"a":1})", "", "not",
       "matches the schema of `not`, which is not allowed"},
      {R"({"if":{"const":1},"else":{"type":"string"}})", "2", "", "type",
       "is number, expected string"},
      {R"({"$ref":"#/$defs/a","$defs":{"a":{"type":"string"}}})", "2", "", "type",
       "is number, expected string"},
      {R"({"anyOf":[{"type":"string"},{"type":"null"}]})", "2", "", "anyOf",
       "is number, expected null or string"},
      {R"({"anyOf":[{"type":"object","required":["a"]},{"type":"null"}]})", "{}", "", "required",
       "lacks the property 'a'"},
      {R"({"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}],"$defs":{"a":{"type":"object",)"
       R"("properties":{"b":{"type":"string"}}}}})",
       R"({"b":1})", "/b", "type", "is number, expected string"},
      {two_actions, R"({"action":"start"})", "", "required", "lacks the property 'n'"},
      {two_actions, R"({"action":"list","n":2})", "/n", "additionalProperties",
       "is an unexpected property 'n', expected only 'action'"},
      {two_actions, R"({"action":"sing","n":0})", "", "oneOf",
       "matches no alternative of oneOf: its /action is not \"start\"; or its /action is not "
       "\"list\""},
      {R"({"oneOf":[{"type":"integer"},{"minimum":2},{"maximum":9}]})", "3", "", "oneOf",
       "matches alternatives 1 and 2 of oneOf, expected exactly one"},
  };
  for (const ErrorCase& test_case : cases) {
    const auto schema = JsonSchema::Compile(test_case.schema);
    ASSERT_THAT(schema, IsOk());
    const auto error = schema->Validate(Json(test_case.value));
    ASSERT_TRUE(error.has_value()) << test_case.schema << " " << test_case.value;
    EXPECT_EQ(error->pointer, test_case.pointer) << test_case.schema << " " << test_case.value;
    EXPECT_EQ(error->keyword, test_case.keyword) << test_case.schema << " " << test_case.value;
    EXPECT_EQ(error->message, test_case.message) << test_case.schema << " " << test_case.value;
  }
}

TEST(JsonSchemaTest, LongListsAreShortened) {
  std::string values = R"("value 0")";
  for (int i = 1; i < 1000; ++i) absl::StrAppend(&values, ",\"värde ", i, "\"");
  const auto schema = JsonSchema::Compile(absl::StrCat(R"({"enum":[)", values, "]}"));
  ASSERT_THAT(schema, IsOk());
  const auto error = schema->Validate(Json("1"));
  ASSERT_TRUE(error.has_value());
  EXPECT_THAT(error->message, StartsWith(R"(is not one of ["value 0","värde 1")"));
  EXPECT_THAT(error->message, EndsWith("…"));
  EXPECT_LT(error->message.size(), 450);
}

TEST(JsonSchemaTest, RefusesSchemasItCannotHonour) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{", "not JSON"},
      {"[]", "neither an object nor a boolean"},
      {R"({"properties":{"a":{"frob":1}}})",
       "'/properties/a/frob' is a keyword this validator does not know"},
      {R"({"$defs":{"never used":{"frob":1}}})", "'/$defs/never used/frob'"},
      {R"({"dependencies":{}})",
       "'/dependencies' is a keyword this validator does not know; since"},
      {R"({"additionalItems":true})", "'/additionalItems' is a keyword"},
      {R"({"items":[{}]})", "'/items' is an array; since 2020-12 that is prefixItems"},
      {R"({"id":"a"})", "since draft-06 it is $id"},
      {R"({"$recursiveRef":"#"})", "$dynamicRef"},
      {R"({"nullable":true})", "null is one of the types"},
      {R"({"$schema":"http://json-schema.org/draft-04/schema#"})", "a dialect"},
      {R"({"$schema":1})", "/$schema"},
      {R"({"type":"text"})", "/type"},
      {R"({"type":[]})", "/type"},
      {R"({"type":["string","text"]})", R"(no such type as "text")"},
      {R"({"type":["integer","integer"]})", R"('/type' has "integer" twice)"},
      {R"({"required":["a","b","a"]})", R"('/required' has "a" twice)"},
      {R"({"dependentRequired":{"a":["b","b"]}})", R"('/dependentRequired/a' has "b" twice)"},
      {R"({"enum":null})", "/enum"},
      {R"({"enum":1})", "/enum"},
      {R"({"pattern":"("})", "is not a regular expression this validator can run: at byte"},
      {R"x({"pattern":"(?=a)"})x", "looks around"},
      {R"({"pattern":"(a{1000}){1000}"})", "is not a regular expression this validator can run"},
      {R"({"patternProperties":{"(":{}}})", "'/patternProperties/(' is not a regular expression"},
      {R"({"patternProperties":[]})", "'/patternProperties' is not an object of schemas"},
      {R"({"minimum":"1"})", "not a number"},
      {R"({"maxLength":-1})", "not a non-negative integer"},
      {R"({"maxLength":1.5})", "not a non-negative integer"},
      {R"({"multipleOf":0})", "not positive"},
      {R"({"multipleOf":-0.5})", "not positive"},
      {R"({"uniqueItems":1})", "not a boolean"},
      {R"({"required":"a"})", "not an array of names"},
      {R"({"required":[1]})", "not an array of names"},
      {R"({"dependentRequired":{"a":"b"}})", "'/dependentRequired/a' is not an array of names"},
      {R"({"dependentRequired":[]})", "'/dependentRequired' is not an object"},
      {R"({"anyOf":[]})", "not an array of schemas"},
      {R"({"anyOf":[1]})", "'/anyOf/0' is neither an object nor a boolean"},
      {R"({"properties":[]})", "not an object of schemas"},
      {R"({"not":[]})", "'/not' is neither an object nor a boolean"},
      {R"({"type":"string","type":"null"})", "'/type' is there twice"},
      {R"({"properties":{"a":{},"a":{}}})", "'/properties/a' is there twice"},
      {R"({"$ref":"other.json"})", "'/$ref' refers to another document, which is never fetched"},
      {R"({"$ref":"https://json-schema.org/draft/2020-12/schema"})", "refers to another document"},
      {R"({"$ref":1})", "'/$ref' is not a string"},
      {R"({"$ref":"#/nowhere"})", "refers to nothing"},
      {R"({"$ref":"#/allOf/1","allOf":[{}]})", "refers to nothing"},
      {R"({"$ref":"#/allOf/00","allOf":[{}]})", "refers to nothing"},
      {R"({"$ref":"#/allOf/-","allOf":[{}]})", "refers to nothing"},
      {R"({"$ref":"#/title","title":"a"})", "neither an object nor a boolean"},
      {R"({"$ref":"#nowhere"})", "refers to nothing"},
      {R"({"$ref":"#/%2"})", "refers to nothing"},
      {R"({"$anchor":"#a"})", "'/$anchor' is not a name"},
      {R"({"allOf":[{"$anchor":"a"},{"$anchor":"a"}]})", "'/allOf/1/$anchor' is taken already"},
      {R"({"allOf":[{"$id":"a"},{"$id":"a"}]})", "'/allOf/1/$id' is taken already"},
      {R"({"$id":"#a"})", "has a fragment"},
      {R"({"$id":1})", "'/$id' is not a string"},
      {R"({"$ref":"#"})", "leads back to itself"},
      {R"({"$ref":"#/$defs/a","$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},)"
       R"("b":{"not":{"$ref":"#/$defs/a"}}}})",
       "leads back to itself"},
      {R"({"dependentSchemas":{"a":{"if":{"$dynamicRef":"#"}}}})", "leads back to itself"},
  };
  for (const auto& [schema, message] : cases) {
    const auto compiled = JsonSchema::Compile(schema);
    ASSERT_THAT(compiled, Not(IsOk())) << schema;
    EXPECT_THAT(compiled.status().message(), HasSubstr(message));
  }
}

TEST(JsonSchemaTest, DepthIsBounded) {
  std::string schema = "{}";
  for (int i = 0; i < 1000; ++i) schema = absl::StrCat(R"({"items":)", schema, "}");
  EXPECT_THAT(JsonSchema::Compile(schema), Not(IsOk()));
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  for (const char* keyword : {"const", "default", "$ref", "pattern", "properties", "x-own"}) {
    const auto refused = JsonSchema::Compile(absl::StrCat("{\"", keyword, "\":", deep, "}"));
    EXPECT_THAT(refused.status().message(), HasSubstr("nested deeper than 192 levels"));
  }

  const std::string deepest_allowed =
      std::string(JsonSchema::kMaxDepth, '[') + std::string(JsonSchema::kMaxDepth, ']');
  for (const char* list : {R"({"items":{"$ref":"#"}})", R"({"uniqueItems":true})"}) {
    const auto compiled = JsonSchema::Compile(list);
    ASSERT_THAT(compiled, IsOk());
    EXPECT_FALSE(compiled->Validate(Json(deepest_allowed)).has_value());
    const auto error =
        compiled->Validate(Json(std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']')));
    ASSERT_TRUE(error.has_value());
    EXPECT_THAT(error->message, HasSubstr("nested too deeply"));
    EXPECT_EQ(error->keyword, "");
  }
}

// A failure inside `not` would be a success.
TEST(JsonSchemaTest, ALimitInsideNotIsAnError) {
  const auto schema = JsonSchema::Compile(
      R"({"not":{"$ref":"#/$defs/list"},"$defs":{"list":{"items":{"$ref":"#/$defs/list"}}}})");
  ASSERT_THAT(schema, IsOk());
  const auto error =
      schema->Validate(Json(std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']')));
  ASSERT_TRUE(error.has_value());
  EXPECT_THAT(error->message, HasSubstr("nested too deeply"));
}

// References may be chained as long as a schema is, which must not end the stack.
TEST(JsonSchemaTest, ChainsOfReferencesAreBounded) {
  const auto chain = [](int length) {
    std::string defs;
    for (int i = 0; i < length; ++i) {
      absl::StrAppend(&defs, R"("d)", i, R"(":{"$ref":"#/$defs/d)", i + 1, R"("},)");
    }
    return JsonSchema::Compile(absl::StrCat(R"({"$ref":"#/$defs/d0","$defs":{)", defs, R"("d)",
                                            length, R"(":{"type":"null"}}})"));
  };
  const auto short_chain = chain(500);
  ASSERT_THAT(short_chain, IsOk());
  EXPECT_FALSE(short_chain->Validate(Json("null")).has_value());
  EXPECT_EQ(short_chain->Validate(Json("1"))->keyword, "type");
  const auto long_chain = chain(20000);
  ASSERT_THAT(long_chain, IsOk());
  const auto error = long_chain->Validate(Json("null"));
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->message, "is nested too deeply for the references of the schema");
}

// Each level tries both alternatives of the one below.
absl::StatusOr<JsonSchema> Alternatives(const std::string& keyword, int levels) {
  std::string defs = R"("d0":{"type":"null"})";
  for (int i = 1; i <= levels; ++i) {
    absl::StrAppend(&defs, R"(,"d)", i, R"(":{")", keyword, R"(":[{"$ref":"#/$defs/d)", i - 1,
                    R"("},{"$ref":"#/$defs/d)", i - 1, R"("}]})");
  }
  return JsonSchema::Compile(
      absl::StrCat(R"({"$ref":"#/$defs/d)", levels, R"(","$defs":{)", defs, "}}"));
}

TEST(JsonSchemaTest, WorkIsBounded) {
  const auto schema = Alternatives("oneOf", 60);
  ASSERT_THAT(schema, IsOk());
  const auto error = schema->Validate(Json("1"));
  ASSERT_TRUE(error.has_value());
  EXPECT_THAT(error->message, HasSubstr("too much work"));
}

// What can be checked may still be too much to explain.
TEST(JsonSchemaTest, ExplanationsAreBounded) {
  const auto schema = Alternatives("anyOf", 18);
  ASSERT_THAT(schema, IsOk());
  const auto error = schema->Validate(Json("1"));
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->keyword, "anyOf");
  EXPECT_EQ(error->message, "matches no alternative of anyOf");
}

// Would take an hour if each were compared with each.
TEST(JsonSchemaTest, UniqueItemsTakesTimeInProportion) {
  std::string items = "[{\"a\":0}]";
  items.pop_back();
  for (int i = 1; i < 300000; ++i) absl::StrAppend(&items, ",{\"a\":", i, "}");
  const auto schema = JsonSchema::Compile(R"({"uniqueItems":true})");
  ASSERT_THAT(schema, IsOk());
  EXPECT_FALSE(schema->Validate(Json(absl::StrCat(items, "]"))).has_value());
  const auto error = schema->Validate(Json(absl::StrCat(items, ",{\"a\":7.0}]")));
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->message, "has equal items at 7 and 300000, expected all to differ");
}

TEST(JsonSchemaTest, SizeIsBounded) {
  EXPECT_THAT(JsonSchema::Compile(absl::StrCat(R"({"title":")", std::string(2000000, 'x'), "\"}")),
              Not(IsOk()));
  // Each pattern alone is small enough.
  std::string patterns;
  for (int i = 0; i < 200; ++i) {
    absl::StrAppend(&patterns, i == 0 ? "" : ",", R"(".{1,900}x)", i, R"(":{})");
  }
  const auto many = JsonSchema::Compile(absl::StrCat(R"({"patternProperties":{)", patterns, "}}"));
  ASSERT_THAT(many, Not(IsOk()));
  EXPECT_THAT(many.status().message(), HasSubstr("too large"));
}

TEST(JsonSchemaTest, ManyNamesAndMembers) {
  std::string properties;
  std::string required;
  std::string value;
  for (int i = 0; i < 1000; ++i) {
    absl::StrAppend(&properties, i == 0 ? "" : ",", R"("name )", i, R"(":{"type":"integer"})");
    absl::StrAppend(&required, i == 0 ? "" : ",", R"("name )", i, "\"");
    absl::StrAppend(&value, i == 0 ? "" : ",", R"("name )", (i * 7) % 1000, R"(":1)");
  }
  const auto schema = JsonSchema::Compile(absl::StrCat(R"({"allOf":[{"properties":{)", properties,
                                                       R"(},"required":[)", required,
                                                       R"(]}],"unevaluatedProperties":false})"));
  ASSERT_THAT(schema, IsOk());
  EXPECT_FALSE(schema->Validate(Json(absl::StrCat("{", value, "}"))).has_value());
  EXPECT_EQ(schema->Validate(Json(absl::StrCat("{", value, R"(,"more":1})")))->pointer, "/more");
  EXPECT_EQ(
      schema->Validate(Json(absl::StrCat("{", value.substr(value.find(',') + 1), "}")))->message,
      "lacks the property 'name 0'");
}

TEST(JsonSchemaTest, ANameThatIsThereTwiceIsCheckedTwice) {
  const auto schema = JsonSchema::Compile(R"({"properties":{"a":{"type":"integer"}}})");
  ASSERT_THAT(schema, IsOk());
  EXPECT_FALSE(schema->Validate(Json(R"({"a":1,"a":2})")).has_value());
  EXPECT_TRUE(schema->Validate(Json(R"({"a":"x","a":2})")).has_value());
  EXPECT_TRUE(schema->Validate(Json(R"({"a":1,"a":"x"})")).has_value());
}

TEST(JsonSchemaTest, ValidatingAllocatesNothing) {
  const auto schema = JsonSchema::Compile(
      R"({"type":"object","properties":{"action":{"enum":["start","list"]},
      "amount":{"multipleOf":0.01,"minimum":0},"place":{"$ref":"#/$defs/place"},
      "seconds":{"type":"number","exclusiveMinimum":0},"label":{"type":"string","pattern":"^[a-z ]*$"},
      "tags":{"items":{"type":"string"},"uniqueItems":true}},"required":["action"],
      "additionalProperties":false,"unevaluatedProperties":false,
      "$defs":{"place":{"prefixItems":[{"const":{"x":1,"y":2}}],"contains":{"type":"object"}}},
      "dependentRequired":{"seconds":["label"]},"propertyNames":{"maxLength":10},
      "patternProperties":{"^la":{"maxLength":20}},"not":{"required":["x"]},
      "oneOf":[{"properties":{"action":{"const":"start"}},"required":["seconds"]},
               {"properties":{"action":{"const":"list"}}}]})");
  ASSERT_THAT(schema, IsOk());
  const rapidjson::Document value =
      Json(R"({"action":"start","seconds":300,"label":"for the tea","amount":12.34,
      "tags":["a","b","c","d","e","f","g","h","i","j","k"],"place":[{"y":2,"x":1.0}]})");
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
      R"("patternProperties":{"\\d+":{"$ref":"#x"}},"$defs":{"x":{"$anchor":"x","enum":[1,0.5]}},)"
      R"("required":["a"],"unevaluatedProperties":false,"multipleOf":0.01,)"
      R"("oneOf":[{"minProperties":1},{"maxProperties":0}]})";
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
