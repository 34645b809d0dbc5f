#include "pipeline/json/bounded_json.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::Not;

std::string Nested(int depth) {
  std::string text = R"({"a":)";
  for (int i = 1; i < depth; ++i) text += '[';
  for (int i = 1; i < depth; ++i) text += ']';
  return text + "}";
}

TEST(BoundedJsonTest, WhatIsRefusedSaysWhy) {
  struct Case {
    const char* name;
    std::string text;
    absl::StatusCode code;
    const char* why;
  };
  const std::vector<Case> cases = {
      {"nothing", "", absl::StatusCode::kInvalidArgument, "empty"},
      {"an array", "[1]", absl::StatusCode::kInvalidArgument, "not an object"},
      {"a word", "hello", absl::StatusCode::kInvalidArgument, "at byte 0"},
      {"cut", R"({"a":)", absl::StatusCode::kInvalidArgument, "at byte 5"},
      {"more after it", "{} {}", absl::StatusCode::kInvalidArgument, "at byte 3"},
      {"more after a NUL", std::string("{}\0{}", 5), absl::StatusCode::kInvalidArgument, "NUL"},
      {"no UTF-8", "{\"a\":\"\xff\"}", absl::StatusCode::kInvalidArgument, "encoding"},
      {"half a surrogate", R"({"a":"\ud800"})", absl::StatusCode::kInvalidArgument, "surrogate"},
      {"a number beyond doubles", R"({"a":-1e999})", absl::StatusCode::kInvalidArgument,
       "Number too big"},
      {"too deep", Nested(17), absl::StatusCode::kInvalidArgument, "more than 16 deep"},
      {"far too deep", Nested(20000), absl::StatusCode::kInvalidArgument, "more than 16 deep"},
      {"too long", absl::StrCat(R"({"a":")", std::string(70000, 'x'), R"("})"),
       absl::StatusCode::kResourceExhausted, "70008 bytes"},
  };
  for (const Case& each : cases) {
    rapidjson::Document document;
    EXPECT_THAT(ParseJsonObject(each.text, {}, document), StatusIs(each.code, HasSubstr(each.why)))
        << each.name;
  }
  rapidjson::Document document;
  EXPECT_THAT(ParseJsonObject(Nested(16), {}, document), IsOk());
}

TEST(BoundedJsonTest, WhatWasSaidIsInNoMessage) {
  rapidjson::Document document;
  const absl::Status status = ParseJsonObject(R"({"text":"my password is otter)", {}, document);
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("otter")));
}

TEST(BoundedJsonTest, NumbersMayBeStrings) {
  rapidjson::Document document;
  ASSERT_THAT(ParseJsonObject(R"({"a":5,"b":"-6","c":"7.5","d":8.0,"e":8.5,"f":null,"g":1e300,
                                  "h":18446744073709551615,"i":"999999999999999999999","j":0e308})",
                              {}, document),
              IsOk());
  EXPECT_EQ(IntegerOf(Member(&document, "a")), 5);
  EXPECT_EQ(IntegerOf(Member(&document, "b")), -6);
  EXPECT_EQ(IntegerOf(Member(&document, "d")), 8);
  EXPECT_EQ(IntegerOf(Member(&document, "j")), 0);
  for (const char* const name : {"c", "e", "f", "g", "h", "i", "none"}) {
    EXPECT_EQ(IntegerOf(Member(&document, name)), std::nullopt) << name;
  }
  EXPECT_EQ(TextOrNumberOf(Member(&document, "a")), "5");
  EXPECT_EQ(TextOrNumberOf(Member(&document, "c")), "7.5");
  EXPECT_EQ(Member(Member(&document, "a"), "b"), nullptr) << "a member of a number";
}

TEST(BoundedJsonTest, QuotedTextIsAlwaysUtf8) {
  EXPECT_EQ(QuotedJson("a\"b\n\xC3\xA9"), "\"a\\\"b\\n\xC3\xA9\"");
  EXPECT_EQ(QuotedJson("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(QuotedJson("cut \xC3"), "\"cut \xEF\xBF\xBD\"");
  EXPECT_EQ(QuotedJson("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(QuotedJson(""), "\"\"");
}

TEST(BoundedJsonTest, AnyValueMayBeParsed) {
  for (const char* const text : {"1", "\"a\"", "[1]", "null", "{}"}) {
    rapidjson::Document document;
    EXPECT_THAT(ParseJson(text, {}, document), IsOk()) << text;
    EXPECT_EQ(JsonOf(document), text);
  }
}

TEST(BoundedJsonTest, BytesThatAreNoUtf8AreKeptIfTheyMayBe) {
  rapidjson::Document document;
  ASSERT_THAT(ParseJson("[\"a\xff\"]", {.takes_any_bytes = true}, document), IsOk());
  EXPECT_EQ(TextOf(&document[0]), "a\xff");
}

TEST(BoundedJsonTest, EqualValuesHaveOneCanonicalForm) {
  const auto canonical = [](absl::string_view text) {
    rapidjson::Document document;
    EXPECT_THAT(ParseJson(text, {}, document), IsOk());
    return CanonicalJsonOf(document);
  };
  EXPECT_EQ(canonical(R"({ "b" : [1, {"d":2,"c":"x"}], "a" : null })"),
            R"({"a":null,"b":[1,{"c":"x","d":2}]})");
  EXPECT_NE(canonical("[1,2]"), canonical("[2,1]"));
}

}  // namespace
}  // namespace parlance::pipeline
