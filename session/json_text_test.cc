#include "session/json_text.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::session {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::Not;

std::string Nested(int depth) {
  return absl::StrCat(std::string(static_cast<size_t>(depth), '['),
                      std::string(static_cast<size_t>(depth), ']'));
}

TEST(CheckJson, KnowsEachKind) {
  const std::vector<std::pair<std::string, JsonKind>> cases = {
      {"null", JsonKind::kNull},
      {" true ", JsonKind::kBool},
      {"-0", JsonKind::kNumber},
      {"\n\"x\"", JsonKind::kString},
      {"[1]", JsonKind::kArray},
      {"\t{}", JsonKind::kObject},
      {"12345678901234567890123", JsonKind::kNumber},
      {"0.1e-500", JsonKind::kNumber},
  };
  for (const auto& [text, kind] : cases) {
    const auto checked = CheckJson(text);
    ASSERT_THAT(checked, IsOk()) << text;
    EXPECT_EQ(*checked, kind) << text;
  }
}

TEST(CheckJson, SaysWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "empty"},
      {"{", "(byte 2)"},
      {"[1,]", "(byte 4)"},
      {"{} {}", "(byte 4)"},
      {absl::StrCat("{}", std::string(1, '\0'), "x"), "NUL"},
      {"\"\xFF\"", "(byte"},
      {"\"a\nb\"", "(byte"},
      {"\"\\ud800\"", "surrogate"},
      {"NaN", "(byte"},
      {"1e400", "too big"},
      {Nested(kMaxJsonDepth + 1), "nested more than 200 deep"},
      {std::string(200000, '['), "nested more than 200 deep"},
      {std::string(2000000, '{'), "(byte"},
  };
  for (const auto& [text, expected] : cases) {
    const auto checked = CheckJson(text);
    EXPECT_THAT(checked, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(expected)))
        << text.substr(0, 50);
  }
  EXPECT_THAT(CheckJson(Nested(kMaxJsonDepth)), IsOk());
}

TEST(JsonMembers, AreTheTextsOwnBytes) {
  const std::string text =
      "{ \"a\" : 12345678901234567890123 ,\"b\\u0041\":{\"z\":-0,\"a\":[1.0,\"}]\\\"\"]},"
      "\"c\":null,\"d\":\"x\" ,\"e\":[ ],\"f\":1E+2}";
  const auto members = JsonMembers::Parse(text);
  ASSERT_THAT(members, IsOk());
  std::string seen;
  for (const JsonMembers::Member& member : members->all()) {
    absl::StrAppend(&seen, member.name, "=", member.value, ";");
  }
  EXPECT_EQ(seen,
            "a=12345678901234567890123;bA={\"z\":-0,\"a\":[1.0,\"}]\\\"\"]};c=null;d=\"x\";"
            "e=[ ];f=1E+2;");
  EXPECT_EQ(JsonString(members->all()[3].value), "x");
  EXPECT_TRUE(JsonMembers::Parse(" {} ")->all().empty());
  EXPECT_THAT(JsonMembers::Parse("[]"), Not(IsOk()));
  const auto twice = JsonMembers::Parse(R"({"a":1,"b":2,"\u0061":3})");
  EXPECT_THAT(twice.status().message(), HasSubstr("\"a\" is there twice"));
}

TEST(JsonElements, AreTheTextsOwnBytes) {
  EXPECT_EQ(JsonElements(" [ 1.50 , [2,3],{\"a\":[]} ,\"]\" ] "),
            (std::vector<absl::string_view>{"1.50", "[2,3]", "{\"a\":[]}", "\"]\""}));
  EXPECT_TRUE(JsonElements("[ ]").empty());
}

TEST(OnOneLine, ChangesLineBreaksOnly) {
  EXPECT_EQ(OnOneLine("{\r\n \"a\\n\": 1.0\t}"), "{   \"a\\n\": 1.0\t}");
}

}  // namespace
}  // namespace parlance::session
