#include "perf/explain/comparison.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "perf/explain/explanation.pb.h"
#include "perf/explain/explanation_text.h"
#include "perf/explain/profile.h"

namespace perf {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr char kProgram[] = "/bin/a";
constexpr char kLibrary[] = "/lib/libc.so.6";

void AddFunction(Profile& profile, const std::string& name, double self, double calls = 1,
                 const std::string& object = kProgram) {
  FunctionCost& cost = profile.functions[name];
  cost.self = cost.inclusive = self;
  cost.calls = calls;
  cost.instructions[{.object = object, .address = 1}] = self;
  profile.instructions += self;
}

void AddCall(Profile& profile, const std::string& caller, const std::string& callee, double calls,
             double instructions) {
  profile.calls[{caller, callee}] = {.calls = calls, .instructions = instructions};
  profile.functions[caller].inclusive += instructions;
}

// A body that calls a::Work, which costs so many instructions.
ProfiledBuild Build(double work) {
  ProfiledBuild build;
  AddFunction(build.profile, "BM_Body(benchmark::State&)", 1000, 0);
  AddFunction(build.profile, "a::Work(int)", work);
  AddCall(build.profile, "BM_Body(benchmark::State&)", "a::Work(int)", 1, work);
  return build;
}

TEST(ComparisonTest, NamesTheFunctionThatChangedMost) {
  ProfiledBuild after = Build(480);
  AddFunction(after.profile, "a::New(int)", 30);
  const Explanation explanation = Compare(Build(100), after);
  EXPECT_EQ(explanation.line(),
            "+410 instructions an iteration (+37.3 %), of which 380 in a::Work");
  EXPECT_EQ(explanation.cause(), CAUSE_FUNCTION);
  EXPECT_EQ(explanation.function(), "a::Work(int)");
  EXPECT_EQ(explanation.instructions_before(), 1100);
  EXPECT_EQ(explanation.instructions_after(), 1510);
  ASSERT_THAT(explanation.functions(), SizeIs(3));
  EXPECT_EQ(explanation.functions(0).function(), "a::Work(int)");
  EXPECT_EQ(explanation.functions(1).function(), "a::New(int)");
  EXPECT_EQ(explanation.functions(1).presence(), FUNCTION_NEW);
  // It only calls what changed.
  EXPECT_EQ(explanation.functions(2).function(), "BM_Body(benchmark::State&)");
  EXPECT_EQ(explanation.functions(2).self_before(), explanation.functions(2).self_after());
  EXPECT_EQ(explanation.functions(2).inclusive_after(), 1480);
  EXPECT_THAT(explanation.notes(), IsEmpty());
}

TEST(ComparisonTest, AnImprovementReadsAlike) {
  EXPECT_EQ(Compare(Build(480), Build(100)).line(),
            "-380 instructions an iteration (-25.7 %), of which -380 in a::Work");
}

TEST(ComparisonTest, WhatIsMoreThanTheWholeIsNotOfIt) {
  ProfiledBuild before = Build(100);
  AddFunction(before.profile, "a::Gone(int)", 200);
  EXPECT_EQ(
      Compare(before, Build(500)).line(),
      "+200 instructions an iteration (+15.4 %): +400 in a::Work, and the other way elsewhere");
}

TEST(ComparisonTest, NamesTheInlinedFunction) {
  ProfiledBuild before = Build(100);
  ProfiledBuild after = Build(480);
  before.inlined["a::Work(int)"] = {{"a::Dot16(short const*)", 20}, {"a::Other()", 40}};
  after.inlined["a::Work(int)"] = {{"a::Dot16(short const*)", 390}, {"a::Other()", 50}};
  const Explanation explanation = Compare(before, after);
  EXPECT_THAT(explanation.line(), HasSubstr("380 in a::Work (inlined: a::Dot16)"));
  ASSERT_THAT(explanation.functions(0).inlined(), SizeIs(2));
  EXPECT_EQ(explanation.functions(0).inlined(0).function(), "a::Dot16(short const*)");
  EXPECT_EQ(explanation.functions(0).inlined(0).after(), 390);
}

TEST(ComparisonTest, AllocationsAreTheirCallers) {
  ProfiledBuild after = Build(105);
  AddFunction(after.profile, "operator new(unsigned long)", 10);
  AddFunction(after.profile, "malloc", 60, 1, kLibrary);
  AddFunction(after.profile, "0x9a5f0 in libc.so.6", 40, 1, kLibrary);
  AddFunction(after.profile, "free", 30, 1, kLibrary);
  const std::string library = "std::__cxx11::basic_string<char>::_M_create(unsigned long&)";
  AddFunction(after.profile, library, 5);
  AddCall(after.profile, "a::Work(int)", library, 1, 115);
  AddCall(after.profile, library, "operator new(unsigned long)", 1, 110);
  AddCall(after.profile, "operator new(unsigned long)", "malloc", 1, 100);
  // Without a name, it is a part of what alone calls it.
  AddCall(after.profile, "malloc", "0x9a5f0 in libc.so.6", 1, 40);
  AddCall(after.profile, "a::Work(int)", "free", 1, 30);
  const Explanation explanation = Compare(Build(100), after);
  EXPECT_EQ(explanation.line(),
            "+150 instructions an iteration (+13.6 %), of which 140 in allocating memory: 1 more "
            "allocation, by a::Work");
  EXPECT_EQ(explanation.cause(), CAUSE_ALLOCATION);
  EXPECT_EQ(explanation.function(), "a::Work(int)");
  EXPECT_EQ(explanation.allocations_before(), 0);
  EXPECT_EQ(explanation.allocations_after(), 1);
  ASSERT_THAT(explanation.allocations(), SizeIs(1));
  EXPECT_EQ(explanation.allocations(0).caller(), "a::Work(int)");
}

TEST(ComparisonTest, CopiesAndLocksAreTheirCallers) {
  ProfiledBuild copies = Build(100);
  AddFunction(copies.profile, "memcpy", 500, 2, kLibrary);
  AddCall(copies.profile, "a::Work(int)", "memcpy", 2, 500);
  EXPECT_THAT(Compare(Build(100), copies).line(),
              HasSubstr("of which 500 in memcpy: 2 more calls, by a::Work"));
  EXPECT_EQ(Compare(Build(100), copies).cause(), CAUSE_COPY);
  ProfiledBuild locks = Build(100);
  AddFunction(locks.profile, "pthread_mutex_lock", 30, 1, kLibrary);
  AddFunction(locks.profile, "pthread_mutex_unlock", 25, 1, kLibrary);
  AddCall(locks.profile, "a::Work(int)", "pthread_mutex_lock", 1, 30);
  AddCall(locks.profile, "a::Work(int)", "pthread_mutex_unlock", 1, 25);
  EXPECT_THAT(Compare(Build(100), locks).line(),
              HasSubstr("of which 55 in locks (pthread_mutex_lock): 1 more lock, by a::Work"));
  EXPECT_EQ(Compare(Build(100), locks).cause(), CAUSE_LOCK);
}

TEST(ComparisonTest, ALibrarysFunctionNamesItsCaller) {
  ProfiledBuild after = Build(100);
  AddFunction(after.profile, "sin", 300, 3, "/lib/libm.so.6");
  AddCall(after.profile, "a::Work(int)", "sin", 3, 300);
  EXPECT_THAT(Compare(Build(100), after).line(),
              HasSubstr("of which 300 in sin (new, called by a::Work)"));
}

TEST(ComparisonTest, TheStandardLibraryNamesWhoAskedForIt) {
  ProfiledBuild after = Build(100);
  AddFunction(after.profile, "void std::__introsort_loop<double*>(double*)", 300, 3);
  AddFunction(after.profile, "void std::sort<double*>(double*)", 1);
  AddCall(after.profile, "void std::sort<double*>(double*)",
          "void std::__introsort_loop<double*>(double*)", 3, 300);
  AddCall(after.profile, "a::Work(int)", "void std::sort<double*>(double*)", 1, 301);
  EXPECT_THAT(Compare(Build(100), after).line(),
              HasSubstr("of which 300 in std::__introsort_loop (new, called by a::Work)"));
}

TEST(ComparisonTest, TheSameInstructionsAreSaidToBeTheSame) {
  const Explanation explanation = Compare(Build(100), Build(100));
  EXPECT_EQ(explanation.line(),
            "the same 1100 instructions an iteration, so what changed is the code's layout, its "
            "memory, locks or waiting");
  EXPECT_EQ(explanation.cause(), CAUSE_NOT_IN_INSTRUCTIONS);
  EXPECT_THAT(explanation.functions(), IsEmpty());
  EXPECT_THAT(explanation.notes(), SizeIs(2));
  // What differs between two processes of one build is no cause.
  EXPECT_EQ(Compare(Build(100'000), Build(100'009)).line(),
            "almost the same instructions an iteration (101009, before 101000), so what changed is "
            "the code's layout, its memory, locks or waiting");
}

TEST(ComparisonTest, FewInstructionsDoNotExplainMuchTime) {
  EXPECT_THAT(Compare(Build(100), Build(120), 40).notes(),
              ElementsAre(HasSubstr("The instructions changed by 1.8 %, the time by 40.0 %")));
  EXPECT_THAT(Compare(Build(100), Build(520), 40).notes(), IsEmpty());
}

TEST(ComparisonTest, SystemCallsAreSaid) {
  ProfiledBuild after = Build(100);
  after.profile.system_calls = 2;
  EXPECT_THAT(Compare(Build(100), after).line(), HasSubstr("waiting; 2 more system calls"));
}

TEST(ComparisonTest, FunctionsThatCallOneAnotherEnd) {
  ProfiledBuild after = Build(480);
  for (const char* name : {"std::f()", "std::g()"}) AddFunction(after.profile, name, 1);
  AddCall(after.profile, "std::f()", "std::g()", 1, 1);
  AddCall(after.profile, "std::g()", "std::f()", 1, 1);
  EXPECT_THAT(Compare(Build(100), after).line(), HasSubstr("in a::Work"));
}

TEST(ComparisonTest, ListsAreBounded) {
  ProfiledBuild after = Build(480);
  for (int i = 0; i < 1000; ++i) {
    const std::string name = absl::StrCat("a::F", i, "(int)");
    AddFunction(after.profile, name, 10 + i);
    AddFunction(after.profile, "malloc", 0);
    AddCall(after.profile, name, "malloc", i, 0);
    for (int j = 0; j < 20; ++j) after.inlined[name][absl::StrCat("g", j)] = j + 1;
  }
  const Explanation explanation = Compare(Build(100), after);
  EXPECT_LE(explanation.functions_size(), 30);
  EXPECT_GE(explanation.functions_size(), 10);
  EXPECT_EQ(explanation.allocations_size(), 10);
  for (const FunctionChange& change : explanation.functions()) EXPECT_LE(change.inlined_size(), 5);
}

TEST(ComparisonTest, TheTextHasNoLongLinesAndNoControlCharacters) {
  ProfiledBuild after = Build(480);
  AddFunction(after.profile, absl::StrCat("a::\x1b[2J", std::string(3000, 'x'), "<b>"), 1000);
  AddFunction(after.profile, "äöü" + std::string(200, 'z'), 900);
  const std::string text = ExplanationText(Compare(Build(100), after));
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    EXPECT_LE(line.size(), 400u) << line;
  }
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("+380 (100 to 480)"));
}

TEST(ComparisonTest, WhatIsNotExplainedSaysWhy) {
  const Explanation explanation = NotExplained("there is no valgrind");
  EXPECT_EQ(explanation.line(), "not explained: there is no valgrind");
  EXPECT_EQ(explanation.cause(), CAUSE_NOT_EXPLAINED);
  EXPECT_EQ(ExplanationText(explanation), "not explained: there is no valgrind\n");
}

}  // namespace
}  // namespace perf
