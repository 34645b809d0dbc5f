#include "pipeline/agent/model/model_agent.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/agent/agent.h"
#include "pipeline/agent/agent_settings.h"
#include "pipeline/http/http_loop.h"
#include "pipeline/runtime/testing/gate.h"
#include "third_party/annotated_mutex.h"
#include "third_party/status_matchers.h"
#include "tools/mcp/transport/testing/http_peer.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using HttpPeer = tools::mcp::HttpPeer;

constexpr absl::Duration kLong = absl::Minutes(5);

// Keeps an answer until somebody asks for it.
class Kept : public AgentAnswer {
 public:
  void Text(absl::string_view text) override {
    {
      annotated::MutexLock lock(mutex_);
      absl::StrAppend(&text_, text);
    }
    spoke.Open();
  }
  void Done(absl::StatusOr<AgentStep> step) override {
    {
      annotated::MutexLock lock(mutex_);
      EXPECT_FALSE(step_.has_value());
      step_ = *std::move(step);
    }
    done.Open();
  }
  bool wanted() const override { return true; }
  void OnCancel(std::function<void()> cancel) override { this->cancel = std::move(cancel); }

  // What is said, with what the last step adds.
  std::string Speech() {
    done.Wait();
    annotated::MutexLock lock(mutex_);
    return absl::StrCat(text_, step_->reply);
  }
  std::vector<ToolCall> Calls() {
    done.Wait();
    annotated::MutexLock lock(mutex_);
    return step_->calls;
  }

  std::function<void()> cancel;
  Gate spoke;
  Gate done;

 private:
  annotated::Mutex mutex_;
  std::string text_ ABSL_GUARDED_BY(mutex_);
  std::optional<AgentStep> step_ ABSL_GUARDED_BY(mutex_);
};

std::string Delta(absl::string_view members) {
  return absl::StrCat(R"(data: {"choices":[{"index":0,"delta":{)", members, "}}]}\n\n");
}
std::string Say(absl::string_view text) {
  return Delta(absl::StrCat(R"("content":")", text, "\""));
}
std::string Call(absl::string_view id, absl::string_view arguments) {
  return Delta(absl::StrCat(R"("tool_calls":[{"id":")", id,
                            R"(","function":{"name":"clock","arguments":")", arguments, R"("}}])"));
}
constexpr char kDone[] = "data: [DONE]\n\n";

class ModelAgentTest : public testing::Test {
 protected:
  // Each request is answered by the next script; the last one answers all that follow.
  void Serve(std::vector<HttpPeer::Script> scripts,
             HttpPeer::Connections connections = HttpPeer::Connections::kClose) {
    peer_.emplace(
        [this, scripts](const HttpPeer::Request& request, HttpPeer::Responder& responder) {
          const size_t number = num_requests_++;
          scripts[std::min(number, scripts.size() - 1)](request, responder);
        },
        connections);
  }
  static HttpPeer::Script Stream(const std::string& body) {
    return [body](const HttpPeer::Request&, HttpPeer::Responder& responder) {
      responder.StartStream();
      responder.Write(body);
    };
  }
  static HttpPeer::Script Status(int status, const std::string& headers = "") {
    return [status, headers](const HttpPeer::Request&, HttpPeer::Responder& responder) {
      responder.Answer(status, "application/json", R"({"error":{"message":"the server's words"}})",
                       headers);
    };
  }

  ModelAgentOptions Options() {
    ModelAgentOptions options;
    options.url = peer_.has_value() ? peer_->origin() : "http://localhost:1";
    options.model = "m";
    options.timeout = kLong;
    options.connect_timeout = kLong;
    options.stall_timeout = kLong;
    options.first_pause = absl::Milliseconds(1);
    options.random = [] { return 0.5; };
    options.fallback = "FALLBACK";
    options.broken_off = " BROKEN OFF";
    options.on_failure = [this](const absl::Status& status) {
      annotated::MutexLock lock(mutex_);
      failures_.push_back(status);
    };
    return options;
  }
  void Start(ModelAgentOptions options) {
    auto loop = HttpLoop::Create({});
    ASSERT_THAT(loop, IsOk());
    loop_ = *std::move(loop);
    auto agent = ModelAgent::Create(std::move(options), loop_.get());
    ASSERT_THAT(agent, IsOk());
    agent_ = *std::move(agent);
  }
  void Start() { Start(Options()); }

