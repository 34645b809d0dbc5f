#include "perf/program/loaded_size.h"

#include <fstream>
#include <iterator>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;

constexpr char kProgram[] = "perf/program/launcher";

std::string Written(const std::string& name, const std::string& content) {
  const std::string path = absl::StrCat(testing::TempDir(), "/", name);
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::string ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(SizeOfProgramTest, DebugInformationIsNotLoaded) {
  const absl::StatusOr<ProgramSize> size = SizeOfProgram(kProgram);
  ASSERT_THAT(size, IsOk());
  EXPECT_EQ(size->file_bytes, static_cast<int64_t>(ContentOf(kProgram).size()));
  EXPECT_GT(size->loaded_bytes, 1000);
  EXPECT_LT(size->loaded_bytes, size->file_bytes);
  // What is added behind the program is in the file, and is not loaded.
  const absl::StatusOr<ProgramSize> longer =
      SizeOfProgram(Written("longer", ContentOf(kProgram) + std::string(1000, 'x')));
  ASSERT_THAT(longer, IsOk());
  EXPECT_EQ(longer->file_bytes, size->file_bytes + 1000);
  EXPECT_EQ(longer->loaded_bytes, size->loaded_bytes);
}

TEST(SizeOfProgramTest, OfAScriptAllIsRead) {
  const absl::StatusOr<ProgramSize> size = SizeOfProgram(Written("script", "#!/bin/sh\nexit\n"));
  ASSERT_THAT(size, IsOk());
  EXPECT_EQ(size->file_bytes, 15);
  EXPECT_EQ(size->loaded_bytes, 15);
}

TEST(SizeOfProgramTest, WhatCannotBeReadSaysSo) {
  EXPECT_THAT(SizeOfProgram("none"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("cannot read none")));
  EXPECT_THAT(SizeOfProgram(Written("short", ContentOf(kProgram).substr(0, 100))),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is cut short")));
}

}  // namespace
}  // namespace perf
