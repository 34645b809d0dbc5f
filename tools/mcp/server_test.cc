#include "tools/mcp/server.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"
#include "third_party/annotated_mutex.h"
#include "third_party/status_matchers.h"
#include "tools/json/json_value.h"
#include "tools/mcp/testing/received.h"

namespace parlance::tools::mcp {
namespace {

using absl_testing::IsOk;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kInitialize[] =
    R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25",)"
    R"("capabilities":{},"clientInfo":{"name":"test","version":"1"}}})";

// What opens once.
class Gate {
 public:
  void Open() {
    annotated::MutexLock lock(mutex_);
    open_ = true;
    // This is done under the mutex, because whoever waits may end all of this as soon as it can.
    opened_.notify_all();
  }
  void Wait() {
    annotated::MutexLock lock(mutex_);
    while (!open_) opened_.wait(lock.native());
  }

 private:
  annotated::Mutex mutex_;
  std::condition_variable opened_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    Register("echo", [](const rapidjson::Value& arguments, const ToolContext&) {
      return ToolOutput{.json = ValueJson(arguments), .text = "It is said."};
    });
    Register("fail", [](const rapidjson::Value&, const ToolContext&) -> absl::StatusOr<ToolOutput> {
      return absl::NotFoundError("no such note");
    });
    Register("wait", [this](const rapidjson::Value&, const ToolContext&) {
      started_.Add("wait");
      gate_.Wait();
      return ToolOutput{.json = "{}", .text = "waited"};
    });
    Register("broken", [](const rapidjson::Value&, const ToolContext&) {
      return ToolOutput{.json = "[", .text = "only said"};
    });
    Start({});
  }

  ~ServerTest() override {
    gate_.Open();
    server_.reset();
    // A cancelled call is not waited for by the server, and its handler uses the gate.
    executor_.reset();
  }

  void Register(const std::string& name, ToolHandler handler) {
    Tool tool;
    tool.name = name;
    tool.description = absl::StrCat("Does ", name, ".");
    tool.parameters = "{\n  \"properties\": {\"n\": {\"type\": \"integer\"}}\n}";
    tool.handler = std::move(handler);
    ASSERT_THAT(registry_.Register(std::move(tool)), IsOk());
  }

  // A new server, which has not been spoken to.
  void Start(const ServerOptions& options, int max_concurrency = 8) {
    server_.reset();
    executor_ = *ToolExecutor::Create(
        &registry_, {.max_concurrency = max_concurrency, .default_timeout = absl::Minutes(5)});
    server_ = std::make_unique<Server>(&registry_, executor_.get(), options,
                                       [this](const std::string& text) { sent_->Add(text); });
  }

  void StartInitialised(const ServerOptions& options = {}, int max_concurrency = 8) {
    Start(options, max_concurrency);
    server_->Receive(kInitialize);
    server_->Receive(NotificationText("notifications/initialized", "{}"));
    Forget();
  }

  void Forget() { sent_ = std::make_unique<Received>(); }

  // What the server answers, which is asked nothing that takes time.
  std::string Answer(const std::string& text) {
    Forget();
    server_->Receive(text);
    server_->Drain();
    const std::vector<std::string> texts = sent_->texts();
    return texts.size() == 1 ? texts[0] : absl::StrCat("(", texts.size(), " answers)");
  }
  std::string Call(const std::string& params) { return Request("tools/call", params); }
  std::string Request(const std::string& method, const std::string& params) {
    return Answer(RequestText(int64_t{1}, method, params));
  }
  void BeginCall(int64_t id, const std::string& tool) {
    server_->Receive(RequestText(id, "tools/call", absl::StrCat(R"({"name":")", tool, "\"}")));
  }

  ToolRegistry registry_;
  std::unique_ptr<ToolExecutor> executor_;
  std::unique_ptr<Received> sent_ = std::make_unique<Received>();
  Received started_;
  Gate gate_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, IntroducesItself) {
  Start({.name = "a", .version = "2", .instructions = "Use \"it\"."});
  EXPECT_EQ(Answer(kInitialize),
            R"({"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25","capabilities":)"
            R"({"tools":{"listChanged":true}},"serverInfo":{"name":"a","version":"2"},)"
            R"("instructions":"Use \"it\"."}})");
}

