#include "tools/mcp/transport/json_rpc.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/json/json_value.h"

namespace parlance::tools::mcp {
namespace {

using testing::HasSubstr;

Message Read(absl::string_view text) {
  auto parsed = ParseMessage(text);
  if (const auto* malformed = std::get_if<MalformedMessage>(&parsed)) {
    ADD_FAILURE() << text << ": " << malformed->error.message;
    return {};
  }
  return std::get<Message>(std::move(parsed));
}

MalformedMessage Refuse(absl::string_view text, const MessageLimits& limits = {}) {
  auto parsed = ParseMessage(text, limits);
  if (std::holds_alternative<Message>(parsed)) {
    ADD_FAILURE() << text << " was accepted";
    return {};
  }
  return std::get<MalformedMessage>(std::move(parsed));
}

TEST(JsonRpcTest, ReadsARequest) {
  const Message message =
      Read(R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"clock"}})");
  EXPECT_EQ(message.kind(), Message::Kind::kRequest);
  EXPECT_EQ(message.id(), RequestId(int64_t{7}));
  EXPECT_EQ(message.method(), "tools/call");
  EXPECT_EQ(StringMember(message.params(), "name"), "clock");
}

TEST(JsonRpcTest, ReadsANotificationWithoutParams) {
  const Message message = Read(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  EXPECT_EQ(message.kind(), Message::Kind::kNotification);
  EXPECT_FALSE(message.id().has_value());
  EXPECT_TRUE(message.params().IsObject());
  EXPECT_TRUE(message.params().ObjectEmpty());
}

TEST(JsonRpcTest, ReadsAResultWithAStringForAnId) {
  const Message message = Read(R"({"jsonrpc":"2.0","id":"7","result":{"tools":[]}})");
  EXPECT_EQ(message.kind(), Message::Kind::kResult);
  EXPECT_EQ(message.id(), RequestId(std::string("7")));
  EXPECT_NE(message.id(), RequestId(int64_t{7}));
  EXPECT_NE(FindMember(message.result(), "tools"), nullptr);
}

TEST(JsonRpcTest, ReadsAnErrorWithAndWithoutAnId) {
  const Message message =
      Read(R"({"jsonrpc":"2.0","id":-1,"error":{"code":-32602,"message":"Unknown tool"}})");
  EXPECT_EQ(message.kind(), Message::Kind::kError);
  EXPECT_EQ(message.id(), RequestId(int64_t{-1}));
  EXPECT_EQ(message.error().code, kInvalidParams);
  EXPECT_EQ(message.error().message, "Unknown tool");
  for (const char* text : {R"({"jsonrpc":"2.0","error":{"code":1,"message":""}})",
                           R"({"jsonrpc":"2.0","id":null,"error":{"code":1,"message":""}})"}) {
    EXPECT_FALSE(Read(text).id().has_value());
  }
}

TEST(JsonRpcTest, SaysWhatIsWrong) {
  const struct {
    const char* text;
    int64_t code;
  } kCases[] = {
      {"", kParseError},
      {"{", kParseError},
      {"null x", kParseError},
      {"{\"jsonrpc\":\"2.0\",\"method\":\"\xC3\x28\"}", kParseError},
      {"[]", kInvalidRequest},
      {R"([{"jsonrpc":"2.0","method":"ping","id":1}])", kInvalidRequest},
      {"7", kInvalidRequest},
      {"{}", kInvalidRequest},
      {R"({"method":"ping","id":1})", kInvalidRequest},
      {R"({"jsonrpc":"1.0","method":"ping","id":1})", kInvalidRequest},
      {R"({"jsonrpc":2.0,"method":"ping","id":1})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"method":7})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":null,"method":"ping"})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":[],"method":"ping"})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":9223372036854775808,"method":"ping"})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","params":7})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","params":[]})", kInvalidParams},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","result":{}})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","result":{}})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":null,"result":{}})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"result":[]})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"error":"no"})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"error":{"code":"1","message":""}})", kInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"error":{"code":1}})", kInvalidRequest},
  };
  for (const auto& [text, code] : kCases) {
    const MalformedMessage malformed = Refuse(text);
    EXPECT_EQ(malformed.error.code, code) << text << ": " << malformed.error.message;
    EXPECT_FALSE(malformed.error.message.empty()) << text;
  }
  const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  EXPECT_EQ(Refuse(absl::StrCat(ping, std::string(1, '\0'), ping)).error.code, kParseError);
}