  std::shared_ptr<Kept> Ask(const std::string& text = "hello") {
    const auto kept = std::make_shared<Kept>();
    AgentInput input;
    input.utterance = {.text = text, .rejected = false, .confidence = 1};
    agent_->Ask(std::move(input), kept);
    return kept;
  }
  void Forget() {
    annotated::MutexLock lock(mutex_);
    failures_.clear();
  }
  // The only failure there was.
  absl::Status Failure() {
    annotated::MutexLock lock(mutex_);
    EXPECT_THAT(failures_, SizeIs(1));
    return failures_.empty() ? absl::OkStatus() : failures_.front();
  }

  annotated::Mutex mutex_;
  std::vector<absl::Status> failures_ ABSL_GUARDED_BY(mutex_);
  std::optional<HttpPeer> peer_;
  std::atomic<size_t> num_requests_ = 0;
  std::unique_ptr<HttpLoop> loop_;
  std::unique_ptr<ModelAgent> agent_;
};

TEST_F(ModelAgentTest, AnswersAsTheModelWrites) {
  Gate heard_first;
  Serve({[heard_first](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.StartStream();
    responder.Write(Say("It is "));
    heard_first.Wait();
    responder.Write(Say("ten.") + kDone);
  }});
  ModelAgentOptions options = Options();
  options.api_key = "sk-secret";
  options.instructions = "Be short.";
  options.tools = [] { return std::vector<OfferedTool>{{"clock", "Tells the time."}}; };
  Start(options);
  const auto answer = Ask("what time is it");
  answer->spoke.Wait();
  heard_first.Open();
  EXPECT_EQ(answer->Speech(), "It is ten.");
  EXPECT_THAT(answer->Calls(), SizeIs(0));
  const HttpPeer::Request request = peer_->requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/v1/chat/completions");
  EXPECT_EQ(request.header("authorization"), "Bearer sk-secret");
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_THAT(request.body, AllOf(HasSubstr("what time is it"), HasSubstr("Be short."),
                                  HasSubstr("Tells the time."), Not(HasSubstr("sk-secret"))));
  EXPECT_EQ(agent_->stats().num_answers, 1);
}

TEST_F(ModelAgentTest, TextMayComeBeforeCalls) {
  Serve({Stream(Say("Let me look. ") + Call("a", R"({\"city\":\"Rome\"})") + kDone)});
  Start();
  const auto answer = Ask();
  EXPECT_EQ(answer->Speech(), "Let me look. ");
  ASSERT_THAT(answer->Calls(), SizeIs(1));
  EXPECT_EQ(answer->Calls()[0].name, "clock");
  EXPECT_EQ(answer->Calls()[0].arguments, R"({"city":"Rome"})");
}

TEST_F(ModelAgentTest, TheSameCallIsMadeOnce) {
  Serve({Stream(Call("a", R"({\"x\":1,\"y\":2})") + Call("b", R"({ \"y\":2, \"x\":1 })") +
                Call("c", R"({\"x\":1,\"y\":3})") + kDone)});
  Start();
  EXPECT_THAT(Ask()->Calls(), SizeIs(2));
  EXPECT_EQ(agent_->stats().num_repeated_calls, 1);
}

TEST_F(ModelAgentTest, ABrokenCallIsAskedForAgain) {
  Serve({Stream(Say("Let me look. ") + Call("a", "{") + kDone),
         Stream(Say("Let me look. ") + Call("a", "{}") + kDone)});
  Start();
  const auto answer = Ask();
  EXPECT_THAT(answer->Calls(), SizeIs(1));
  // What was said is not said again.
  EXPECT_EQ(answer->Speech(), "Let me look. ");
  EXPECT_EQ(agent_->stats().num_broken_calls, 1);
}

// The server has said its last, and keeps the connection open.
TEST_F(ModelAgentTest, ABrokenCallIsAskedForAgainAtOnce) {
  Serve({[](const HttpPeer::Request&, HttpPeer::Responder& responder) {
           responder.StartStream();
           responder.Write(Call("a", "{") + kDone);
           responder.WaitForHangUp();
         },
         Stream(Call("a", "{}") + kDone)});
  Start();
  EXPECT_THAT(Ask()->Calls(), SizeIs(1));
  EXPECT_EQ(num_requests_, 2u);
}

