#include "pipeline/http/service.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/http/server_json.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(ServiceTest, UrlsAreCompleted) {
  for (const auto& [url, complete] :
       {std::pair{"http://a:1", "http://a:1/v1/audio/speech"},
        std::pair{"http://a:1/", "http://a:1/v1/audio/speech"},
        std::pair{"http://a/v1", "http://a/v1/audio/speech"},
        std::pair{"https://a/openai/v2/", "https://a/openai/v2/audio/speech"},
        std::pair{"http://a/v1/audio/speech", "http://a/v1/audio/speech"},
        std::pair{"http://a/v1?version=2", "http://a/v1/audio/speech?version=2"}}) {
    EXPECT_EQ(ServiceUrl(url, "/audio/speech"), complete);
  }
}

TEST(ServiceTest, KeysGoNoFurtherThanTheyMay) {
  for (const char* const url :
       {"https://a.example/v1", "http://localhost:1", "http://127.0.0.2", "http://[::1]:8080/v1"}) {
    EXPECT_THAT(CheckService("it", url, "sk-1"), IsOk()) << url;
  }
  EXPECT_THAT(CheckService("it", "http://a.example", ""), IsOk());
  EXPECT_THAT(CheckService("it", "http://a.example", "sk-1"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("over the network"), Not(HasSubstr("sk-1")))));
  // Names that only look like addresses of this machine, and what stands before an @.
  for (const char* const url :
       {"http://127.attacker.example/v1", "http://127.0.0.1.evil.example", "http://localhost.evil",
        "http://127.0.0.1:1.evil.example", "http://128.0.0.1", "http://127.0.0.1@evil.example"}) {
    EXPECT_THAT(CheckService("it", url, "sk-1"), StatusIs(absl::StatusCode::kInvalidArgument))
        << url;
  }
  EXPECT_THAT(CheckService("it", "https://a.example", "sk\n1"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line break")));
  EXPECT_THAT(CheckService("its server", "nowhere", ""),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the URL of its server cannot be used: it is not a URL")));
}

TEST(ServiceTest, ErrorsHaveTheServersWordsOnlyWhereTheyMay) {
  const std::optional<rapidjson::Document> error =
      ParseServerJson(R"({"error":{"message":"cannot say hello","code":503}})");
  ASSERT_TRUE(error.has_value());
  const ServiceErrors quoting("it", ServiceErrors::Words::kQuoted);
  EXPECT_THAT(quoting.OfJson(*error, 200),
              StatusIs(absl::StatusCode::kUnavailable,
                       "it cannot answer now (status 503): cannot say hello"));
  const ServiceErrors silent("it", ServiceErrors::Words::kLeftOut);
  EXPECT_THAT(silent.OfJson(*error, 200),
              StatusIs(absl::StatusCode::kUnavailable, "it cannot answer now (status 503)"));
  EXPECT_THAT(silent.BrokenOff("hello"),
              StatusIs(absl::StatusCode::kUnavailable, "it broke off: it tells of an error"));
  EXPECT_THAT(silent.Of(400, "hello"),
              StatusIs(absl::StatusCode::kInvalidArgument, "it refuses the request (status 400)"));
}

}  // namespace
}  // namespace parlance::pipeline
