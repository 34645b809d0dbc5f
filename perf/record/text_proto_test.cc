#include "perf/record/text_proto.h"

#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using ::absl_testing::IsOkAndHolds;
using ::absl_testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

std::string PathOf(const std::string& name) { return absl::StrCat(testing::TempDir(), "/", name); }

TEST(ReadFileTest, ReadsTheWholeFile) {
  const std::string path = PathOf("whole");
  for (const std::string& content :
       {std::string(), std::string("a\0b\n", 4), std::string(200'000, 'x')}) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
    EXPECT_THAT(ReadFile(path), IsOkAndHolds(content));
  }
  // It says that it is empty.
  EXPECT_THAT(ReadFile("/proc/self/stat"), IsOkAndHolds(Not("")));
}

TEST(ReadFileTest, SaysWhyItCannotBeRead) {
  EXPECT_THAT(ReadFile(PathOf("none")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(PathOf("none"))));
  EXPECT_THAT(ReadFile(testing::TempDir()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("directory")));
}

TEST(ReadFileTest, WhatHasNoEndIsRefused) {
  for (const char* device : {"/dev/zero", "/dev/null"}) {
    EXPECT_THAT(ReadFile(device, 100),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(absl::StrCat("cannot read ", device, ": it is a device"))));
  }
}

TEST(ReadFileTest, ALimitIsNamed) {
  const std::string path = PathOf("limited");
  std::ofstream(path) << "0123456789";
  EXPECT_THAT(ReadFile(path, 10), IsOkAndHolds("0123456789"));
  EXPECT_THAT(ReadFile(path, 9), StatusIs(absl::StatusCode::kResourceExhausted,
                                          HasSubstr("it has more than 9 bytes, which is the")));
  EXPECT_THAT(ReadFile("/proc/self/stat", 9), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(ReadFileTest, APipeIsReadToItsEnd) {
  const std::string path = PathOf("pipe");
  std::remove(path.c_str());
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  for (const size_t limit : {size_t{100'000}, size_t{99'999}}) {
    std::thread writer([&] { std::ofstream(path) << std::string(100'000, 'x'); });
    const auto read = ReadFile(path, limit);
    writer.join();
    if (limit == 100'000) {
      EXPECT_THAT(read, IsOkAndHolds(std::string(100'000, 'x')));
    } else {
      EXPECT_THAT(read, StatusIs(absl::StatusCode::kResourceExhausted));
    }
  }
}

}  // namespace
}  // namespace perf
