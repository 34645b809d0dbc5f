#include "pipeline/door/access/access.h"

#include <sys/stat.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/door/access/api_keys.h"
#include "pipeline/door/access/session_quota.h"
#include "pipeline/door/socket/socket_address.h"
#include "pipeline/door/wire/http_request.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline::door {
namespace {

using absl_testing::IsOk;
using absl_testing::IsOkAndHolds;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::Not;

constexpr char kKey[] = "0123456789abcdef";
constexpr char kOtherKey[] = "fedcba9876543210-other";

ApiKeys Keys() {
  return *ApiKeys::Parse(
      absl::StrCat("# whom they are of\n\n kitchen \t ", kKey, "\r\nhall ", kOtherKey));
}

TEST(ApiKeysTest, KeysHaveNames) {
  const ApiKeys keys = Keys();
  EXPECT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys.NameOf(kKey), "kitchen");
  EXPECT_EQ(keys.NameOf(kOtherKey), "hall");
  EXPECT_FALSE(keys.NameOf("0123456789abcdeF").has_value());
  EXPECT_FALSE(keys.NameOf("0123456789abcde").has_value());
  EXPECT_FALSE(keys.NameOf("").has_value());
}

TEST(ApiKeysTest, WhatIsRefusedNamesTheLineAndNoKey) {
  const std::string key = kKey;
  const struct {
    std::string text;
    std::string message;
  } cases[] = {
      {"", "no key"},
      {"# only this\n", "no key"},
      {"a", "line 1: this is not a name and a key"},
      {absl::StrCat("\na ", key, " ", key), "line 2: this is not a name and a key"},
      {absl::StrCat("a ", key.substr(1)), "line 1: the key has 15 characters"},
      {absl::StrCat(key, " kitchen"), "line 1: the key has 7 characters"},
      {absl::StrCat("a ", std::string(513, 'k')), "has 513 characters"},
      {absl::StrCat("a ", key, "\na ", key, "x"), "line 2: the name is there before"},
      {absl::StrCat("a ", key, "\nb ", key), "line 2: the key is another's"},
      {absl::StrCat("a ", key, "\xC3\xA9"), "visible ASCII"},
  };
  for (const auto& c : cases) {
    const absl::Status status = ApiKeys::Parse(c.text).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.message)));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr(key.substr(1))));
  }
}

TEST(ApiKeysTest, AFileIsForItsOwner) {
  const std::string path = absl::StrCat(testing::TempDir(), "/keys");
  std::FILE* file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fputs("a 0123456789abcdef\n", file);
  std::fclose(file);
  for (const mode_t mode : {0644, 0604, 0620, 0602}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    EXPECT_THAT(ApiKeys::ReadFile(path),
                StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("chmod 600")));
  }
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  EXPECT_THAT(ApiKeys::ReadFile(path), IsOk());
  EXPECT_THAT(ApiKeys::ReadFile(path + "x"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ApiKeys::ReadFile(testing::TempDir()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is a folder")));
  EXPECT_THAT(ApiKeys::ReadFile("/dev/zero"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is not a regular file")));
  // Nobody writes to it, and it was waited for.
  const std::string pipe = absl::StrCat(testing::TempDir(), "/pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(ApiKeys::ReadFile(pipe),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is not a regular file")));
}

HttpRequest With(std::vector<std::pair<std::string, std::string>> headers) {
  HttpRequest request = {.method = "GET", .target = "/", .path = "/"};
  request.headers = std::move(headers);
  return request;
}

TEST(AuthenticateTest, WhereAKeyIs) {
  const ApiKeys keys = Keys();
  const std::string key = kKey;
  EXPECT_THAT(Authenticate(With({}), nullptr), IsOkAndHolds(""));
  EXPECT_THAT(Authenticate(With({{"authorization", "Bearer " + key}}), &keys),
              IsOkAndHolds("kitchen"));
  EXPECT_THAT(Authenticate(With({{"authorization", "bearer  " + key}}), &keys),
              IsOkAndHolds("kitchen"));
  EXPECT_THAT(Authenticate(With({{"sec-websocket-protocol", "realtime, openai-insecure-api-key." +
                                                                std::string(kOtherKey) +
                                                                ", openai-agents-sdk.0.20"}}),
                           &keys),
              IsOkAndHolds("hall"));
  HttpRequest in_url = With({{"authorization", "Bearer " + key}});
  in_url.query = {{"api_key", key}};
  const struct {
    HttpRequest request;
    absl::StatusCode code;
  } refused[] = {
      {With({}), absl::StatusCode::kUnauthenticated},
      {With({{"authorization", "Bearer "}}), absl::StatusCode::kUnauthenticated},
      {With({{"authorization", "Bearer " + key + "x"}}), absl::StatusCode::kUnauthenticated},
      {With({{"authorization", "Basic " + key}}), absl::StatusCode::kUnauthenticated},
      {With({{"authorization", key}}), absl::StatusCode::kUnauthenticated},
      {With({{"authorization", "Bearer " + key}, {"authorization", "Bearer " + key}}),
       absl::StatusCode::kInvalidArgument},
      {With({{"sec-websocket-protocol", "realtime"}}), absl::StatusCode::kUnauthenticated},
      {in_url, absl::StatusCode::kInvalidArgument},
  };
  for (const auto& c : refused) {
    const absl::Status status = Authenticate(c.request, &keys).status();
    EXPECT_THAT(status, StatusIs(c.code));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr(key)));
  }
}