TEST_F(ModelAgentTest, ABrokenCallIsNeverMade) {
  Serve({Stream(Call("a", "{") + kDone)});
  Start();
  const auto answer = Ask();
  EXPECT_EQ(answer->Speech(), "FALLBACK");
  EXPECT_THAT(answer->Calls(), SizeIs(0));
  EXPECT_EQ(num_requests_, 2u) << "it is asked again once";
  EXPECT_THAT(Failure().message(), HasSubstr("cut short"));
}

TEST_F(ModelAgentTest, AServerThatIsBusyIsAskedAgain) {
  for (const int status : {429, 500, 502, 503}) {
    num_requests_ = 0;
    Serve({Status(status, "Retry-After: 0\r\n"), Status(status), Stream(Say("Yes.") + kDone)});
    Start();
    EXPECT_EQ(Ask()->Speech(), "Yes.") << status;
    EXPECT_EQ(agent_->stats().num_tried_again, 2);
    loop_.reset();
  }
}

TEST_F(ModelAgentTest, AServerThatStaysBusyIsGivenUp) {
  Serve({Status(503)});
  Start();
  EXPECT_EQ(Ask()->Speech(), "FALLBACK");
  EXPECT_EQ(num_requests_, 3u);
  EXPECT_THAT(Failure(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("the server's words")));
  EXPECT_EQ(agent_->stats().num_failed, 1);
}

// What the server asks for is heeded: here, for longer than anybody waits.
TEST_F(ModelAgentTest, AServerMaySayWhenToComeAgain) {
  Serve({Status(429, "Retry-After: 86400\r\n"), Stream(Say("Yes.") + kDone)});
  Start();
  EXPECT_EQ(Ask()->Speech(), "FALLBACK");
  EXPECT_EQ(num_requests_, 1u);
  EXPECT_THAT(Failure().message(), HasSubstr("status 429"));
}

TEST_F(ModelAgentTest, WhatTheServerRefusesIsNotSentAgain) {
  for (const int status : {400, 401, 404, 422}) {
    num_requests_ = 0;
    Forget();
    Serve({Status(status)});
    Start();
    EXPECT_EQ(Ask()->Speech(), "FALLBACK") << status;
    EXPECT_EQ(num_requests_, 1u) << status;
    EXPECT_THAT(Failure().message(), HasSubstr(absl::StrCat("status ", status)));
    loop_.reset();
  }
}

TEST_F(ModelAgentTest, AConnectionThatBreaksIsMadeAgain) {
  Serve({[](const HttpPeer::Request&, HttpPeer::Responder&) {},
         [](const HttpPeer::Request&, HttpPeer::Responder& responder) { responder.StartStream(); },
         Stream(Say("Yes.") + kDone)});
  Start();
  EXPECT_EQ(Ask()->Speech(), "Yes.");
}

TEST_F(ModelAgentTest, NobodyListens) {
  ModelAgentOptions options = Options();
  options.url = HttpPeer([](const HttpPeer::Request&, HttpPeer::Responder&) {}).origin();
  Start(options);
  EXPECT_EQ(Ask()->Speech(), "FALLBACK");
  EXPECT_EQ(agent_->stats().num_tried_again, 2);
  EXPECT_THAT(Failure(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("127.0.0.1")));
}

// A second answer would be heard after the beginning of the first.
TEST_F(ModelAgentTest, WhatHasBegunIsNotAskedForAgain) {
  Serve({Stream(Say("It is ") +
                "data: {\"error\":{\"message\":\"out of memory\",\"code\":500}}\n\n")});
  Start();
  EXPECT_EQ(Ask()->Speech(), "It is  BROKEN OFF");
  EXPECT_EQ(num_requests_, 1u);
  EXPECT_THAT(Failure().message(), HasSubstr("out of memory"));
}

TEST_F(ModelAgentTest, AnAnswerThatEndsWithoutDoneIsOne) {
  Serve({Stream(Say("Yes."))});
  Start();
  EXPECT_EQ(Ask()->Speech(), "Yes.");
}