TEST_F(ServerTest, AnswersWithTheRevisionAskedForOrItsNewest) {
  const std::pair<const char*, const char*> kCases[] = {{"2025-06-18", "2025-06-18"},
                                                        {"2025-03-26", "2025-03-26"},
                                                        {"2024-11-05", "2024-11-05"},
                                                        {"2099-01-01", "2025-11-25"},
                                                        {"", "2025-11-25"}};
  for (const auto& [asked, answered] : kCases) {
    Start({});
    EXPECT_THAT(Request("initialize", absl::StrCat(R"({"protocolVersion":")", asked, "\"}")),
                HasSubstr(absl::StrCat(R"("protocolVersion":")", answered, "\"")))
        << asked;
  }
  Start({});
  EXPECT_THAT(Request("initialize", "{}"), HasSubstr("-32602"));
}

TEST_F(ServerTest, RefusesTheWrongOrder) {
  EXPECT_THAT(Request("tools/list", "{}"), HasSubstr("-32600"));
  EXPECT_THAT(Call(R"({"name":"echo"})"), HasSubstr("-32600"));
  EXPECT_EQ(Request("ping", "{}"), R"({"jsonrpc":"2.0","id":1,"result":{}})");
  server_->NotifyToolsChanged();
  EXPECT_EQ(sent_->texts().size(), 1);
  StartInitialised();
  EXPECT_THAT(Answer(kInitialize), HasSubstr("-32600"));
}

TEST_F(ServerTest, ListsToolsByNameWithTheirSchemas) {
  StartInitialised();
  const std::string list = Request("tools/list", "{}");
  const std::string schema =
      R"("inputSchema":{"properties":{"n":{"type":"integer"}},"type":"object"},"annotations":{)"
      R"("readOnlyHint":false,"destructiveHint":true,"idempotentHint":false,"openWorldHint":true})";
  EXPECT_EQ(list, absl::StrCat(R"({"jsonrpc":"2.0","id":1,"result":{"tools":[)",
                               R"({"name":"broken","description":"Does broken.",)", schema, "},",
                               R"({"name":"echo","description":"Does echo.",)", schema, "},",
                               R"({"name":"fail","description":"Does fail.",)", schema, "},",
                               R"({"name":"wait","description":"Does wait.",)", schema, "}]}}"));
}

TEST_F(ServerTest, ListsInPagesOfAnySize) {
  for (size_t page_size = 1; page_size <= 5; ++page_size) {
    StartInitialised({.page_size = page_size});
    std::vector<std::string> names;
    std::string params = "{}";
    size_t num_pages = 0;
    do {
      rapidjson::Document answer;
      answer.Parse(Request("tools/list", params).c_str());
      const rapidjson::Value& result = answer["result"];
      ASSERT_LE(result["tools"].Size(), page_size);
      for (const rapidjson::Value& tool : result["tools"].GetArray()) {
        names.emplace_back(tool["name"].GetString());
      }
      const auto cursor = StringMember(result, "nextCursor");
      params = cursor.has_value() ? absl::StrCat(R"({"cursor":)", StringJson(*cursor), "}") : "";
      ++num_pages;
    } while (!params.empty());
    EXPECT_EQ(names, (std::vector<std::string>{"broken", "echo", "fail", "wait"}));
    EXPECT_EQ(num_pages, (4 + page_size - 1) / page_size);
  }
  // Those that could be decoded as a name are none of ours either.
  for (const char* cursor : {"\"\"", "\"*\"", "7", "null", "\"zzz\"", "\"ZWNobw\""}) {
    EXPECT_THAT(Request("tools/list", absl::StrCat(R"({"cursor":)", cursor, "}")),
                HasSubstr("-32602"))
        << cursor;
  }
}

TEST_F(ServerTest, ArgumentsReachTheToolAsTheyAreWritten) {
  Register("text", [](const rapidjson::Value&, const ToolContext& context) {
    return ToolOutput{.json = std::string(context.arguments_json), .text = "It is said."};
  });
  StartInitialised();
  constexpr char kNumbers[] = R"({"a":12345678901234567890123,"z":-0,"e":1E5})";
  EXPECT_THAT(Call(absl::StrCat(R"({"name":"text","arguments":)", kNumbers, "}")),
              HasSubstr(absl::StrCat(R"("structuredContent":)", kNumbers)));
}