TEST(CheckOriginTest, PagesOfOthersAreRefused) {
  const std::vector<std::string> listed = {"https://app.example"};
  const struct {
    std::string origin;
    std::string host;
    bool is_allowed;
  } cases[] = {
      {"http://localhost:8080", "localhost:8080", true},
      {"http://LOCALHOST:8080", "Localhost:8080", true},
      {"http://127.0.0.1:8080", "127.0.0.1:8080", true},
      {"http://[::1]:8080", "[::1]:8080", true},
      {"http://[::1]", "[::1]", true},
      {"https://192.168.1.7", "192.168.1.7", true},
      {"https://192.168.1.7:443", "192.168.1.7", true},
      {"https://app.example", "door.example", true},
      {"http://app.example", "door.example", false},
      {"https://app.example.evil", "door.example", false},
      {"http://evil.example", "localhost:8080", false},
      {"http://localhost:9999", "localhost:8080", false},
      // A name of theirs that stands for this machine.
      {"http://evil.example:8080", "evil.example:8080", false},
      {"null", "localhost:8080", false},
      {"file://", "localhost:8080", false},
      {"", "localhost:8080", false},
  };
  for (const auto& c : cases) {
    const absl::Status status = CheckOrigin(With({{"host", c.host}, {"origin", c.origin}}), listed);
    EXPECT_EQ(status.ok(), c.is_allowed) << c.origin << " at " << c.host << ": " << status;
  }
  EXPECT_THAT(CheckOrigin(With({{"host", "a"}}), {}), IsOk());
  EXPECT_THAT(CheckOrigin(With({{"host", "a"}, {"origin", "http://b"}}), {"*"}), IsOk());
  EXPECT_THAT(
      CheckOrigin(
          With({{"host", "localhost"}, {"origin", "http://localhost"}, {"origin", "http://evil"}}),
          {}),
      StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST(CheckListeningTest, OthersNeedKeys) {
  const struct {
    std::string address;
    bool needs_keys;
  } cases[] = {{"127.0.0.1", false}, {"127.1.2.3", false},  {"::1", false},   {"0.0.0.0", true},
               {"::", true},         {"192.168.1.7", true}, {"fe80::1", true}};
  for (const auto& c : cases) {
    const SocketAddress address = *ParseAddress(c.address, 1);
    EXPECT_THAT(CheckListening(address, /*has_keys=*/true), IsOk());
    const absl::Status status = CheckListening(address, /*has_keys=*/false);
    EXPECT_EQ(status.ok(), !c.needs_keys) << c.address;
    if (c.needs_keys) {
      EXPECT_THAT(status,
                  StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at " + c.address)));
    }
  }
}

TEST(SessionQuotaTest, ANameHasSoManyAtATime) {
  SessionQuota quota(2);
  auto first = quota.Take("a");
  ASSERT_THAT(first, IsOk());
  auto second = quota.Take("a");
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT(quota.Take("a"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(quota.Take("b"), IsOk());
  first->reset();
  EXPECT_THAT(quota.Take("a"), IsOk());
  SessionQuota unbounded(0);
  EXPECT_THAT(unbounded.Take("a"), IsOk());
}

TEST(TwilioTest, Signatures) {
  // The sample of Twilio's documentation.
  const std::string url = "https://mycompany.com/myapp.php?foo=1&bar=2";
  const std::vector<std::pair<std::string, std::string>> parameters = {
      {"Digits", "1234"},
      {"To", "+18005551212"},
      {"From", "+14158675309"},
      {"Caller", "+14158675309"},
      {"CallSid", "CA1234567890ABCDE"}};
  const std::string signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
  EXPECT_TRUE(IsSignedByTwilio(url, parameters, "12345", signature));
  EXPECT_FALSE(IsSignedByTwilio(url, parameters, "12346", signature));
  EXPECT_FALSE(IsSignedByTwilio(url + "&", parameters, "12345", signature));
  EXPECT_FALSE(IsSignedByTwilio(url, {}, "12345", signature));
  EXPECT_FALSE(IsSignedByTwilio(url, parameters, "12345", ""));
  EXPECT_FALSE(IsSignedByTwilio(url, parameters, "", signature));
}

TEST(RefusalTest, StatusesOfHttp) {
  EXPECT_EQ(RefusalOf(absl::UnauthenticatedError("a")).status, 401);
  EXPECT_EQ(RefusalOf(absl::PermissionDeniedError("a")).status, 403);
  EXPECT_EQ(RefusalOf(absl::InvalidArgumentError("a")).status, 400);
  EXPECT_EQ(RefusalOf(absl::ResourceExhaustedError("a")).status, 429);
  EXPECT_EQ(RefusalOf(absl::InternalError("a")).status, 503);
  EXPECT_EQ(RefusalOf(absl::InternalError("why")).body, "why\n");
}

}  // namespace
}  // namespace parlance::pipeline::door
