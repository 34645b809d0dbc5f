#include "tools/json/json_value.h"

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parlance::tools {
namespace {

using testing::EndsWith;

rapidjson::Document Json(const std::string& text) {
  rapidjson::Document document;
  EXPECT_EQ(ParseJson(text, document), std::nullopt) << text;
  return document;
}

// Parses in memory that is given, and checks that the value is the same as otherwise.
std::optional<std::string> ParseInMemory(const std::string& text) {
  std::string copy = text;
  rapidjson::MemoryPoolAllocator<> allocator;
  rapidjson::MemoryPoolAllocator<> stack;
  PooledDocument document(&allocator, 256, &stack);
  std::optional<std::string> error = ParseJsonInsitu(text, copy.data(), document, stack);
  Work work{.left = 1000};
  if (!error.has_value()) {
    EXPECT_TRUE(EqualValues(document, Json(text), work)) << text;
  }
  return error;
}

bool Equal(const std::string& a, const std::string& b) {
  Work work{.left = 1000000};
  const bool equal = EqualValues(Json(a), Json(b), work);
  EXPECT_EQ(EqualValues(Json(b), Json(a), work), equal) << a << " " << b;
  return equal;
}

TEST(JsonValueTest, Utf8) {
  // The first and last of each length, after texts of different lengths.
  for (const char* ascii : {"", "a", "seven c", "eight ch", "and a few more characters"}) {
    for (const char* character : {"\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000",
                                  "\uffff", "\U00010000", "\U0010ffff"}) {
      EXPECT_TRUE(IsUtf8(absl::StrCat(ascii, character))) << ascii << character;
      EXPECT_TRUE(IsUtf8(absl::StrCat(character, ascii, character, "x"))) << ascii << character;
    }
    for (const char* malformed :
         {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2x", "\xe0\x9f\xbf", "\xed\xa0\x80",
          "\xe6\xbc", "\xe6\xbcx", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
          "\xf0\x9f\x92", "\xff"}) {
      EXPECT_FALSE(IsUtf8(absl::StrCat(ascii, malformed))) << ascii;
      EXPECT_FALSE(IsUtf8(absl::StrCat(ascii, malformed, "eight ch"))) << ascii;
    }
  }
}

TEST(JsonValueTest, NumbersAreParsedExactly) {
  EXPECT_EQ(Json("0.3050740578305037").GetDouble(), 0.3050740578305037);
  EXPECT_EQ(Json("2.2250738585072011e-308").GetDouble(), 2.2250738585072011e-308);
  EXPECT_EQ(Json("18446744073709551615").GetUint64(), 18446744073709551615U);
  EXPECT_TRUE(Json("18446744073709551616").IsDouble());
  EXPECT_EQ(Json("-9223372036854775808").GetInt64(), std::numeric_limits<int64_t>::min());
  EXPECT_TRUE(Json("-9223372036854775809").IsDouble());
  EXPECT_TRUE(Json("7").IsInt());
  EXPECT_TRUE(Json("-7").IsInt());
  EXPECT_EQ(Json("-0").GetInt(), 0);
  EXPECT_TRUE(Json("1.0").IsDouble());
  EXPECT_EQ(Json("0e308").GetDouble(), 0);
  EXPECT_EQ(Json("0.0e-999").GetDouble(), 0);
  EXPECT_EQ(Json("-0.000E-999").GetDouble(), 0);
  EXPECT_EQ(Json("-1.5E+2").GetDouble(), -150);
  EXPECT_EQ(Json("1.7976931348623157e308").GetDouble(), std::numeric_limits<double>::max());
}

TEST(JsonValueTest, SaysWhereTextIsNoJson) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[\"ab\xff\"]",
       "at byte 4 (line 1): Invalid encoding in string. Byte 0xff is not UTF-8 here."},
      {"", "at byte 0 (line 1): The document is empty."},
      {"[1,]", "at byte 3 (line 1): Invalid value."},
      {"[1] 2", "at byte 4 (line 1): The document root must not be followed by other values."},
      {"[01]", "at byte 2 (line 1): Missing a comma or ']' after an array element."},
      {"[1,1e309]", "at byte 3 (line 1): Number too big to be stored in double."},
      // It was read as 0, and nobody heard of it.
      {"[1,1e-400]", "at byte 3 (line 1): Number too small to be stored in double."},
      {"[-0.001e-999]", "at byte 1 (line 1): Number too small to be stored in double."},
      {"[1.]", "at byte 3 (line 1): Miss fraction part in number."},
      {"NaN", "at byte 0 (line 1): Invalid value. JSON has no NaN."},
      {"[1,\n\n -Infinity]", "at byte 7 (line 3): Invalid value. JSON has no -Infinity."},
      {"{\"a\":nul}", "at byte 8 (line 1): Invalid value. JSON has no nul."},
      {"{\"a\\n\":\n1,}", "at byte 10 (line 2): Missing a name for object member."},
      {"\"\xEE", "at byte 1 (line 1): Invalid encoding in string. Byte 0xee is not UTF-8 here."},
      {"\xEF[]", "at byte 0 (line 1): Invalid value."},
      {"\xEF\xBB[]", "at byte 0 (line 1): Invalid value."},
      {"[\"\\ud800\"]", "at byte 2 (line 1): The surrogate pair in string is invalid."},
      {"[\"\\udc00\"]", "at byte 9 (line 1): The surrogate pair in string is invalid."},
      {"{\"\\udc00\":1}", "at byte 9 (line 1): The surrogate pair in string is invalid."},
      {std::string("[1]\0x", 5),
       "at byte 3 (line 1): The document root must not be followed by other values."},
  };
  for (const auto& [text, error] : cases) {
    rapidjson::Document document;
    EXPECT_EQ(ParseJson(text, document), error) << text;
    EXPECT_EQ(ParseInMemory(text), error) << text;
  }
}