TEST_F(ServerTest, CallsATool) {
  StartInitialised();
  EXPECT_EQ(Call(R"({"name":"echo","arguments":{"n":7}})"),
            R"({"jsonrpc":"2.0","id":1,"result":{"content":[)"
            R"({"type":"text","text":"It is said."},{"type":"text","text":"{\"n\":7}"}],)"
            R"("structuredContent":{"n":7},"isError":false}})");
  EXPECT_THAT(Call(R"({"name":"echo"})"), HasSubstr(R"("structuredContent":{})"));
  // Some clients say so that there are none.
  EXPECT_THAT(Call(R"({"name":"echo","arguments":null})"), HasSubstr(R"("structuredContent":{})"));
  EXPECT_THAT(Call(R"({"name":"broken"})"),
              HasSubstr(R"({"content":[{"type":"text","text":"only said"}],"isError":false})"));
}

TEST_F(ServerTest, FailuresOfToolsAreResultsAndOfTheProtocolErrors) {
  StartInitialised();
  EXPECT_EQ(Call(R"({"name":"fail"})"),
            R"({"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text",)"
            R"("text":"no such note"}],"isError":true}})");
  const std::string wrong = Call(R"({"name":"echo","arguments":{"n":"x"}})");
  EXPECT_THAT(wrong, HasSubstr(R"("isError":true)"));
  EXPECT_THAT(wrong, HasSubstr("/n"));
  EXPECT_EQ(Call(R"({"name":"none"})"),
            R"({"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Unknown tool: none"}})");
  for (const char* params : {"{}", R"({"name":7})", R"({"name":"echo","arguments":[]})"}) {
    EXPECT_THAT(Call(params), HasSubstr("-32602")) << params;
  }
  EXPECT_THAT(Request("prompts/list", "{}"), HasSubstr("-32601"));
}

TEST_F(ServerTest, AnswersWhatIsMalformed) {
  StartInitialised();
  EXPECT_THAT(Answer("{"), StartsWith(R"({"jsonrpc":"2.0","error":{"code":-32700)"));
  EXPECT_THAT(Answer("[]"), StartsWith(R"({"jsonrpc":"2.0","error":{"code":-32600)"));
  EXPECT_THAT(Answer(R"({"jsonrpc":"2.0","id":"x","method":7})"),
              StartsWith(R"({"jsonrpc":"2.0","id":"x","error":{"code":-32600)"));
  // Responses and notifications are never answered.
  for (const char* text :
       {R"({"jsonrpc":"2.0","id":1,"result":{}})", R"({"jsonrpc":"2.0","id":1,"result":7})",
        R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}})",
        R"({"jsonrpc":"2.0","method":"notifications/unknown"})",
        R"({"jsonrpc":"2.0","method":"notifications/cancelled"})",
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":null})",
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":[1]})",
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":7})",
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":[]}})",
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9}})"}) {
    EXPECT_EQ(Answer(text), "(0 answers)") << text;
  }
}

TEST_F(ServerTest, AnErrorForAnUnreadableIdHasANullIdInOlderRevisions) {
  const struct {
    const char* revision;
    const char* start;
  } kCases[] = {
      {"2025-11-25", R"({"jsonrpc":"2.0","error":{"code":-32)"},
      {"2025-06-18", R"({"jsonrpc":"2.0","id":null,"error":{"code":-32)"},
      {"2024-11-05", R"({"jsonrpc":"2.0","id":null,"error":{"code":-32)"},
  };
  for (const auto& [revision, start] : kCases) {
    Start({});
    Request("initialize", absl::StrCat(R"({"protocolVersion":")", revision, "\"}"));
    EXPECT_THAT(Answer("{"), StartsWith(start)) << revision;
    EXPECT_THAT(Answer(R"({"jsonrpc":"2.0","id":[],"method":"ping"})"), StartsWith(start))
        << revision;
    EXPECT_THAT(Answer(R"({"jsonrpc":"2.0","id":7,"method":8})"),
                StartsWith(R"({"jsonrpc":"2.0","id":7,"error")"));
  }
}

