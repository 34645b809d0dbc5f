#include "perf/code/linked_code.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

namespace fs = std::filesystem;

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;

constexpr char kHarness[] = "perf/code/testdata/harness";

std::string ProgramOf(const std::string& variant) {
  std::error_code error;
  return fs::canonical(absl::StrCat(getenv("TEST_SRCDIR"), "/", getenv("TEST_WORKSPACE"),
                                    "/perf/code/testdata/program_", variant),
                       error)
      .string();
}

CodeComparison Compare(const std::string& one, const std::string& other,
                       const std::string& harness = kHarness) {
  CodeComparer comparer(harness);
  const auto comparison = comparer.Compare(one, other);
  EXPECT_THAT(comparison, IsOk());
  if (!comparison.ok()) return {.sameness = Sameness::kChanged, .what = "no comparison"};
  return *comparison;
}

// The plain program's counterpart.
CodeComparison CompareWithPlain(const std::string& variant) {
  return Compare(ProgramOf("plain"), ProgramOf(variant));
}

testing::Matcher<CodeComparison> IsUnchanged(const std::string& what) {
  return testing::AllOf(testing::Field(&CodeComparison::sameness, Sameness::kUnchangedCode),
                        testing::Field(&CodeComparison::what, what));
}

testing::Matcher<CodeComparison> IsChanged(const testing::Matcher<std::string>& what) {
  return testing::AllOf(testing::Field(&CodeComparison::sameness, Sameness::kChanged),
                        testing::Field(&CodeComparison::what, what));
}

TEST(LinkedCodeTest, AProgramIsItself) {
  EXPECT_EQ(CompareWithPlain("plain").sameness, Sameness::kIdentical);
}

TEST(LinkedCodeTest, CommentsAndLinesAreNoCode) {
  EXPECT_THAT(CompareWithPlain("commented"), IsUnchanged("debug information"));
}

TEST(LinkedCodeTest, TheOrderOfObjectsIsNoCode) {
  EXPECT_THAT(CompareWithPlain("order"), IsUnchanged("debug information"));
}

TEST(LinkedCodeTest, TheHarnessIsApart) {
  EXPECT_THAT(CompareWithPlain("changed_harness"),
              IsUnchanged("the harness (perf/code/testdata/harness) and debug information"));
  EXPECT_THAT(Compare(ProgramOf("plain"), ProgramOf("changed_harness"), ""),
              IsChanged("perf/code/testdata/harness/harness.o changed"));
}

// Its own programs are measured for its own sake.
TEST(LinkedCodeTest, AProgramOfTheHarnessHasNone) {
  EXPECT_THAT(Compare(ProgramOf("plain"), ProgramOf("changed_harness"), "perf/code/testdata"),
              IsChanged("perf/code/testdata/harness/harness.o changed"));
}

TEST(LinkedCodeTest, TheProductCounts) {
  EXPECT_THAT(CompareWithPlain("callee"), IsChanged("perf/code/testdata/product.o changed"));
}

TEST(LinkedCodeTest, AnAddedObjectCounts) {
  EXPECT_THAT(CompareWithPlain("added"), IsChanged("perf/code/testdata/added.o is new"));
  EXPECT_THAT(Compare(ProgramOf("added"), ProgramOf("plain")),
              IsChanged("perf/code/testdata/added.o is gone"));
  // Even if nothing asks for it yet: how it is linked is a part of what is compared.
  EXPECT_THAT(CompareWithPlain("added_on_demand"), IsChanged("perf/code/testdata/added.o is new"));
  EXPECT_THAT(Compare(ProgramOf("added"), ProgramOf("added_on_demand")),
              IsChanged("perf/code/testdata/added.o changed"));
}

// Else it could be linked, and started, or take another's place, unnoticed.
TEST(LinkedCodeTest, WhatTheHarnessAsksForCounts) {
  EXPECT_THAT(Compare(ProgramOf("added_on_demand"), ProgramOf("asks_for_added")),
              IsChanged("the linked product::added is another"));
}

TEST(LinkedCodeTest, ALibraryOfTheDistributionCounts) {
  EXPECT_THAT(CompareWithPlain("library"), IsChanged("the link's argument -ldl is new"));
}

TEST(LinkedCodeTest, TheHarnessCopyOfAFunctionCounts) {
  EXPECT_THAT(CompareWithPlain("changed_shared"),
              IsChanged("the linked product::Shared(int) may be another"));
  // Which of two different ones the linker takes depends on their order.
  EXPECT_THAT(Compare(ProgramOf("changed_shared"), ProgramOf("changed_shared_first")),
              IsChanged("the linked product::Shared(int) may be another"));
}