std::string Nested(int levels) {
  return absl::StrCat(std::string(levels, '['), std::string(levels, ']'));
}

// Whoever walks a value recurses, so that 100,000 levels used to end the process.
TEST(JsonValueTest, DeepNestingIsRefusedWithLineByteAndLimit) {
  const std::string deep = Nested(kMaxJsonDepth + 1);
  const std::string objects = absl::StrCat("{\"a\":", Nested(kMaxJsonDepth), "}");
  EXPECT_EQ(ParseInMemory(Nested(kMaxJsonDepth)), std::nullopt);
  for (const std::string& text :
       {deep, objects, Nested(1'000'000), std::string(1'000'000, '['), "\n\n" + deep}) {
    rapidjson::Document document;
    const std::optional<std::string> error = ParseJson(text, document);
    ASSERT_TRUE(error.has_value());
    EXPECT_THAT(*error, EndsWith(": nested deeper than 512 levels, the limit"));
    EXPECT_EQ(ParseInMemory(text), error);
    EXPECT_FALSE(CompactJson(text).has_value());
  }
  rapidjson::Document document;
  EXPECT_EQ(ParseJson("[1,\n[[2]]]", document, {.max_depth = 2}),
            "at byte 5 (line 2): nested deeper than 2 levels, the limit");
  EXPECT_EQ(ParseJson("[1,\n[2],[[]]]", document, {.max_depth = 3}), std::nullopt);
  // Siblings are not nested.
  std::string wide = "[[]";
  for (int i = 0; i < 2 * kMaxJsonDepth; ++i) wide += ",[],{}";
  EXPECT_EQ(ParseJson(wide + "]", document), std::nullopt);
}

