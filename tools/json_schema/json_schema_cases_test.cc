// Every keyword, by cases in testdata/json_schema_cases.json: schemas, each with values that are
// valid and values that are not.
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"
#include "third_party/status_matchers.h"
#include "tools/json/json_value.h"
#include "tools/json_schema/json_schema.h"

namespace parlance::tools {
namespace {

using absl_testing::IsOk;

std::string ToJson(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return buffer.GetString();
}

TEST(JsonSchemaCasesTest, TellsValidFromInvalid) {
  std::ifstream file("tools/json_schema/testdata/json_schema_cases.json");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  rapidjson::Document cases;
  ASSERT_EQ(ParseJson(text, cases), std::nullopt);
  int num_valid = 0;
  int num_invalid = 0;
  for (const rapidjson::Value& test_case : cases.GetArray()) {
    const std::string schema_json = ToJson(test_case["schema"]);
    const auto schema = JsonSchema::Compile(schema_json);
    ASSERT_THAT(schema, IsOk()) << schema_json;
    for (const rapidjson::Value& value : test_case["valid"].GetArray()) {
      const auto error = schema->Validate(value);
      EXPECT_FALSE(error.has_value())
          << schema_json << " " << ToJson(value) << " '" << error->pointer << "' " << error->keyword
          << " " << error->message;
      ++num_valid;
    }
    for (const rapidjson::Value& value : test_case["invalid"].GetArray()) {
      const auto error = schema->Validate(value);
      ASSERT_TRUE(error.has_value()) << schema_json << " " << ToJson(value);
      EXPECT_FALSE(error->message.empty()) << schema_json << " " << ToJson(value);
      ++num_invalid;
    }
  }
  EXPECT_GT(num_valid, 400);
  EXPECT_GT(num_invalid, 400);
}

}  // namespace
}  // namespace parlance::tools
