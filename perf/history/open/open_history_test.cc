#include "perf/history/open/open_history.h"

#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsNull;
using ::testing::Not;
using ::testing::NotNull;

TEST(OpenHistoryTest, APathIsAFile) {
  const std::string path = absl::StrCat(testing::TempDir(), "/open_history.db");
  std::filesystem::remove(path);
  const auto nothing = OpenHistoryIfThere(path);
  ASSERT_THAT(nothing, IsOk());
  EXPECT_THAT(*nothing, IsNull());
  EXPECT_FALSE(std::filesystem::exists(path)) << "reading makes a history";
  EXPECT_THAT(OpenHistory(path), IsOk());
  const auto history = OpenHistoryIfThere(path);
  ASSERT_THAT(history, IsOk());
  EXPECT_THAT(*history, NotNull());
  EXPECT_FALSE(IsOnServer(path));
  EXPECT_EQ(HistoryName(path), path);
}

TEST(OpenHistoryTest, WithoutLocationThereIsNone) {
  const auto nothing = OpenHistoryIfThere("");
  ASSERT_THAT(nothing, IsOk());
  EXPECT_THAT(*nothing, IsNull());
}

TEST(OpenHistoryTest, AUriIsAServer) {
  // Nobody listens on that port.
  const std::string uri = "postgres://ann:secret@127.0.0.1:1/perf";
  EXPECT_TRUE(IsOnServer(uri));
  EXPECT_EQ(HistoryName(uri), "postgresql://ann@127.0.0.1:1/perf");
  for (const auto& opened : {OpenHistory(uri), OpenHistoryIfThere(uri)}) {
    EXPECT_THAT(opened, StatusIs(absl::StatusCode::kUnavailable,
                                 HasSubstr("history postgresql://ann@127.0.0.1:1/perf: cannot "
                                           "connect to the PostgreSQL server: ")));
    EXPECT_THAT(std::string(opened.status().message()), Not(HasSubstr("secret")));
    EXPECT_THAT(std::string(opened.status().message()), Not(HasSubstr("\n")));
  }
}

TEST(OpenHistoryTest, WhatIsNeitherIsRefusedWithoutAWordOfIt) {
  for (const char* location :
       {"mysql://ann:secret@db/perf", "POSTGRESQL://ann:secret@db/perf",
        "postgresql://ann:1/secret@db/perf", "file://secret/history.db", "host=db password=secret",
        " host = db user=ann password=secret", "hostaddr=10.0.0.1 passfile=secret",
        "service=secret", "dbname=secret", "user=secret", "port=1 password=secret",
        "application_name=a password = 'secret'", "PASSWORD=secret",
        "/home/ann/host=db password=secret"}) {
    const absl::Status checked = CheckHistoryLocation(location);
    EXPECT_THAT(checked, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("postgresql://")));
    EXPECT_THAT(std::string(checked.message()), Not(HasSubstr("secret"))) << location;
    EXPECT_EQ(OpenHistory(location).status(), checked);
  }
  EXPECT_THAT(CheckHistoryLocation("history.db"), IsOk());
  EXPECT_THAT(CheckHistoryLocation(""), IsOk());
  // Names of files have such words, too.
  EXPECT_THAT(CheckHistoryLocation("/home/ann/host=1/user.db"), IsOk());
}

}  // namespace
}  // namespace perf