TEST(LinkedCodeTest, WhatTheHarnessPutsInALibrarysPlaceCounts) {
  EXPECT_THAT(CompareWithPlain("ffs"), IsChanged("the linked ffs may be another"));
  // What differs is another function, which this one calls.
  EXPECT_THAT(Compare(ProgramOf("ffs"), ProgramOf("other_ffs")),
              IsChanged("the linked FirstBit(int) may be another"));
}

TEST(LinkedCodeTest, WhereTheHarnessBeginsIsInNobodysPlace) {
  EXPECT_THAT(Compare(ProgramOf("main"), ProgramOf("other_main")),
              IsUnchanged("the harness (perf/code/testdata/harness) and debug information"));
}

// Two builds with parameter files that the tests write: the plain program's and the commented
// one's, with absolute paths.
class ParametersTest : public testing::Test {
 protected:
  ParametersTest()
      : root_(absl::StrCat(testing::TempDir(), "/",
                           testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::error_code error;
    fs::remove_all(root_, error);
    for (const std::string variant : {"plain", "commented"}) {
      const std::string original = ProgramOf(variant);
      std::ifstream file(original + "-2.params");
      std::string parameters{std::istreambuf_iterator<char>(file),
                             std::istreambuf_iterator<char>()};
      const std::string execution_root = original.substr(0, original.find("/bazel-out/"));
      const size_t output = parameters.find("bazel-out/");
      const size_t end = parameters.find('\n', output);
      const std::string tail = absl::StrReplaceAll(
          parameters.substr(end),
          {{"\nbazel-out/", absl::StrCat("\n", execution_root, "/bazel-out/")}});
      const fs::path program = PathOf(variant);
      fs::create_directories(program.parent_path(), error);
      fs::copy_file(original, program, error);
      EXPECT_FALSE(error) << error.message();
      parameters_ = absl::StrCat("-o\nbazel-out/x/bin/p", tail);
      std::ofstream(program.string() + "-2.params") << parameters_;
    }
  }

  std::string PathOf(const std::string& variant) const {
    return absl::StrCat(root_, "/", variant, "/bazel-out/x/bin/p");
  }

  // Compares with the commented program, once its parameter file says `parameters`.
  CodeComparison CompareAfter(const std::string& parameters) {
    std::ofstream(PathOf("commented") + "-2.params") << parameters;
    return Compare(PathOf("plain"), PathOf("commented"));
  }

  const std::string root_;
  std::string parameters_;
};

TEST_F(ParametersTest, AreReadWhereverTheyAre) {
  EXPECT_THAT(CompareAfter(parameters_), IsUnchanged("debug information"));
}

TEST_F(ParametersTest, WithoutThemBytesAreCompared) {
  std::error_code error;
  fs::remove(PathOf("commented") + "-2.params", error);
  EXPECT_THAT(Compare(PathOf("plain"), PathOf("commented")), IsChanged("the program changed"));
}

TEST_F(ParametersTest, TwoOfThemAreNone) {
  std::ofstream(PathOf("commented") + "-0.params") << parameters_;
  EXPECT_THAT(Compare(PathOf("plain"), PathOf("commented")), IsChanged("the program changed"));
}

TEST_F(ParametersTest, WhatIsNotUnderstoodIsNotPassedOver) {
  for (const std::string added : {"bazel-out/x/bin/gone.o", "@more.params", "'quoted'",
                                  "-Wl,-rpath,\"quoted\"", "-Lbazel-out"}) {
    EXPECT_THAT(CompareAfter(absl::StrCat(parameters_, added, "\n")),
                IsChanged("the program changed"))
        << added;
  }
  EXPECT_THAT(CompareAfter(absl::StrReplaceAll(parameters_, {{"bin/p\n", "bin/q\n"}})),
              IsChanged("the program changed"));
  EXPECT_THAT(CompareAfter(absl::StrCat(parameters_, "-o\nother\n")),
              IsChanged("the program changed"));
}

// A script for the linker could do anything.
TEST_F(ParametersTest, FilesInOptionsCountByteForByte) {
  for (const std::string variant : {"plain", "commented"}) {
    std::ofstream(absl::StrCat(root_, "/", variant, "/script")) << "{ local: *; };";
    std::ofstream(PathOf(variant) + "-2.params", std::ios::app) << "-Wl,--version-script=script\n";
  }
  EXPECT_THAT(Compare(PathOf("plain"), PathOf("commented")), IsUnchanged("debug information"));
  std::ofstream(root_ + "/commented/script", std::ios::app) << " ";
  EXPECT_THAT(Compare(PathOf("plain"), PathOf("commented")), IsChanged("script changed"));
}

TEST_F(ParametersTest, AMissingProgramIsAnError) {
  CodeComparer comparer(kHarness);
  EXPECT_THAT(comparer.Compare(PathOf("plain"), root_ + "/none"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("cannot read ")));
}

}  // namespace
}  // namespace perf