TEST(JsonValueTest, TheDeepestValueCanBeWalked) {
  const rapidjson::Document deepest = Json(Nested(kMaxJsonDepth));
  rapidjson::Document copy;
  copy.CopyFrom(deepest, copy.GetAllocator());
  Work work{.left = 10'000};
  EXPECT_TRUE(EqualValues(deepest, copy, work));
  EXPECT_EQ(ValueJson(copy), Nested(kMaxJsonDepth));
  EXPECT_EQ(ShortJson(copy, 3), "[[[…");
  EXPECT_TRUE(NestedWithin(copy, kMaxJsonDepth));
}

TEST(JsonValueTest, TooLongATextIsRefusedWithTheLimit) {
  rapidjson::Document document;
  EXPECT_EQ(ParseJson("[1,2]", document, {.max_bytes = 4}), "the text has 5 bytes; the limit is 4");
}

TEST(JsonValueTest, ParsesTheSameInMemoryThatIsGiven) {
  for (const char* text : {" [1, 2.5, \"\\u0000\\n\xC3\xA9\"] ", "\xEF\xBB\xBF{\"a\":[]}"}) {
    EXPECT_EQ(ParseInMemory(text), std::nullopt);
  }
  EXPECT_EQ(ParseInMemory("\xEF\xBB\xBF[1,]"), "at byte 6 (line 1): Invalid value.");
}

TEST(JsonValueTest, TellsWhatIsBeyondFromWhatIsMalformed) {
  rapidjson::Document document;
  for (const std::string& text : {std::string("1e400"), std::string("[-1.8e308]"),
                                  std::string("1e-400"), Nested(kMaxJsonDepth + 1)}) {
    bool is_beyond = false;
    EXPECT_NE(ParseJson(text, document, {}, &is_beyond), std::nullopt);
    EXPECT_TRUE(is_beyond) << text;
  }
  bool is_beyond = false;
  EXPECT_NE(ParseJson("[1]", document, {.max_bytes = 2}, &is_beyond), std::nullopt);
  EXPECT_TRUE(is_beyond);
  for (const char* const text : {"", "[", "NaN", "\"\\udc00\"", "1e4"}) {
    is_beyond = true;
    ParseJson(text, document, {}, &is_beyond);
    EXPECT_FALSE(is_beyond) << text;
  }
}

TEST(JsonValueTest, CompactsJson) {
  EXPECT_EQ(CompactJson("\xEF\xBB\xBF { \"a\" : [ 1 , 2.5, 0.1, \"\xC3\xA9\" ] }\n"),
            "{\"a\":[1,2.5,0.1,\"\xC3\xA9\"]}");
  EXPECT_EQ(CompactJson("[ 12345678901234567890123, -0 ,1E5,{\"a\" :1.50e+2},-7, 0.1e-3]"),
            R"([12345678901234567890123,-0,1E5,{"a":1.50e+2},-7,0.1e-3])");
  for (const char* text : {"", "{", "{} x", "\"\xFF\"", "1e999"}) {
    EXPECT_FALSE(CompactJson(text).has_value());
  }
  EXPECT_FALSE(CompactJson(absl::string_view("{}\0x", 4)).has_value());
  const std::string deep = absl::StrCat(std::string(500, '['), std::string(500, ']'));
  EXPECT_EQ(CompactJson(deep), deep);
}

TEST(JsonValueTest, Types) {
  EXPECT_EQ(TypesOf(Json("1.0")), kNumber | kInteger);
  EXPECT_EQ(TypesOf(Json("1.5")), kNumber);
  EXPECT_EQ(TypesOf(Json("true")), kBoolean);
  EXPECT_TRUE(HasType(Json("1.0"), kInteger | kNull));
  EXPECT_FALSE(HasType(Json("1.5"), kInteger | kNull));
  EXPECT_TRUE(HasType(Json("1.5"), kNumber));
  EXPECT_FALSE(HasType(Json("\"1\""), kNumber | kInteger | kObject));
  EXPECT_EQ(TypeOfName("integer"), kInteger);
  EXPECT_EQ(TypeOfName("int"), 0U);
  EXPECT_EQ(TypeList(kNumber | kInteger | kNull), "null or integer");
}

// Ascending, across the representations of numbers.
TEST(JsonValueTest, NumbersCompareExactly) {
  const std::vector<std::string> ascending = {
      "-1e300",
      "-9223372036854777856.0",
      "-9223372036854775808",
      "-9007199254740993",
      "-9007199254740992",
      "-1.5",
      "-1",
      "-0.5",
      "0",
      "5e-324",
      "0.5",
      "1",
      "9007199254740992",
      "9007199254740993",
      "9007199254740994.0",
      "9223372036854775807",
      "9223372036854775808",
      "9223372036854775809",
      "18446744073709549568.0",
      "18446744073709551615",
      "18446744073709551616.0",
      "1e300",
  };
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t j = 0; j < ascending.size(); ++j) {
      const int order = CompareNumbers(Json(ascending[i]), Json(ascending[j]));
      EXPECT_EQ(order < 0, i < j) << ascending[i] << " " << ascending[j];
      EXPECT_EQ(order > 0, i > j) << ascending[i] << " " << ascending[j];
    }
  }
  EXPECT_EQ(CompareNumbers(Json("-0.0"), Json("0")), 0);
  EXPECT_EQ(CompareNumbers(Json("9223372036854775808.0"), Json("9223372036854775808")), 0);
  EXPECT_EQ(CompareNumbers(Json("-9223372036854775808.0"), Json("-9223372036854775808")), 0);
}

TEST(JsonValueTest, DecimalsAreTheShortest) {
  const Decimal price = DecimalOf(Json("-12.34"));
  EXPECT_TRUE(price.negative);
  EXPECT_EQ(price.digits, 1234U);
  EXPECT_EQ(price.exponent, -2);
  EXPECT_EQ(DecimalOf(Json("1e308")).exponent, 308);
  EXPECT_EQ(DecimalOf(Json("5e-324")).exponent, -324);
  EXPECT_EQ(DecimalOf(Json("18446744073709551615")).digits, 18446744073709551615U);
  EXPECT_EQ(DecimalOf(Json("-9223372036854775808")).digits, 9223372036854775808U);
  EXPECT_EQ(DecimalOf(Json("0.30000000000000004")).digits, 30000000000000004U);
}