TEST(JsonRpcTest, AnIntegerBeyond64BitsIsRefusedAsWhatItIs) {
  for (const char* const id :
       {"12345678901234567890", "-9223372036854775809", "9223372036854775808", "1e300"}) {
    EXPECT_EQ(
        Refuse(absl::StrCat(R"({"jsonrpc":"2.0","method":"ping","id":)", id, "}")).error.message,
        "the id is an integer beyond those of 64 bits")
        << id;
  }
  EXPECT_EQ(Refuse(R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})").error.message,
            "the id is neither a string nor an integer");
}

TEST(JsonRpcTest, KeepsTheIdOfWhatItRefuses) {
  const MalformedMessage call = Refuse(R"({"jsonrpc":"2.0","id":7,"method":"ping","params":[]})");
  EXPECT_EQ(call.id, RequestId(int64_t{7}));
  EXPECT_FALSE(call.is_response);
  const MalformedMessage response = Refuse(R"({"jsonrpc":"2.0","id":7,"result":7})");
  EXPECT_EQ(response.id, RequestId(int64_t{7}));
  EXPECT_TRUE(response.is_response);
}

// Who waits for the answer would wait out the deadline if the id were lost.
TEST(JsonRpcTest, KeepsTheIdOfWhatIsNoJson) {
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  const struct {
    std::string text;
    std::optional<RequestId> id;
    bool is_response;
    const char* says;
  } kCases[] = {
      {R"({"jsonrpc":"2.0","id":7,"result":{"text":"\ud83d"}})", 7, true, "surrogate pair"},
      {R"({"jsonrpc":"2.0","id":7,"result":{"text":"\udc00"}})", 7, true, "surrogate pair"},
      {"{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"text\":\"caf\xE9\"}}", 7, true,
       "0xe9 is not UTF-8"},
      {R"({"jsonrpc":"2.0","id":7,"result":{"n":NaN}})", 7, true, "JSON has no NaN"},
      {R"({"jsonrpc":"2.0","id":7,"result":{"n":-Infinity}})", 7, true, "JSON has no -Infinity"},
      {R"({"result":{"n":NaN,"id":3},"id" : 7,"jsonrpc":"2.0"})", 7, true, "NaN"},
      {R"({"result":{"id":3,"n":["id",4,{"id":5}],"x":NaN},"id":"a\"b"})", RequestId("a\"b"), true,
       "NaN"},
      {R"({"id":7,"error":{"code":1,"message":'no'}})", 7, true, "Invalid value"},
      {R"({"id":7,"method":"tools/call","params":{"n":NaN}})", 7, false, "NaN"},
      {R"({"id":7,"result":{"content":[)", 7, true, "Invalid value"},
      {R"({"id":7,"result":"cut sho)", 7, true, "quotation mark"},
      {R"({"id":7,"result":"\)", 7, true, "Invalid escape"},
      {absl::StrCat(R"({"id":7,"result":)", deep, "}"), 7, true, "nested deeper than 128 levels"},
      {"\xEF\xBB\xBF {\"id\":1.0,\"result\":NaN}", 1, true, "NaN"},
      {R"({"id":[1],"result":NaN})", std::nullopt, true, "NaN"},
      {R"({"id":)", std::nullopt, false, "Invalid value"},
      {R"({"id")", std::nullopt, false, "Missing a colon"},
      {R"({"name":"id","x":7,NaN)", std::nullopt, false, "name"},
      {R"("id":7,"result":1)", std::nullopt, false, "root"},
      {"Listening on port 7", std::nullopt, false, "JSON has no Listening"},
      {"[INFO] \"id\":7", std::nullopt, false, "JSON has no INFO"},
      {"}{\"id\":7}", std::nullopt, false, "empty"},
  };
  for (const auto& [text, id, is_response, says] : kCases) {
    const MalformedMessage malformed = Refuse(text);
    EXPECT_EQ(malformed.id, id) << text;
    EXPECT_EQ(malformed.is_response, is_response) << text;
    EXPECT_THAT(malformed.error.message, HasSubstr(says)) << text;
  }
}

