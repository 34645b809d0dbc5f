#include "pipeline/agent/model/completion.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kStream[] = "text/event-stream";

// Events with these data.
std::string Events(const std::vector<std::string>& data) {
  std::string stream;
  for (const std::string& each : data) absl::StrAppend(&stream, "data: ", each, "\n\n");
  return stream;
}
// A chunk whose delta has these members.
std::string Delta(absl::string_view members) {
  return absl::StrCat(R"({"object":"chat.completion.chunk","choices":[{"index":0,"delta":{)",
                      members, R"(},"finish_reason":null}]})");
}
std::string Calls(absl::string_view pieces) {
  return Delta(absl::StrCat(R"("tool_calls":[)", pieces, "]"));
}
std::string Finished(absl::string_view reason) {
  return absl::StrCat(R"({"choices":[{"index":0,"delta":{},"finish_reason":")", reason, R"("}]})");
}

struct Read {
  std::string speech;
  absl::StatusOr<Completion> completion;
};

Read ReadAll(absl::string_view stream, size_t size, int status = 200,
             absl::string_view content_type = kStream) {
  Read read;
  CompletionReader reader([&](absl::string_view text) {
    EXPECT_NE(text, "");
    absl::StrAppend(&read.speech, text);
  });
  reader.Begin(status, content_type);
  for (size_t begin = 0; begin < stream.size(); begin += size) {
    reader.Append(stream.substr(begin, size)).IgnoreError();
  }
  read.completion = reader.Finish();
  return read;
}

// What came of a stream, on a line: "speech | name arguments; name arguments".
std::string ToldOf(const Read& read) {
  if (!read.completion.ok()) return absl::StrCat("error: ", read.completion.status().message());
  const std::string calls =
      read.completion->has_broken_call
          ? "broken"
          : absl::StrJoin(read.completion->calls, "; ", [](std::string* out, const ToolCall& call) {
              absl::StrAppend(out, call.name, " ", call.arguments);
            });
  return absl::StrCat(read.speech, " | ", calls);
}

struct Case {
  const char* name;
  std::string stream;
  std::string expected;
};

