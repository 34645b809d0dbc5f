#include "tools/json/json_text.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parlance::tools {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(MemberText, IsTheTextsOwn) {
  const std::string text =
      "\xEF\xBB\xBF { \"n\" : 12345678901234567890123 "
      ",\"\\u0061\\\"\":{\"z\":-0,\"a\":[1.0,\"}]\\\"\"]},"
      "\"n\":2,\"s\":\"x\\\\\" ,\"t\":true,\"e\":[ ],\"f\":1E+2\n}";
  EXPECT_EQ(MemberText(text, "n"), "12345678901234567890123");
  EXPECT_EQ(MemberText(text, "a\""), R"({"z":-0,"a":[1.0,"}]\""]})");
  EXPECT_EQ(MemberText(MemberText(text, "a\""), "z"), "-0");
  EXPECT_EQ(MemberText(text, "s"), R"("x\\")");
  EXPECT_EQ(MemberText(text, "t"), "true");
  EXPECT_EQ(MemberText(text, "e"), "[ ]");
  EXPECT_EQ(MemberText(text, "f"), "1E+2");
  EXPECT_EQ(MemberText(text, "z"), "");
  for (const char* const other : {"", "{}", " { } ", "[]", "[\"n\",1]", "\"n\"", "7"}) {
    EXPECT_EQ(MemberText(other, "n"), "") << other;
  }
}

TEST(ElementTexts, AreTheTextsOwn) {
  EXPECT_THAT(ElementTexts(" [ 1.50 , [2,3],{\"a\":[]} ,\"]\",null ] "),
              ElementsAre("1.50", "[2,3]", "{\"a\":[]}", "\"]\"", "null"));
  for (const char* const other : {"", "[]", " [ ] ", "{}", "\"[1]\"", "7"}) {
    EXPECT_THAT(ElementTexts(other), IsEmpty()) << other;
  }
}

TEST(PrettyJson, BreaksLinesAndKeepsValues) {
  EXPECT_EQ(PrettyJson(R"( {"a" :[1E5,{}, [ ],-0],"b\":{}":{"c":"x,[y]\\"},"d":[[1]]})"), R"({
  "a": [
    1E5,
    {},
    [],
    -0
  ],
  "b\":{}": {
    "c": "x,[y]\\"
  },
  "d": [
    [
      1
    ]
  ]
})");
  EXPECT_EQ(PrettyJson("true"), "true");
}

TEST(JsonText, DepthCostsNoStack) {
  const std::string deep = absl::StrCat(std::string(1'000'000, '['), std::string(1'000'000, ']'));
  EXPECT_EQ(MemberText(absl::StrCat("{\"a\":", deep, ",\"b\":1}"), "b"), "1");
  EXPECT_EQ(ElementTexts(absl::StrCat("[", deep, ",2]")).size(), 2u);
}

}  // namespace
}  // namespace parlance::tools
