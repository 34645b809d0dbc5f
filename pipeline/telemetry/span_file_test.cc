#include "pipeline/telemetry/span_file.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/telemetry/span_destination.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::HasSubstr;

constexpr char kLine[] = R"({"resourceSpans":[]})";

std::string PathOf(const std::string& name) {
  return absl::StrCat(std::getenv("TEST_TMPDIR"), "/", name);
}

std::string ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void Write(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

TEST(SpanFileTest, EachRequestIsALineAndEarlierOnesStay) {
  const std::string path = PathOf("lines.jsonl");
  for (int i = 0; i < 2; ++i) {
    const auto file = OpenSpanFile(path);
    ASSERT_THAT(file, IsOk());
    EXPECT_EQ((*file)->Send(kLine).kind, SendResult::Kind::kAccepted);
  }
  EXPECT_EQ(ContentOf(path), absl::StrCat(kLine, "\n", kLine, "\n"));
  struct stat status = {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u) << "others may read it";
}

TEST(SpanFileTest, HalfALineOfARunThatWasKilledSpoilsNoOther) {
  const std::string path = PathOf("killed.jsonl");
  Write(path, absl::StrCat(kLine, "\n", R"({"resourceSpans":[{"re)"));
  const auto file = OpenSpanFile(path);
  ASSERT_THAT(file, IsOk());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ((*file)->Send(kLine).kind, SendResult::Kind::kAccepted);
  }
  EXPECT_EQ(ContentOf(path),
            absl::StrCat(kLine, "\n", R"({"resourceSpans":[{"re)", "\n", kLine, "\n", kLine, "\n"));
}

TEST(SpanFileTest, WhatIsNoFileOfTracesIsLeftAlone) {
  for (const std::string content : {"precious", "{\"resource", "RIFF"}) {
    const std::string path = PathOf("other");
    Write(path, content);
    EXPECT_THAT(OpenSpanFile(path), StatusIs(absl::StatusCode::kInvalidArgument,
                                             AllOf(HasSubstr(path), HasSubstr("name another"))));
    EXPECT_EQ(ContentOf(path), content);
  }
  const std::string empty = PathOf("empty");
  Write(empty, "");
  EXPECT_THAT(OpenSpanFile(empty), IsOk());
}

TEST(SpanFileTest, WhatCannotBeOpenedSaysWhy) {
  EXPECT_THAT(OpenSpanFile(PathOf("no/where")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_FALSE(OpenSpanFile(std::getenv("TEST_TMPDIR")).ok());
}

TEST(SpanFileTest, AFullDiskIsRefused) {
  const auto file = OpenSpanFile("/dev/full");
  ASSERT_THAT(file, IsOk());
  const SendResult result = (*file)->Send(kLine);
  EXPECT_EQ(result.kind, SendResult::Kind::kRefused);
  EXPECT_THAT(result.message, HasSubstr("No space left"));
}

}  // namespace
}  // namespace parlance::pipeline