// One row for each way in which servers differ: README.md says which do.
std::vector<Case> Streams() {
  const std::string hello = Delta(R"("role":"assistant","content":"Hello.")");
  return {
      {"as OpenAI says",
       Events({Delta(R"("role":"assistant","content":"")"), Delta(R"("content":"It is")"),
               Delta(R"("content":" ten.")"), Finished("stop"), "[DONE]"}),
       "It is ten. | "},
      {"calls as OpenAI says",
       Events({Delta(R"("role":"assistant","content":null)"),
               Calls(R"({"index":0,"id":"a","type":"function",)"
                     R"("function":{"name":"clock","arguments":""}})"),
               Calls(R"({"index":0,"function":{"arguments":"{\"city\":"}})"),
               Calls(R"({"index":0,"function":{"arguments":"\"Rome\"}"}})"),
               Calls(R"({"index":1,"id":"b","type":"function",)"
                     R"("function":{"name":"notes","arguments":"{}"}})"),
               Finished("tool_calls"), "[DONE]"}),
       R"( | clock {"city":"Rome"}; notes {})"},
      {"calls without an index",
       Events({Calls(R"({"id":"a","function":{"name":"clock","arguments":"{\"a\":"}})"),
               Calls(R"({"function":{"arguments":"1}"}})"),
               Calls(R"({"id":"b","function":{"name":"clock","arguments":"{}"}})"), "[DONE]"}),
       R"( | clock {"a":1}; clock {})"},
      {"calls without an index that repeat their id",
       Events({Calls(R"({"id":"a","function":{"name":"clock","arguments":"{\"a\":"}})"),
               Calls(R"({"id":"a","function":{"arguments":"1}"}})"), "[DONE]"}),
       R"( | clock {"a":1})"},
      {"index 0 for every call",
       Events({Calls(R"({"index":0,"id":"a","function":{"name":"clock","arguments":"{\"a\":1}"}})"),
               Calls(R"({"index":0,"id":"b","function":{"name":"clock","arguments":"{\"a\":2}"}})"),
               Calls(R"({"index":0,"id":"c","function":{"name":"notes","arguments":"{"}})"),
               Calls(R"({"index":0,"function":{"arguments":"}"}})"), "[DONE]"}),
       R"( | clock {"a":1}; clock {"a":2}; notes {})"},
      {"another id in each piece",
       Events({Calls(R"({"index":0,"id":"a1","function":{"name":"clock","arguments":"{\"a\""}})"),
               Calls(R"({"index":0,"id":"a2","function":{"arguments":":1"}})"),
               Calls(R"({"index":0,"id":"a3","function":{"arguments":"}"}})"),
               Calls(R"({"index":1,"id":"b1","function":{"name":"notes","arguments":""}})"),
               Calls(R"({"index":1,"id":"b2","function":{"arguments":"{}"}})"), "[DONE]"}),
       R"( | clock {"a":1}; notes {})"},
      {"another id in each piece, and no index",
       Events({Calls(R"({"id":"a1","function":{"name":"clock","arguments":"{\"a\""}})"),
               Calls(R"({"id":"a2","function":{"arguments":":1}"}})"),
               Calls(R"({"id":"b1","function":{"name":"notes","arguments":"{}"}})"), "[DONE]"}),
       R"( | clock {"a":1}; notes {})"},
      {"an index and no id",
       Events({Calls(R"({"index":0,"function":{"name":"clock","arguments":"{\"a\":"}})"),
               Calls(R"({"index":0,"id":"","function":{"arguments":"1}"}})"),
               Calls(R"({"index":1,"id":"","function":{"name":"notes","arguments":"{}"}})"),
               "[DONE]"}),
       R"( | clock {"a":1}; notes {})"},
      {"index 0 for every call, and no id",
       Events({Calls(R"({"index":0,"function":{"name":"clock","arguments":"{\"a\":1}"}})"),
               Calls(R"({"index":0,"function":{"name":"clock","arguments":"{\"a\":2}"}})"),
               Calls(R"({"index":0,"function":{"name":"notes","arguments":""}})"), "[DONE]"}),
       R"( | clock {"a":1}; clock {"a":2}; notes {})"},
      {"an index that does not begin at 0",
       Events({Delta(R"("reasoning_content":"hm")"),
               Calls(R"({"index":1,"id":"a","function":{"name":"clock","arguments":"{"}})"),
               Calls(R"({"index":1,"function":{"arguments":"}"}})"), "[DONE]"}),
       " | clock {}"},
      {"whole calls in one chunk, and no text in pieces",
       Events({Delta(R"("content":"Let me look.","tool_calls":[)"
                     R"({"index":0,"id":"a","function":{"name":"clock","arguments":"{}"}},)"
                     R"({"index":1,"id":"b","function":{"name":"notes","arguments":"{}"}}])"),
               Finished("tool_calls"), "[DONE]"}),
       "Let me look. | clock {}; notes {}"},
      {"the name in each piece, and the id within",
       Events({Calls(R"({"index":0,"function":{"id":"a","name":"clock","arguments":"{\"a\""}})"),
               Calls(R"({"index":0,"function":{"id":"a","name":"clock","arguments":":1}"}})"),
               "[DONE]"}),
       R"( | clock {"a":1})"},
      {"the name in each piece, and no id",
       Events({Calls(R"({"index":0,"function":{"name":"clock","arguments":"{\"a\""}})"),
               Calls(R"({"index":0,"function":{"name":"clock","arguments":":{\"b\":"}})"),
               Calls(R"({"index":0,"function":{"name":"clock","arguments":"{}}}"}})"), "[DONE]"}),
       R"( | clock {"a":{"b":{}}})"},
      {"a first chunk with a brace",
       Events({Calls(R"({"index":0,"id":"a","function":{"name":"clock","arguments":"{"}})"),
               Calls(R"({"index":0,"function":{"arguments":"\"a\":1}"}})"), "[DONE]"}),
       R"( | clock {"a":1})"},
      {"arguments that are an object",
       Events({Calls(R"({"function":{"name":"clock","arguments":{"city":"Rome","n":[1,2]}}})"),
               "[DONE]"}),
       R"( | clock {"city":"Rome","n":[1,2]})"},
      {"arguments that are empty, null, or not there",
       Events({Calls(R"({"index":0,"id":"a","function":{"name":"a","arguments":""}})"),
               Calls(R"({"index":1,"id":"b","function":{"name":"b","arguments":null}})"),
               Calls(R"({"index":2,"id":"c","function":{"name":"c"}})"),
               Calls(R"({"index":3,"id":"d","function":{"name":"d","arguments":"null"}})"),
               "[DONE]"}),
       " | a {}; b {}; c {}; d {}"},
      {"a call as text",
       Events({Delta(R"("content":"One moment. <tool")"),
               Delta(R"("content":"_call>{\"name\":\"clock\"}</tool_call>")"), "[DONE]"}),
       "One moment.  | "},
      {"a call as JSON in the text",
       Events({Delta(R"("content":"{\"name\":\"clock\",")"),
               Delta(R"("content":"\"arguments\":{}}")"), "[DONE]"}),
       " | "},
      {"thoughts in the text",
       Events({Delta(R"("content":"<th")"), Delta(R"("content":"ink>They ask.</thi")"),
               Delta(R"("content":"nk>\n\nIt is ten.")"), "[DONE]"}),
       "It is ten. | "},
      {"finish_reason stop with a call",
       Events({Calls(R"({"index":0,"id":"a","function":{"name":"clock","arguments":"{}"}})"),
               Finished("stop"), "[DONE]"}),
       " | clock {}"},
      {"finish_reason tool_calls without one", Events({hello, Finished("tool_calls"), "[DONE]"}),
       "Hello. | "},
      {"finish_reason end_turn", Events({hello, Finished("end_turn"), "[DONE]"}), "Hello. | "},
      {"no finish_reason", Events({hello, "[DONE]"}), "Hello. | "},
      {"usage with no choices",
       Events({hello, Finished("stop"),
               R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}})", "[DONE]"}),
       "Hello. | "},
      {"usage with choices null",
       Events({hello, R"({"choices":null,"usage":{"prompt_tokens":7,"completion_tokens":2}})",
               "[DONE]"}),
       "Hello. | "},
      {"delta null, and not there",
       Events({R"({"choices":[{"index":0,"delta":null}]})", R"({"choices":[{"index":0}]})",
               R"({"choices":[null]})", R"({"choices":[{"delta":{"content":null}}]})", hello,
               "[DONE]"}),
       "Hello. | "},
      {"reasoning_content", Events({Delta(R"("reasoning_content":"They ask.")"), hello, "[DONE]"}),
       "Hello. | "},
      {"reasoning", Events({Delta(R"("content":"","reasoning":"They ask.")"), hello, "[DONE]"}),
       "Hello. | "},
      {"content in parts",
       Events({Delta(R"("content":[{"type":"thinking","thinking":[{"type":"text","text":"x"}]},)"
                     R"({"type":"text","text":"Hello."}])"),
               "[DONE]"}),
       "Hello. | "},
      {"comments and empty data between",
       absl::StrCat(": OPENROUTER PROCESSING\n\n", ": ping\n\ndata:\n\ndata: \n\n", Events({hello}),
                    ":\n\n", Events({"[DONE]"})),
       "Hello. | "},
      {"an error in the middle",
       Events({hello, R"({"error":{"message":"out of memory","type":"server_error","code":500}})"}),
       "error: the model's server cannot answer now (status 500): out of memory"},
      {"an error in the middle that is a string", Events({hello, R"({"error":"overloaded"})"}),
       "error: the model's server broke off: overloaded"},
      {"an error as a field",
       absl::StrCat(Events({hello}), R"(error: {"code":400,"message":"too long"})", "\n\n"),
       "error: the model's server refuses the request (status 400): too long"},
      {"an error as an event",
       absl::StrCat(Events({hello}), "event: error\ndata: {\"message\":\"gone\"}\n\n"),
       "error: the model's server broke off: gone"},
      {"an error as an event that is text",
       absl::StrCat(Events({hello}), "event: error\ndata: it is gone\n\n"),
       "error: the model's server broke off: it is gone"},
      {"no [DONE]", Events({hello, Finished("stop")}), "Hello. | "},
      {"bytes after [DONE]",
       absl::StrCat(Events({hello, "[DONE]"}), Events({hello}), "rubbish\n\ndata: {\n\n"),
       "Hello. | "},
      {"CRLF", absl::StrCat("data: ", hello, "\r\n\r\ndata: [DONE]\r\n\r\n"), "Hello. | "},
      {"characters that are cut between chunks",
       Events({Delta("\"content\":\"caf\xC3\""), Delta("\"content\":\"\xA9.\""), "[DONE]"}),
       "café. | "},
      {"a call that is cut at max_tokens",
       Events({Calls(R"({"index":0,"id":"a","function":{"name":"clock","arguments":"{}"}})"),
               Calls(R"({"index":1,"id":"b","function":{"name":"notes","arguments":"{\"a\":"}})"),
               Finished("length"), "[DONE]"}),
       " | broken"},
      {"a call without a name",
       Events({Calls(R"({"index":0,"id":"a","function":{"arguments":"{}"}})"), "[DONE]"}),
       " | broken"},
      {"arguments that are no object",
       Events({Calls(R"({"index":0,"id":"a","function":{"name":"clock","arguments":"[1]"}})"),
               "[DONE]"}),
       " | broken"},
      {"nothing", "", "error: the model's server ends without an answer"},
      {"nothing but [DONE]", Events({"[DONE]"}),
       "error: the model's server ends without an answer"},
      {"an end within an event", absl::StrCat(Events({hello}), "data: {\"choi"),
       "error: the model's server sends an event that is not a JSON object"},
      {"an end within an event after the last",
       absl::StrCat(Events({hello, Finished("stop")}), "data: {"), "Hello. | "},
      {"a last event without an empty line", absl::StrCat(Events({hello}), "data: [DONE]"),
       "Hello. | "},
      {"an event that is not JSON", Events({hello, "hello"}),
       "error: the model's server sends an event that is not a JSON object"},
  };
}

TEST(CompletionTest, StreamsOfAllServersAreRead) {
  for (const Case& each : Streams()) {
    for (const size_t size : {size_t{1}, size_t{7}, each.stream.size() + 1}) {
      EXPECT_EQ(ToldOf(ReadAll(each.stream, size)), each.expected)
          << each.name << ", in pieces of " << size;
    }
  }
}

TEST(CompletionTest, NothingIsToldAfterAnError) {
  const std::string stream = absl::StrCat(R"(error: {"code":400,"message":"too long"})", "\n",
                                          Events({Delta(R"("content":"Hello.")"), "[DONE]"}));
  for (const size_t size : {size_t{1}, size_t{7}, stream.size()}) {
    EXPECT_EQ(ReadAll(stream, size).speech, "") << "in pieces of " << size;
  }
}

TEST(CompletionTest, ACompletionMayComeWhole) {
  const std::string hello =
      R"({"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant",)"
      R"("content":"<think>x</think>Hello.","tool_calls":[{"id":"a","type":"function",)"
      R"("function":{"name":"clock","arguments":"{}"}}]},"finish_reason":"stop"}],)"
      R"("usage":{"prompt_tokens":3,"completion_tokens":4}})";
  for (const char* type :
       {"application/json", "application/json; charset=utf-8", "", "text/plain"}) {
    const Read read = ReadAll(hello, 5, 200, type);
    EXPECT_EQ(ToldOf(read), "Hello. | clock {}") << type;
    EXPECT_EQ(read.completion->input_tokens, 3);
  }
  EXPECT_EQ(ToldOf(ReadAll(Events({hello, "[DONE]"}), 5, 200, "")), "Hello. | clock {}")
      << "a stream of another type";
}

TEST(CompletionTest, WhatTheServerCountedIsKept) {
  const Read read = ReadAll(
      Events({R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":1}})",
              Delta(R"("reasoning_content":"12345")"), Delta(R"("content":"<think>67</think>x")"),
              R"({"choices":[{"delta":{"content":"y"},"finish_reason":"stop"}],)"
              R"("usage":{"prompt_tokens":7,"completion_tokens":2}})",
              R"({"choices":[],"usage":null})", "[DONE]"}),
      1000);
  ASSERT_THAT(read.completion, IsOk());
  EXPECT_EQ(read.completion->input_tokens, 7);
  EXPECT_EQ(read.completion->output_tokens, 2);
  EXPECT_EQ(read.completion->num_reasoning_bytes, 5);
  EXPECT_EQ(read.completion->finish_reason, "stop");
  EXPECT_TRUE(read.completion->has_text);
  EXPECT_FALSE(read.completion->has_call_as_text);
}

TEST(CompletionTest, ErrorsAreToldInTheServersWords) {
  const auto status = [](int http_status, absl::string_view body,
                         absl::string_view type = "application/json") {
    return ReadAll(body, 9, http_status, type).completion.status();
  };
  using absl::StatusCode;
  EXPECT_THAT(status(400, R"({"error":{"message":"the prompt is too long","code":400}})"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("the prompt is too long")));
  EXPECT_THAT(status(404, R"({"error":"model 'x' not found"})"),
              StatusIs(StatusCode::kNotFound, HasSubstr("model 'x' not found")));
  EXPECT_THAT(status(422, R"({"detail":"no such field"})"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("no such field")));
  EXPECT_THAT(status(429, R"({"message":"slow down"})"),
              StatusIs(StatusCode::kUnavailable, HasSubstr("slow down")));
  EXPECT_THAT(status(503, "<html>nginx</html>", "text/html"),
              StatusIs(StatusCode::kUnavailable, Not(HasSubstr("nginx"))));
  EXPECT_THAT(status(500, "out of\x1b[31m\nmemory", "text/plain"),
              StatusIs(StatusCode::kUnavailable, HasSubstr("out of [31m memory")));
  EXPECT_THAT(status(307, "", ""), StatusIs(StatusCode::kUnknown, HasSubstr("redirect")));
  // What the server says of a key may have parts of it.
  for (const int refused : {401, 403}) {
    EXPECT_THAT(status(refused, R"({"error":{"message":"Incorrect API key: sk-secret"}})"),
                StatusIs(StatusCode::kPermissionDenied,
                         AllOf(HasSubstr("refuses the key"), Not(HasSubstr("sk-secret")))));
  }
  // A stream was asked for, and the error comes as JSON with the status of success.
  EXPECT_THAT(status(200, R"({"error":{"message":"no such model","code":404}})"),
              StatusIs(StatusCode::kNotFound, HasSubstr("no such model")));
  EXPECT_THAT(status(200, "{}"), StatusIs(StatusCode::kUnknown, HasSubstr("/v1")));
  EXPECT_THAT(status(200, "<!DOCTYPE html>", "text/html"),
              StatusIs(StatusCode::kUnknown, HasSubstr("a page of HTML")));
  const std::string long_words = absl::StrCat(std::string(299, 'x'), "é", std::string(5000, 'y'));
  const absl::Status cut = status(500, long_words, "text/plain");
  EXPECT_THAT(cut.message(), AllOf(HasSubstr("xxx…"), Not(HasSubstr("y…"))));
}

TEST(CompletionTest, WhatIsTooMuchIsRefused) {
  using absl::StatusCode;
  const auto status = [](const std::string& body, absl::string_view type = kStream) {
    return ReadAll(body, 65536, 200, type).completion.status();
  };
  const std::string huge(CompletionReader::kMaxEventBytes + 1, 'x');
  EXPECT_THAT(status(Events({huge})), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(status(huge, "application/json"), StatusIs(StatusCode::kResourceExhausted));
  std::vector<std::string> many;
  for (size_t i = 0; i <= CompletionReader::kMaxCalls; ++i) {
    many.push_back(Calls(absl::StrCat(R"({"index":)", i, R"(,"function":{"name":"a"}})")));
  }
  EXPECT_THAT(status(Events(many)), StatusIs(StatusCode::kResourceExhausted, HasSubstr("calls")));
  const std::string piece =
      absl::StrCat(R"({"index":0,"id":"a","function":{"name":"a","arguments":")",
                   std::string(100'000, ' '), R"("}})");
  EXPECT_THAT(status(Events({Calls(piece), Calls(piece), Calls(piece)})),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("longer")));
  EXPECT_THAT(status(Events({std::string(100'000, '[')})), StatusIs(StatusCode::kUnknown));
  EXPECT_THAT(status(Events({Calls(absl::StrCat(R"({"function":{"name":"a","arguments":")",
                                                std::string(1000, '['), R"("}})"))})),
              absl_testing::IsOk());
}

// What a retry depends on: once a token was there, it is too late.
TEST(CompletionTest, BeginsWithTheFirstToken) {
  for (const auto& [data, begins] : std::vector<std::pair<std::string, bool>>{
           {Delta(R"("role":"assistant","content":"")"), false},
           {R"({"choices":[],"usage":{}})", false},
           {Delta(R"("content":"<think>")"), true},
           {Delta(R"("reasoning":"x")"), true},
           {Calls(R"({"index":0})"), true}}) {
    CompletionReader reader([](absl::string_view) {});
    reader.Begin(200, kStream);
    EXPECT_THAT(reader.Append(Events({data})), absl_testing::IsOk());
    EXPECT_EQ(reader.has_begun(), begins) << data;
    EXPECT_FALSE(reader.is_at_end());
    EXPECT_THAT(reader.Append(Events({"[DONE]"})), absl_testing::IsOk());
    EXPECT_TRUE(reader.is_at_end());
  }
}

}  // namespace
}  // namespace parlance::pipeline