TEST_F(ModelAgentTest, AnAnswerMayComeWhole) {
  Serve({[](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.Answer(200, "application/json", R"({"choices":[{"message":{"content":"Yes."}}]})");
  }});
  Start();
  EXPECT_EQ(Ask()->Speech(), "Yes.");
}

TEST_F(ModelAgentTest, WhoSaysNothingHasFailed) {
  Serve({Stream(Delta(R"("reasoning_content":"hm")") + kDone),
         Stream(Say("<tool_call>x</tool_call>") + kDone), Stream(Say("") + kDone)});
  Start();
  for (const char* why : {"thought, and said nothing", "call as text", "said nothing"}) {
    EXPECT_EQ(Ask()->Speech(), "FALLBACK");
    EXPECT_THAT(Failure().message(), HasSubstr(why));
    Forget();
  }
}

TEST_F(ModelAgentTest, TimeIsUp) {
  Serve({[](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.WaitForHangUp();
  }});
  ModelAgentOptions options = Options();
  options.timeout = absl::Milliseconds(50);
  Start(options);
  EXPECT_EQ(Ask()->Speech(), "FALLBACK");
  EXPECT_THAT(Failure(), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(ModelAgentTest, ItsClockIsTheOneThatIsGiven) {
  Serve({Status(503)});
  ModelAgentOptions options = Options();
  // Each look at the clock takes a minute: there is time for one try, and not for a second.
  auto ticks = std::make_shared<std::atomic<int>>(0);
  options.now = [ticks] { return absl::Minutes(++*ticks); };
  options.timeout = absl::Minutes(2);
  Start(options);
  EXPECT_EQ(Ask()->Speech(), "FALLBACK");
  EXPECT_EQ(num_requests_, 1u);
}

TEST_F(ModelAgentTest, WhenNobodyWantsItTheServerIsHungUpOn) {
  Gate hung_up;
  Serve({[hung_up](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.StartStream();
    responder.Write(Say("It is"));
    responder.WaitForHangUp();
    hung_up.Open();
  }});
  Start();
  const auto answer = Ask();
  answer->spoke.Wait();
  answer->cancel();
  hung_up.Wait();
  loop_.reset();
  EXPECT_EQ(agent_->stats().num_cancelled, 1);
  EXPECT_EQ(agent_->stats().num_failed, 0);
}

TEST_F(ModelAgentTest, APauseCanBeCancelled) {
  Gate asked;
  Serve({[](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.Answer(503, "application/json", "{}");
  }});
  ModelAgentOptions options = Options();
  options.first_pause = absl::Minutes(1);
  options.random = [asked] {
    asked.Open();
    return 0.0;
  };
  Start(options);
  const auto answer = Ask();
  asked.Wait();
  answer->cancel();
  loop_.reset();
  EXPECT_EQ(agent_->stats().num_cancelled, 1);
  EXPECT_EQ(num_requests_, 1u);
}

TEST_F(ModelAgentTest, MayGoWhileItIsAsked) {
  Gate gone;
  Serve({[gone](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.StartStream();
    responder.Write(Say("It is "));
    gone.Wait();
    responder.Write(Say("ten.") + kDone);
  }});
  Start();
  const auto answer = Ask();
  answer->spoke.Wait();
  agent_.reset();
  gone.Open();
  EXPECT_EQ(answer->Speech(), "It is ten.");
}

// The end of the stream says that it is answered, not the end of the response.
TEST_F(ModelAgentTest, NobodyWaitsForTheEndOfTheResponse) {
  Serve({[](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.StartStream();
    responder.Write(Say("Yes.") + kDone + Say("No."));
    responder.WaitForHangUp();
  }});
  Start();
  EXPECT_EQ(Ask()->Speech(), "Yes.");
}

// The model has said that it is at its end, and the server leaves the connection as it is.
TEST_F(ModelAgentTest, SilenceAfterTheLastWordIsNoFailure) {
  Serve({[](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    responder.StartStream();
    responder.Write(Say("Yes.") +
                    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
    responder.WaitForHangUp();
  }});
  ModelAgentOptions options = Options();
  options.stall_timeout = absl::Milliseconds(50);
  Start(options);
  EXPECT_EQ(Ask()->Speech(), "Yes.");
  EXPECT_EQ(num_requests_, 1u);
  EXPECT_EQ(agent_->stats().num_failed, 0);
}

TEST_F(ModelAgentTest, ConnectionsAreUsedAgain) {
  Serve({[](const HttpPeer::Request&, HttpPeer::Responder& responder) {
          responder.Answer(200, "text/event-stream", Say("Yes.") + kDone);
        }},
        HttpPeer::Connections::kKeepAlive);
  Start();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Ask()->Speech(), "Yes.");
  EXPECT_LE(peer_->num_connections(), 2);
}

TEST_F(ModelAgentTest, ManyAskAtOnce) {
  constexpr int kMany = 50;
  Gate all_are_there;
  Serve({[this, all_are_there](const HttpPeer::Request&, HttpPeer::Responder& responder) {
    if (num_requests_ == kMany) all_are_there.Open();
    all_are_there.Wait();
    responder.StartStream();
    responder.Write(Say("Yes.") + kDone);
  }});
  Start();
  std::vector<std::shared_ptr<Kept>> answers;
  for (int i = 0; i < kMany; ++i) answers.push_back(Ask());
  for (const auto& answer : answers) EXPECT_EQ(answer->Speech(), "Yes.");
}

TEST_F(ModelAgentTest, UrlsAreTakenAsPeopleGiveThem) {
  Serve({Stream(Say("Yes.") + kDone)});
  const std::string origin = peer_->origin();
  for (const auto& [url, target] : std::vector<std::pair<std::string, std::string>>{
           {"", "/v1/chat/completions"},
           {"/", "/v1/chat/completions"},
           {"/v1", "/v1/chat/completions"},
           {"/v1/", "/v1/chat/completions"},
           {"/api/v3", "/api/v3/chat/completions"},
           {"/v1/chat/completions", "/v1/chat/completions"},
           {"/openai?api-version=1", "/openai/chat/completions?api-version=1"}}) {
    ModelAgentOptions options = Options();
    options.url = origin + url;
    Start(options);
    EXPECT_EQ(Ask()->Speech(), "Yes.");
    EXPECT_EQ(peer_->requests().back().target, target);
    loop_.reset();
  }
}

TEST_F(ModelAgentTest, WhatCannotWorkIsRefused) {
  const auto loop = HttpLoop::Create({});
  const auto refusal = [&](const std::function<void(ModelAgentOptions&)>& change) {
    ModelAgentOptions options = Options();
    change(options);
    return ModelAgent::Create(options, loop->get()).status();
  };
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(refusal([](ModelAgentOptions&) {}), IsOk());
  EXPECT_THAT(refusal([](ModelAgentOptions& o) { o.url = ""; }),
              StatusIs(kInvalid, HasSubstr("http://localhost:8080/v1")));
  EXPECT_THAT(refusal([](ModelAgentOptions& o) { o.url = "localhost:8080"; }),
              StatusIs(kInvalid, HasSubstr("not a URL")));
  EXPECT_THAT(refusal([](ModelAgentOptions& o) { o.model = ""; }),
              StatusIs(kInvalid, HasSubstr("name of the model")));
  EXPECT_THAT(refusal([](ModelAgentOptions& o) { o.timeout = absl::ZeroDuration(); }),
              StatusIs(kInvalid));
  EXPECT_THAT(refusal([](ModelAgentOptions& o) { o.max_tries = 0; }), StatusIs(kInvalid));
  EXPECT_THAT(refusal([](ModelAgentOptions& o) { o.api_key = "sk-secret\nX: y"; }),
              StatusIs(kInvalid, Not(HasSubstr("sk-secret"))));
  // A key goes over no network in the clear.
  for (const auto& [url, may] :
       std::vector<std::pair<std::string, bool>>{{"http://model.example/v1", false},
                                                 {"http://192.168.0.7:8080", false},
                                                 {"https://model.example/v1", true},
                                                 {"HTTPS://model.example/v1", true},
                                                 {"http://localhost:8080", true},
                                                 {"http://127.0.0.1:8080/v1", true},
                                                 {"http://[::1]:8080", true},
                                                 {"http://localhost.example", false}}) {
    const absl::Status status = refusal([&url = url](ModelAgentOptions& o) {
      o.url = url;
      o.api_key = "sk-secret";
    });
    EXPECT_EQ(status.ok(), may) << url << ": " << status;
  }
}

}  // namespace
}  // namespace parlance::pipeline