TEST(JsonValueTest, MultiplesAreDecimal) {
  const auto is_multiple = [](const std::string& value, const std::string& factor) {
    return IsMultipleOf(DecimalOf(Json(value)), DecimalOf(Json(factor)));
  };
  for (int cents = 0; cents < 100000; ++cents) {
    const std::string amount = absl::StrCat(cents / 100, ".", cents / 10 % 10, cents % 10);
    ASSERT_TRUE(is_multiple(amount, "0.01")) << amount;
    ASSERT_FALSE(is_multiple(amount + "1", "0.01")) << amount;
  }
  EXPECT_TRUE(is_multiple("-0.3", "0.1"));
  EXPECT_TRUE(is_multiple("1e308", "0.5"));
  EXPECT_FALSE(is_multiple("1e308", "0.123456789"));
  EXPECT_FALSE(is_multiple("1e-300", "1e300"));
  EXPECT_TRUE(is_multiple("18446744073709551615", "18446744073709551615"));
  EXPECT_FALSE(is_multiple("18446744073709551614", "18446744073709551615"));
}

TEST(JsonValueTest, Equality) {
  EXPECT_TRUE(Equal("1", "1.0"));
  EXPECT_FALSE(Equal("1", "true"));
  EXPECT_FALSE(Equal("0", "false"));
  EXPECT_FALSE(Equal("\"1\"", "1"));
  EXPECT_FALSE(Equal("[]", "{}"));
  EXPECT_TRUE(Equal(R"({"a":1,"b":[{"c":2}]})", R"({"b":[{"c":2.0}],"a":1})"));
  EXPECT_FALSE(Equal(R"({"a":1,"b":2})", R"({"b":1,"a":2})"));
  EXPECT_FALSE(Equal(R"({"a":1,"b":2})", R"({"a":1,"c":2})"));
  EXPECT_FALSE(Equal(R"({"a":1})", R"({"a":1,"b":2})"));
  // A member has one partner only.
  EXPECT_FALSE(Equal(R"({"b":1,"a":1,"a":1})", R"({"a":1,"b":1,"b":1})"));
}

TEST(JsonValueTest, LargeObjectsInAnotherOrderAreEqual) {
  std::string forwards = "{\"x\":0";
  std::string backwards = "{\"y\":0";
  for (int i = 0; i < 500; ++i) {
    absl::StrAppend(&forwards, ",\"", i, "\":", i);
    absl::StrAppend(&backwards, ",\"", 499 - i, "\":", 499 - i);
  }
  EXPECT_TRUE(Equal(forwards + ",\"y\":0}", backwards + ",\"x\":0}"));
  EXPECT_FALSE(Equal(forwards + ",\"y\":0}", backwards + ",\"x\":1}"));
  EXPECT_FALSE(Equal(forwards + ",\"y\":0}", backwards + ",\"z\":0}"));
}

TEST(JsonValueTest, FindsEqualItemsInArraysOfAnySize) {
  for (const int size : {2, 8, 9, 100, 256, 257, 1000}) {
    std::string items = "[[0]";
    for (int i = 1; i < size; ++i) absl::StrAppend(&items, ",[", i, "]");
    Work work{.left = 1000000};
    EXPECT_FALSE(FindEqualItems(Json(items + "]"), work).has_value()) << size;
    const auto equal = FindEqualItems(Json(items + ",[1.0]]"), work);
    ASSERT_TRUE(equal.has_value()) << size;
    EXPECT_EQ(equal->first, 1U);
    EXPECT_EQ(equal->second, static_cast<unsigned>(size));
    EXPECT_GT(work.left, 900000) << size;
  }
}

TEST(JsonValueTest, WorkIsCounted) {
  std::string array = "[1";
  for (int i = 0; i < 1000; ++i) array += ",1";
  array += "]";
  Work work{.left = 100};
  EqualValues(Json(array), Json(array), work);
  EXPECT_LT(work.left, 0);
  const std::string text = absl::StrCat("\"", std::string(100000, 'x'), "\"");
  work = {.left = 100};
  EqualValues(Json(text), Json(text), work);
  EXPECT_LT(work.left, 0);
}

TEST(JsonValueTest, Nesting) {
  EXPECT_TRUE(NestedWithin(Json("1"), 0));
  EXPECT_TRUE(NestedWithin(Json("[]"), 0));
  EXPECT_FALSE(NestedWithin(Json("[1]"), 0));
  EXPECT_TRUE(NestedWithin(Json(R"([{"a":1}])"), 2));
  EXPECT_FALSE(NestedWithin(Json(R"([{"a":1}])"), 1));
}

TEST(JsonValueTest, TextsAreCutBetweenCharacters) {
  EXPECT_EQ(CodePoints("a漢💩"), 3U);
  EXPECT_EQ(Shortened("漢字", 6), "漢字");
  EXPECT_EQ(Shortened("漢字", 5), "漢…");
  EXPECT_EQ(ShortJson(Json("[1,2,3]"), 100), "[1,2,3]");
  EXPECT_EQ(ShortJson(Json("[1,2,3]"), 3), "[1,…");
  EXPECT_EQ(PointerToken("a/b~c"), "a~1b~0c");
}

}  // namespace
}  // namespace parlance::tools