TEST_F(ServerTest, AnswersWhatIsNoJsonToWhoAsked) {
  StartInitialised();
  EXPECT_THAT(
      Answer(R"({"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":NaN}})"),
      StartsWith(R"({"jsonrpc":"2.0","id":5,"error":{"code":-32700,"message":"not JSON: at byte)"));
  EXPECT_THAT(
      Answer(absl::StrCat(R"({"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":)",
                          std::string(1000, '['), std::string(1000, ']'), "}}")),
      StartsWith(R"({"jsonrpc":"2.0","id":5,"error":{"code":-32700)"));
  EXPECT_EQ(Answer(R"({"jsonrpc":"2.0","id":5,"result":NaN})"), "(0 answers)");
}

constexpr char kInitialize2025March[] =
    R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-03-26"}})";

TEST_F(ServerTest, AnswersABatchWithABatch) {
  Start({});
  server_->Receive(kInitialize2025March);
  EXPECT_EQ(
      Answer(
          BatchText({NotificationText("notifications/initialized", "{}"),
                     RequestText(int64_t{1}, "ping", "{}"),
                     RequestText("two", "tools/call", R"({"name":"fail"})"), "7",
                     R"({"jsonrpc":"2.0","id":3,"method":"tools/call","params":[]})",
                     RequestText(int64_t{4}, "initialize", R"({"protocolVersion":"2025-03-26"})"),
                     ResultText(int64_t{5}, "{}")})),
      R"([{"jsonrpc":"2.0","id":1,"result":{}},)"
      R"({"jsonrpc":"2.0","id":"two","result":{"content":[{"type":"text","text":"no such note"}],)"
      R"("isError":true}},)"
      R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"the message is not an object"}},)"
      R"({"jsonrpc":"2.0","id":3,"error":{"code":-32602,"message":"the params are not an object"}},)"
      R"({"jsonrpc":"2.0","id":4,"error":{"code":-32600,"message":"initialize is not to be part of )"
      R"(a batch"}}])");
  EXPECT_EQ(Answer(BatchText({RequestText(int64_t{1}, "ping", "{}")})),
            R"([{"jsonrpc":"2.0","id":1,"result":{}}])");
  // Nothing in it wants an answer.
  EXPECT_EQ(Answer(BatchText({NotificationText("n", "{}"), ResultText(int64_t{1}, "{}")})),
            "(0 answers)");
  EXPECT_THAT(Answer("[]"), StartsWith(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600)"));
  EXPECT_THAT(Answer("[1,"), StartsWith(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700)"));
}

TEST_F(ServerTest, ABatchIsAnsweredWhenItsLastCallHasEnded) {
  Start({});
  server_->Receive(kInitialize2025March);
  Forget();
  server_->Receive(BatchText({RequestText(int64_t{1}, "tools/call", R"({"name":"wait"})"),
                              RequestText(int64_t{2}, "tools/call", R"({"name":"wait"})"),
                              RequestText(int64_t{3}, "ping", "{}")}));
  started_.WaitFor(2);
  EXPECT_TRUE(sent_->texts().empty());
  // What is cancelled is not waited for.
  server_->Receive(NotificationText("notifications/cancelled", R"({"requestId":2})"));
  gate_.Open();
  server_->Drain();
  ASSERT_EQ(sent_->texts().size(), 1);
  const std::string answers = sent_->texts()[0];
  EXPECT_THAT(answers, StartsWith(R"([{"jsonrpc":"2.0","id":1,"result":{"content")"));
  EXPECT_THAT(answers, EndsWith(R"(,{"jsonrpc":"2.0","id":3,"result":{}}])"));
  EXPECT_THAT(answers, Not(HasSubstr(R"("id":2)")));
}

TEST_F(ServerTest, NewerRevisionsHaveNoBatches) {
  StartInitialised();
  const std::string refused = Answer(BatchText({RequestText(int64_t{1}, "ping", "{}")}));
  EXPECT_THAT(refused, HasSubstr("revision 2025-11-25 of the protocol has no batches"));
  Start({});
  EXPECT_THAT(Answer(BatchText({kInitialize})), HasSubstr("not to be part of a batch"));
}

// It ran on the thread that reads, and nothing else was heard until it returned.
TEST_F(ServerTest, AToolThatOnlyComputesAndHangsHoldsUpNobody) {
  Tool tool;
  tool.name = "hang";
  tool.description = "Hangs.";
  tool.parameters = "{}";
  tool.computes_only = true;
  tool.annotations = {.read_only = true};
  tool.handler = [this](const rapidjson::Value&, const ToolContext&) {
    started_.Add("hang");
    gate_.Wait();
    return ToolOutput{.json = "{}", .text = ""};
  };
  ASSERT_THAT(registry_.Register(std::move(tool)), IsOk());
  StartInitialised({.call_timeout = absl::Milliseconds(20)});
  BeginCall(1, "hang");
  server_->Receive(RequestText(int64_t{2}, "ping", "{}"));
  server_->Drain();
  const std::set<std::string> texts = [&] {
    const std::vector<std::string> all = sent_->texts();
    return std::set<std::string>(all.begin(), all.end());
  }();
  EXPECT_EQ(texts.count(R"({"jsonrpc":"2.0","id":2,"result":{}})"), 1);
  EXPECT_EQ(texts.size(), 2);
  EXPECT_TRUE(std::any_of(texts.begin(), texts.end(), [](const std::string& text) {
    return absl::StrContains(text, "did not answer within its deadline");
  }));
}

TEST_F(ServerTest, CallsRunAtOnceAndAreAnsweredWhenTheyEnd) {
  StartInitialised();
  BeginCall(1, "wait");
  BeginCall(2, "wait");
  started_.WaitFor(2);
  BeginCall(3, "echo");
  EXPECT_THAT(sent_->WaitFor(1)[0], HasSubstr(R"("id":3)"));
  // Its id is in use.
  BeginCall(1, "echo");
  EXPECT_THAT(sent_->WaitFor(2)[1], HasSubstr("-32600"));
  gate_.Open();
  const std::vector<std::string> all = sent_->WaitFor(4);
  std::set<bool> ids = {absl::StrContains(all[2], R"("id":1)"),
                        absl::StrContains(all[3], R"("id":1)")};
  EXPECT_EQ(ids.size(), 2);
}

TEST_F(ServerTest, ACancelledCallIsNotAnswered) {
  StartInitialised({}, 1);
  BeginCall(1, "wait");
  started_.WaitFor(1);
  BeginCall(2, "wait");
  server_->Receive(NotificationText("notifications/cancelled", R"({"requestId":2})"));
  server_->Receive(NotificationText("notifications/cancelled", R"({"requestId":1})"));
  // Another type of id.
  server_->Receive(NotificationText("notifications/cancelled", R"({"requestId":"3"})"));
  BeginCall(3, "echo");
  gate_.Open();
  server_->Drain();
  const std::vector<std::string> texts = sent_->texts();
  ASSERT_EQ(texts.size(), 1);
  EXPECT_THAT(texts[0], HasSubstr(R"("id":3)"));
  // The one that waited did not begin.
  EXPECT_EQ(started_.texts().size(), 1);
}

TEST_F(ServerTest, BoundsWhatWaits) {
  StartInitialised({.max_calls = 3});
  for (int64_t id = 1; id <= 3; ++id) BeginCall(id, "wait");
  BeginCall(4, "echo");
  const std::string refused = sent_->WaitFor(1)[0];
  EXPECT_THAT(refused, HasSubstr(R"("id":4,"result")"));
  EXPECT_THAT(refused, HasSubstr(R"("isError":true)"));
  gate_.Open();
  EXPECT_EQ(sent_->WaitFor(4).size(), 4);
}

TEST_F(ServerTest, TellsOfChangedTools) {
  StartInitialised();
  server_->NotifyToolsChanged();
  EXPECT_EQ(sent_->texts(), std::vector<std::string>{
                                R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed",)"
                                R"("params":{}})"});
}

TEST_F(ServerTest, ReportsProgressToWhoAsksForIt) {
  Register("steps", [](const rapidjson::Value&, const ToolContext& context) {
    context.ReportProgress({.progress = 1, .total = 2, .message = "half"});
    context.ReportProgress({.progress = 1.5, .total = std::numeric_limits<double>::infinity()});
    context.ReportProgress({.progress = std::numeric_limits<double>::quiet_NaN()});
    return ToolOutput{.json = "{}", .text = "done"};
  });
  StartInitialised();
  server_->Receive(
      RequestText(int64_t{1}, "tools/call", R"({"name":"steps","_meta":{"progressToken":"a"}})"));
  server_->Drain();
  const std::vector<std::string> texts = sent_->texts();
  ASSERT_EQ(texts.size(), 3);
  EXPECT_EQ(texts[0],
            R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"a",)"
            R"("progress":1.0,"total":2.0,"message":"half"}})");
  EXPECT_EQ(texts[1],
            R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"a",)"
            R"("progress":1.5}})");
  EXPECT_THAT(texts[2], HasSubstr(R"("id":1,"result")"));
  Call(R"({"name":"steps"})");
  EXPECT_EQ(sent_->texts().size(), 1);
}

TEST_F(ServerTest, ItsEndCancelsCallsThatWaitAndRun) {
  StartInitialised({}, 1);
  BeginCall(1, "wait");
  BeginCall(2, "wait");
  started_.WaitFor(1);
  server_.reset();
  EXPECT_TRUE(sent_->texts().empty());
}

}  // namespace
}  // namespace parlance::tools::mcp
