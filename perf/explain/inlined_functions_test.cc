#include "perf/explain/inlined_functions.h"

#include <csignal>
#include <cstdint>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/process/testing/fake_program_runner.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

using absl_testing::IsOk;
using absl_testing::IsOkAndHolds;
using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kOutput[] =
    "0x0000000000001139\n"
    "std::max<int>(int const&, int const&)\n"
    "/usr/include/c++/12/bits/stl_algobase.h:254\n"
    "a::Dot16(short const*)\n"
    "/proc/self/cwd/a/dot.h:12 (discriminator 3)\n"
    "a::Resampler::Push(int)\n"
    "/proc/self/cwd/a/resampler.cc:80\n"
    "0x0000000000001140\n"
    "??\n"
    "??:0\n"
    "0x0000000000001150\n"
    "main\n"
    "a.cc:?\n";

TEST(InlinedFunctionsTest, ReadsFrames) {
  const std::map<uint64_t, Frames> frames = ParseFrames(kOutput);
  // What it knows nothing of is left out.
  ASSERT_EQ(frames.size(), 2u);
  const Frames& first = frames.at(0x1139);
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first[1].function, "a::Dot16(short const*)");
  EXPECT_EQ(first[1].file, "/proc/self/cwd/a/dot.h");
  EXPECT_EQ(InlinedFunction(first), "a::Dot16(short const*)");
  // The function itself is not inlined.
  EXPECT_EQ(frames.at(0x1150).size(), 1u);
  EXPECT_EQ(InlinedFunction(frames.at(0x1150)), "");
  EXPECT_EQ(InlinedFunction({}), "");
}

TEST(InlinedFunctionsTest, WhatTheLibraryDoesIsItsCallersOwn) {
  EXPECT_EQ(InlinedFunction({{.function = "std::max", .file = "x"},
                             {.function = "_mm_add_ps", .file = "/usr/lib/gcc/12/xmmintrin.h"},
                             {.function = "__add", .file = "/usr/include/c++/12/cmath"},
                             {.function = "main", .file = "a.cc"}}),
            "");
}

TEST(InlinedFunctionsTest, ANameAloneIsNoDebugInformation) {
  EXPECT_TRUE(HasDebugInformation({{.function = "main", .file = "a.cc"}}));
  EXPECT_FALSE(HasDebugInformation({{.function = "main", .file = "??"}}));
  EXPECT_FALSE(HasDebugInformation({}));
}

TEST(InlinedFunctionsTest, AnyTextMayBeGiven) {
  const std::string output = kOutput;
  for (size_t length = 0; length < output.size(); ++length) ParseFrames(output.substr(length));
  for (size_t length = 0; length < output.size(); ++length) ParseFrames(output.substr(0, length));
  EXPECT_THAT(ParseFrames("main\na.cc:1\n"), IsEmpty());
  EXPECT_THAT(ParseFrames("0x\n0xzz\n"), IsEmpty());
}

TEST(InlinedFunctionsTest, AsksAddr2line) {
  FakeProgramRunner programs;
  std::string asked;
  programs.set_answer([&](const SubprocessOptions& options) {
    std::ifstream file(options.arguments.back().substr(1));
    std::stringstream content;
    content << file.rdbuf();
    asked = content.str();
    return SubprocessResult{.exit_code = 0, .output = kOutput, .errors = ""};
  });
  const absl::StatusOr<std::map<uint64_t, Frames>> frames =
      FindFrames("/bin/a", {0x1139, 0x1140}, testing::TempDir(), programs);
  ASSERT_THAT(frames, IsOk());
  EXPECT_EQ(frames->size(), 2u);
  EXPECT_EQ(asked, "0x1139\n0x1140\n");
  EXPECT_EQ(programs.calls()[0].arguments.front(), "addr2line");
}

TEST(InlinedFunctionsTest, WithoutAddressesItAsksNobody) {
  FakeProgramRunner programs;
  EXPECT_THAT(FindFrames("/bin/a", {}, testing::TempDir(), programs), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(programs.calls(), IsEmpty());
}

TEST(InlinedFunctionsTest, AFailureIsSaid) {
  FakeProgramRunner programs;
  programs.set_answer([](const SubprocessOptions&) {
    return SubprocessResult{.exit_code = 1, .output = "", .errors = "no such file"};
  });
  EXPECT_THAT(FindFrames("/bin/a", {1}, testing::TempDir(), programs),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no such file")));
  programs.set_answer([](const SubprocessOptions&) {
    return SubprocessResult{.exit_code = 128 + SIGINT, .output = "", .errors = ""};
  });
  EXPECT_THAT(FindFrames("/bin/a", {1}, testing::TempDir(), programs),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(FindFrames("/bin/a", {1}, "/nonexistent", programs),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("cannot write")));
}

}  // namespace
}  // namespace perf