TEST(JsonRpcTest, ReadsABatch) {
  const ParsedText parsed = ParseMessages(
      R"( [{"jsonrpc":"2.0","id":1,"method":"ping"},7,{"jsonrpc":"2.0","id":2,"result":{}},)"
      R"({"jsonrpc":"2.0","id":3},{"jsonrpc":"2.0","method":"n"}])");
  EXPECT_TRUE(parsed.is_batch);
  ASSERT_EQ(parsed.messages.size(), 5);
  EXPECT_EQ(std::get<Message>(parsed.messages[0]).method(), "ping");
  EXPECT_EQ(std::get<MalformedMessage>(parsed.messages[1]).error.code, kInvalidRequest);
  EXPECT_EQ(std::get<Message>(parsed.messages[2]).kind(), Message::Kind::kResult);
  EXPECT_EQ(std::get<MalformedMessage>(parsed.messages[3]).id, RequestId(int64_t{3}));
  EXPECT_EQ(std::get<Message>(parsed.messages[4]).kind(), Message::Kind::kNotification);

  const ParsedText one = ParseMessages(R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])");
  EXPECT_TRUE(one.is_batch);
  EXPECT_EQ(one.messages.size(), 1);
}

TEST(JsonRpcTest, BatchesAreBounded) {
  const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":[1]}})";
  EXPECT_EQ(
      ParseMessages(BatchText({ping, ping}), {.max_depth = 3, .max_batch = 2}).messages.size(), 2);
  for (const ParsedText& refused :
       {ParseMessages(BatchText({ping, ping}), {.max_batch = 1}),
        ParseMessages(BatchText({ping, ping}), {.max_depth = 2}), ParseMessages("[]"),
        ParseMessages("[NaN]"), ParseMessages(R"([{"id":1,"method":NaN},{"id":2,"method":1}])")}) {
    EXPECT_FALSE(refused.is_batch);
    ASSERT_EQ(refused.messages.size(), 1);
    EXPECT_FALSE(std::get<MalformedMessage>(refused.messages[0]).id.has_value());
  }
}

TEST(JsonRpcTest, ABatchThatIsNoJsonFailsEachRequestThatItAnswers) {
  const ParsedText parsed = ParseMessages(
      R"([{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":2,"result":{"n":NaN}},)"
      R"({"jsonrpc":"2.0","id":3,"method":"ping"}])");
  EXPECT_TRUE(parsed.is_batch);
  ASSERT_EQ(parsed.messages.size(), 2);
  for (const int64_t id : {1, 2}) {
    const auto& malformed =
        std::get<MalformedMessage>(parsed.messages[static_cast<size_t>(id - 1)]);
    EXPECT_EQ(malformed.id, RequestId(id));
    EXPECT_TRUE(malformed.is_response);
  }
}

TEST(JsonRpcTest, TakesWhatIsMeant) {
  EXPECT_EQ(Read(R"({"jsonrpc":"2.0","id":7.0,"result":{}})").id(), RequestId(int64_t{7}));
  EXPECT_TRUE(Read(R"({"jsonrpc":"2.0","id":7,"method":"m","params":null})").params().IsObject());
  const Message result = Read(R"({"jsonrpc":"2.0","id":7,"result":{"a":1},"error":null})");
  EXPECT_EQ(result.kind(), Message::Kind::kResult);
  const Message error =
      Read(R"({"jsonrpc":"2.0","id":7,"result":null,"error":{"code":1,"message":"no"}})");
  EXPECT_EQ(error.kind(), Message::Kind::kError);
}

