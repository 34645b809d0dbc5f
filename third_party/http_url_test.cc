#include "third_party/http_url.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace http_url {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::Not;

TEST(HttpUrlTest, TellsTheOriginAndNoMore) {
  for (const auto& [url, origin] :
       {std::pair{"http://a.example/path?key=secret#x", "http://a.example"},
        std::pair{"HTTPS://a.example:8443", "https://a.example:8443"},
        std::pair{"http://user:secret@a.example:1/", "http://a.example:1"},
        std::pair{"http://[::1]:8080/v1", "http://[::1]:8080"}}) {
    const absl::StatusOr<Url> read = Read(url);
    ASSERT_THAT(read, IsOk()) << url;
    EXPECT_EQ(read->origin, origin);
  }
  EXPECT_EQ(Read("http://a.example/b/c/?d#e")->path, "/b/c/");
  EXPECT_EQ(Read("http://a.example")->path, "/");
  EXPECT_TRUE(Read("http://user:secret@a.example")->has_credentials);
  EXPECT_TRUE(Read("http://:secret@a.example")->has_credentials);
  EXPECT_TRUE(Read("http://user@a.example")->has_credentials);
  EXPECT_FALSE(Read("http://a.example/user:secret@b.example")->has_credentials);
}

TEST(HttpUrlTest, WhatIsNoUrlIsRefusedWithoutAWordOfIt) {
  for (const std::string url : {"", "secret", "ftp://secret/", "file:///secret", "http://",
                                "http://secret :1/", "http://secret:port/"}) {
    EXPECT_THAT(Read(url), StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("secret"))))
        << url;
  }
  EXPECT_THAT(Read(std::string("http://localhost\0.evil.example", 30)),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(HttpUrlTest, ThisMachineIsAnAddressOrLocalhostAndNoOtherName) {
  for (const char* const url : {"http://127.0.0.1", "http://127.255.255.254:80/x", "http://127.1",
                                "http://localhost:1", "http://LOCALHOST", "https://[::1]",
                                "http://user@127.0.0.1", "http://[0:0:0:0:0:0:0:1]/"}) {
    EXPECT_TRUE(Read(url)->is_this_machine) << url;
  }
  for (const char* const url :
       {"http://127.attacker.example/v1", "http://127.0.0.1.evil.example", "http://128.0.0.1",
        "http://localhost.evil.example", "http://127.0.0.1@evil.example", "http://[::2]",
        "http://[::ffff:10.0.0.1]", "http://126.255.255.255"}) {
    EXPECT_FALSE(Read(url)->is_this_machine) << url;
  }
}

}  // namespace
}  // namespace http_url
