#include "perf/bazel/test_program.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/code/linked_code.h"
#include "third_party/status_matchers.h"

namespace perf {
namespace {

namespace fs = std::filesystem;

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::Field;
using testing::Matcher;

constexpr char kRequirements[] = "a/requirements.textproto";

// Two builds of one test.
class TestProgramTest : public testing::Test {
 protected:
  TestProgramTest() : one_(Program("one")), other_(Program("other")) {}

  static std::string Folder(const std::string& name) {
    std::string folder =
        absl::StrCat(testing::TempDir(), "/",
                     testing::UnitTest::GetInstance()->current_test_info()->name(), "/", name);
    std::error_code error;
    fs::remove_all(folder, error);
    fs::create_directories(folder, error);
    return folder;
  }

  static TestProgram Program(const std::string& name) {
    TestProgram program;
    program.label = "//a:t";
    program.executable = Folder(name) + "/t";
    program.directory = program.executable + ".runfiles/w";
    std::error_code error;
    fs::create_directories(program.directory + "/a", error);
    std::ofstream(program.executable) << "program";
    // A program is among its runfiles, under its own name.
    fs::create_symlink(program.executable, program.directory + "/a/" + name, error);
    return program;
  }

  // A file in the workspace's folder of the runfiles.
  static void Write(const TestProgram& program, const std::string& name,
                    const std::string& content) {
    std::ofstream(absl::StrCat(program.directory, "/", name)) << content;
  }

  // Makes a program that Bazel linked a runfile.
  static void Link(const TestProgram& program, const std::string& name,
                   const std::string& variant) {
    std::error_code error;
    fs::create_symlink(absl::StrCat(getenv("TEST_SRCDIR"), "/", getenv("TEST_WORKSPACE"),
                                    "/perf/code/testdata/program_", variant),
                       absl::StrCat(program.directory, "/", name), error);
    EXPECT_FALSE(error) << error.message();
  }

  CodeComparison Compare() {
    CodeComparer comparer("perf/code/testdata/harness");
    const auto comparison = CompareTestPrograms(one_, other_, kRequirements, comparer);
    EXPECT_THAT(comparison, IsOk());
    return comparison.ok() ? *comparison : CodeComparison{};
  }

  const TestProgram one_;
  const TestProgram other_;
};

Matcher<CodeComparison> Is(Sameness sameness, const std::string& what) {
  return AllOf(Field(&CodeComparison::sameness, sameness), Field(&CodeComparison::what, what));
}

TEST_F(TestProgramTest, IsFoundWhereBazelBuildsIt) {
  const std::string bin = Folder("bin");
  SuiteTest test;
  test.set_label("//audio/vad:vad_test");
  test.set_requirements("audio/requirements.textproto");
  EXPECT_THAT(FindTestProgram(test, bin, "parlance"), StatusIs(absl::StatusCode::kNotFound));
  std::error_code error;
  fs::create_directories(bin + "/audio/vad/vad_test.runfiles/parlance", error);
  std::ofstream(bin + "/audio/vad/vad_test") << "program";
  const auto program = FindTestProgram(test, bin, "parlance");
  ASSERT_THAT(program, IsOk());
  EXPECT_EQ(program->executable, bin + "/audio/vad/vad_test");
  EXPECT_EQ(program->variables.at("PERF_REQUIREMENTS"), "audio/requirements.textproto");
}

TEST_F(TestProgramTest, IsTheSameWithTheSameFiles) {
  EXPECT_THAT(Compare(), Is(Sameness::kIdentical, ""));
  std::ofstream(one_.executable + ".runfiles/MANIFEST") << "where it is";
  EXPECT_THAT(Compare(), Is(Sameness::kIdentical, ""));
  Write(one_, "data", "a");
  EXPECT_THAT(Compare(), Is(Sameness::kChanged, "w/data is gone"));
  Write(other_, "data", "b");
  EXPECT_THAT(Compare(), Is(Sameness::kChanged, "w/data changed"));
  Write(other_, "data", "a");
  EXPECT_THAT(Compare(), Is(Sameness::kIdentical, ""));
  Write(other_, "more", "a");
  EXPECT_THAT(Compare(), Is(Sameness::kChanged, "w/more is new"));
}

TEST_F(TestProgramTest, AProgramOfWhichNothingIsKnownIsComparedByItsBytes) {
  std::ofstream(one_.executable) << "another program";
  EXPECT_THAT(Compare(), Is(Sameness::kChanged, "the program changed"));
}

TEST_F(TestProgramTest, ProgramsAmongTheRunfilesAreComparedByTheirCode) {
  Link(one_, "tool", "plain");
  Link(other_, "tool", "commented");
  EXPECT_THAT(Compare(), Is(Sameness::kUnchangedCode, "debug information"));
}

TEST_F(TestProgramTest, ChangedProgramsAmongTheRunfilesCount) {
  Link(one_, "tool", "plain");
  Link(other_, "tool", "callee");
  EXPECT_THAT(Compare(), Is(Sameness::kChanged, "perf/code/testdata/product.o changed"));
}

TEST_F(TestProgramTest, OfTheRequirementsTheLoadsCount) {
  const auto requirements = [](int limit, int load) {
    return absl::StrCat(
        "component: 'a' requirements { measurement: 'a.time' statistic: MEDIAN at_most: ", limit,
        " unit: 'ms' why: 'it is heard' } loads { name: 'calls' quick: 1 default: 2 long: ", load,
        " }");
  };
  Write(one_, kRequirements, requirements(10, 5));
  Write(other_, kRequirements, requirements(20, 5));
  EXPECT_THAT(Compare(), Is(Sameness::kUnchangedCode, "limits in the requirements"));
  Write(other_, kRequirements, requirements(10, 6));
  EXPECT_THAT(Compare(), Is(Sameness::kChanged, "w/a/requirements.textproto changed its loads"));
  std::string smaller = requirements(10, 5);
  smaller.insert(smaller.rfind('}'), " ab: 1 ");
  Write(other_, kRequirements, smaller);
  EXPECT_THAT(Compare(), Is(Sameness::kChanged, "w/a/requirements.textproto changed its loads"));
  Write(other_, kRequirements, "no requirements");
  EXPECT_THAT(Compare(), Is(Sameness::kChanged, "w/a/requirements.textproto changed its loads"));
  // Only the file that the test reads as such.
  Write(other_, kRequirements, requirements(10, 5));
  Write(one_, "requirements.textproto", requirements(10, 5));
  Write(other_, "requirements.textproto", requirements(20, 5));
  EXPECT_THAT(Compare(), Is(Sameness::kChanged, "w/requirements.textproto changed"));
}

}  // namespace
}  // namespace perf