TEST(JsonRpcTest, BoundsSizeAndDepth) {
  const std::string text = R"({"jsonrpc":"2.0","method":"m","params":{"a":[["[["]]}})";
  EXPECT_TRUE(std::holds_alternative<Message>(
      ParseMessage(text, {.max_bytes = text.size(), .max_depth = 4})));
  EXPECT_EQ(Refuse(text, {.max_bytes = text.size() - 1}).error.code, kInvalidRequest);
  EXPECT_EQ(Refuse(text, {.max_depth = 3}).error.code, kParseError);
  EXPECT_THAT(Refuse(text, {.max_depth = 3}).error.message,
              HasSubstr("at byte 45 (line 1): nested deeper than 3 levels"));
  EXPECT_EQ(Refuse(std::string(3'000'000, '[')).error.code, kParseError);
}

TEST(JsonRpcTest, WritesWhatItReads) {
  const RequestId id = std::string("a\"b\n");
  const Message request = Read(RequestText(id, "tools/list", R"({"cursor":"x"})"));
  EXPECT_EQ(request.id(), id);
  EXPECT_EQ(StringMember(request.params(), "cursor"), "x");
  EXPECT_EQ(Read(NotificationText("n", "{}")).kind(), Message::Kind::kNotification);
  const Message result = Read(ResultText(int64_t{3}, R"({"a":1})"));
  EXPECT_EQ(result.id(), RequestId(int64_t{3}));
  EXPECT_EQ(FindMember(result.result(), "a")->GetInt(), 1);
  const Message error = Read(ErrorText(id, {.code = 5, .message = "a\nb"}));
  EXPECT_EQ(error.id(), id);
  EXPECT_EQ(error.error().message, "a\nb");
  EXPECT_FALSE(Read(ErrorText(std::nullopt, {.code = 5, .message = ""})).id().has_value());
}

TEST(JsonRpcTest, ReadsNumbersExactly) {
  const Message message = Read(
      R"({"jsonrpc":"2.0","method":"m","params":{"a":[1.602176634e-19,-101.39944317509999]}})");
  EXPECT_EQ(ValueJson(message.params()), R"({"a":[1.602176634e-19,-101.39944317509999]})");
}

TEST(JsonRpcTest, KeepsTheTextsOfParamsAndResults) {
  constexpr char kNumbers[] = R"({"n":12345678901234567890123, "z":-0})";
  const Message call = Read(RequestText(int64_t{1}, "m", kNumbers));
  EXPECT_EQ(call.params_text(), kNumbers);
  EXPECT_EQ(call.result_text(), "");
  const Message result = Read(ResultText(int64_t{1}, kNumbers));
  EXPECT_EQ(result.result_text(), kNumbers);
  const ParsedText batch = ParseMessages(
      BatchText({NotificationText("m", R"({"a":1.0})"), NotificationText("m", kNumbers)}));
  ASSERT_EQ(batch.messages.size(), 2u);
  EXPECT_EQ(std::get<Message>(batch.messages[1]).params_text(), kNumbers);
}

TEST(JsonRpcTest, EveryStringBecomesValidUtf8OnOneLine) {
  EXPECT_EQ(StringJson("a\"\n\xC3\xA9"), "\"a\\\"\\n\xC3\xA9\"");
  const std::string replacement = "\xEF\xBF\xBD";
  EXPECT_EQ(StringJson("a\xFF"
                       "b"),
            absl::StrCat("\"a", replacement, "b\""));
  // Too long a form, a surrogate, beyond U+10FFFF, and cut short.
  for (const char* bytes : {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                            "\xF0\x80\x80\x80", "\xE2\x82", "\xF0\x9F\x98"}) {
    const std::string json = StringJson(bytes);
    EXPECT_NE(json.find(replacement), std::string::npos);
    rapidjson::Document document;
    document.Parse<rapidjson::kParseValidateEncodingFlag>(json.data(), json.size());
    EXPECT_FALSE(document.HasParseError()) << json;
  }
  for (const char* bytes :
       {"\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(StringJson(bytes), absl::StrCat("\"", bytes, "\""));
  }
}

}  // namespace
}  // namespace parlance::tools::mcp
