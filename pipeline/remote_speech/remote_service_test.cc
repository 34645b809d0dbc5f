#include "pipeline/remote_speech/remote_service.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/http/http_loop.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class RemoteServiceTest : public testing::Test {
 protected:
  RemoteServiceOptions Options() {
    return {
        .name = "the speech server",
        .url = "http://localhost:1/v1",
        .model = "m",
        .api_key = "sk-1",
        .timeout = absl::Seconds(4),
        .max_failures = 2,
        .pause = absl::Seconds(30),
        .now = [this] { return now_; },
        .on_failure =
            [this](const absl::Status& status) { told_.push_back(std::string(status.message())); }};
  }
  void Create() {
    auto service = RemoteService::Create(Options(), "/audio/speech", loop_.get());
    ASSERT_THAT(service, IsOk());
    service_ = *std::move(service);
  }

  absl::Duration now_ = absl::Seconds(1000);
  std::vector<std::string> told_;
  const std::unique_ptr<HttpLoop> loop_ = *HttpLoop::Create({});
  std::shared_ptr<RemoteService> service_;
};

TEST_F(RemoteServiceTest, RequestsHaveTheKeyAndTheTimes) {
  Create();
  const HttpRequest request = service_->Request("text/x", "body", absl::Seconds(3));
  EXPECT_EQ(request.url, "http://localhost:1/v1/audio/speech");
  EXPECT_THAT(request.headers, ElementsAre(std::pair("Content-Type", "text/x"),
                                           std::pair("Authorization", "Bearer sk-1")));
  EXPECT_EQ(request.total_timeout, absl::Seconds(3));
  EXPECT_EQ(request.first_byte_timeout, absl::Seconds(3));
  EXPECT_EQ(service_->Request("text/x", "", absl::Minutes(3)).stall_timeout, absl::Seconds(4));
}

TEST_F(RemoteServiceTest, AServerThatFailsInARowIsLeftAloneForAWhile) {
  Create();
  const absl::Status away = absl::UnavailableError("away");
  ASSERT_TRUE(service_->Begin());
  service_->Failed(away);
  ASSERT_TRUE(service_->Begin());
  service_->Answered();
  // Not two in a row.
  ASSERT_TRUE(service_->Begin());
  service_->Failed(away);
  EXPECT_FALSE(service_->is_left_alone());
  ASSERT_TRUE(service_->Begin());
  service_->Failed(away);
  EXPECT_TRUE(service_->is_left_alone());
  EXPECT_FALSE(service_->Begin());
  EXPECT_THAT(told_, ElementsAre("away", "away",
                                 "away; it failed 2 times in a row, and is left alone for 30s"));
  now_ += absl::Seconds(30) - absl::Nanoseconds(1);
  EXPECT_FALSE(service_->Begin());
  // One request tries whether it is back.
  now_ += absl::Nanoseconds(1);
  EXPECT_FALSE(service_->is_left_alone());
  EXPECT_TRUE(service_->Begin());
  EXPECT_TRUE(service_->is_left_alone());
  EXPECT_FALSE(service_->Begin());
  service_->Failed(away);
  EXPECT_FALSE(service_->Begin());
  // One that is cancelled tells nothing: another may try.
  now_ += absl::Seconds(30);
  EXPECT_TRUE(service_->Begin());
  service_->Cancelled();
  EXPECT_TRUE(service_->Begin());
  service_->Answered();
  EXPECT_TRUE(service_->Begin());
  EXPECT_TRUE(service_->Begin());
}

TEST_F(RemoteServiceTest, EverythingIsCounted) {
  Create();
  for (const absl::Status& status :
       {absl::UnavailableError(""), absl::DeadlineExceededError(""),
        absl::PermissionDeniedError(""), absl::NotFoundError(""), absl::InvalidArgumentError(""),
        absl::FailedPreconditionError(""), absl::ResourceExhaustedError(""),
        absl::UnknownError("")}) {
    ASSERT_TRUE(service_->Begin());
    service_->Failed(status);
    ASSERT_TRUE(service_->Begin());
    service_->Answered();
  }
  ASSERT_TRUE(service_->Begin());
  service_->Cancelled();
  service_->FellBack();
  const RemoteStats stats = service_->stats();
  EXPECT_EQ(stats.num_requests, 17);
  EXPECT_EQ(stats.num_answers, 8);
  EXPECT_EQ(stats.num_cancelled, 1);
  EXPECT_EQ(stats.num_fallbacks, 1);
  EXPECT_THAT(stats.num_failed, ElementsAre(1, 1, 4, 1, 1));
  EXPECT_EQ(RemoteFailureName(RemoteFailure::kNotUnderstood), "not_understood");
}

TEST_F(RemoteServiceTest, WhatCannotBeMeantIsRefused) {
  const auto expect = [this](const std::function<void(RemoteServiceOptions&)>& change,
                             const char* message) {
    RemoteServiceOptions options = Options();
    change(options);
    EXPECT_THAT(RemoteService::Create(options, "/audio/speech", loop_.get()),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr(message), Not(HasSubstr("sk-1")))));
  };
  expect([](RemoteServiceOptions& options) { options.model = ""; },
         "the name of the model is missing, as the speech server knows it");
  expect([](RemoteServiceOptions& options) { options.url = "nowhere"; },
         "the URL of the speech server cannot be used");
  expect([](RemoteServiceOptions& options) { options.url = "http://a.example"; },
         "the key would go over the network");
  expect([](RemoteServiceOptions& options) { options.timeout = absl::ZeroDuration(); },
         "have to be positive");
  expect([](RemoteServiceOptions& options) { options.max_failures = 0; }, "have to be positive");
}

}  // namespace
}  // namespace parlance::pipeline
