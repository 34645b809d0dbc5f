#include "perf/explain/comparison.h"

#include <string>
#include <vector>

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

TEST(ComparisonTest, WhatDiffersByLittleFromRunToRunGoesNoOtherWay) {
  ProfiledBuild before = Build(100);
  AddFunction(before.profile, "a::Waits(int)", 2);
  EXPECT_EQ(Compare(before, Build(480)).line(),
            "+378 instructions an iteration (+34.3 %), all of them in a::Work");
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

TEST(ComparisonTest, WhatIsKnownOfOneBuildAloneIsNotCompared) {
  ProfiledBuild before = Build(100);
  ProfiledBuild after = Build(480);
  after.inlined["a::Work(int)"] = {{"a::Dot16(short const*)", 390}};
  const Explanation unknown = Compare(before, after);
  EXPECT_THAT(unknown.line(), Not(HasSubstr("inlined")));
  EXPECT_THAT(unknown.functions(0).inlined(), IsEmpty());
  // It is known that nothing was inlined.
  before.inlined["a::Work(int)"] = {};
  EXPECT_THAT(Compare(before, after).line(), HasSubstr("(inlined: a::Dot16)"));
  // The other build does not have it.
  before.profile.functions.erase("a::Work(int)");
  before.inlined.clear();
  EXPECT_THAT(Compare(before, after).line(), HasSubstr("(new, inlined: a::Dot16)"));
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

// Two functions of which each has a function of the standard library allocate, so often.
ProfiledBuild Strings(double a, double b) {
  ProfiledBuild build;
  const std::string library = "std::__cxx11::basic_string<char>::_M_create(unsigned long&)";
  AddFunction(build.profile, "a::A(int)", 1000);
  AddFunction(build.profile, "a::B(int)", 1000);
  AddFunction(build.profile, library, 5 * (a + b), a + b);
  AddFunction(build.profile, "operator new(unsigned long)", 50 * (a + b), a + b);
  AddCall(build.profile, "a::A(int)", library, a, 55 * a);
  AddCall(build.profile, "a::B(int)", library, b, 55 * b);
  AddCall(build.profile, library, "operator new(unsigned long)", a + b, 50 * (a + b));
  return build;
}

// "caller before after"
std::vector<std::string> AllocationsOf(const Explanation& explanation) {
  std::vector<std::string> lines;
  for (const AllocationChange& change : explanation.allocations()) {
    lines.push_back(absl::StrCat(change.caller(), " ", IterationFigure(change.before()), " ",
                                 IterationFigure(change.after())));
  }
  return lines;
}

TEST(ComparisonTest, AllocationsThroughALibraryAreDividedAmongItsCallers) {
  EXPECT_THAT(AllocationsOf(Compare(Strings(0, 0), Strings(3, 2))),
              ElementsAre("a::A(int) 0 3", "a::B(int) 0 2"));
  EXPECT_THAT(AllocationsOf(Compare(Strings(3, 0), Strings(0, 3))),
              ElementsAre("a::A(int) 3 0", "a::B(int) 0 3"));
  const Explanation more = Compare(Strings(0, 10), Strings(1, 10));
  EXPECT_THAT(AllocationsOf(more), ElementsAre("a::A(int) 0 1"));
  EXPECT_THAT(more.line(), HasSubstr("1 more allocation, by a::A"));
  EXPECT_EQ(more.allocations_before(), 10);
  EXPECT_EQ(more.allocations_after(), 11);
}

TEST(ComparisonTest, LibrariesThatCallOneAnotherStillHaveOwners) {
  ProfiledBuild after = Strings(1, 0);
  const std::string library = "std::__cxx11::basic_string<char>::_M_create(unsigned long&)";
  AddFunction(after.profile, "std::f()", 1);
  AddCall(after.profile, "std::f()", library, 1, 55);
  AddCall(after.profile, library, "std::f()", 1, 55);
  EXPECT_THAT(AllocationsOf(Compare(Strings(0, 0), after)), ElementsAre("a::A(int) 0 1"));
}

TEST(ComparisonTest, WhatOtherAllocatorsAndLibrariesTakeIsTheirCallers) {
  for (const char* name : {"strdup", "getline", "realloc"}) {
    ProfiledBuild after = Build(100);
    AddFunction(after.profile, name, 1, 1, kLibrary);
    AddFunction(after.profile, "malloc", 60, 1, kLibrary);
    AddCall(after.profile, "a::Work(int)", name, 1, 61);
    AddCall(after.profile, name, "malloc", 1, 60);
    EXPECT_THAT(AllocationsOf(Compare(Build(100), after)), ElementsAre("a::Work(int) 0 1")) << name;
  }
  // What it copies, too.
  ProfiledBuild after = Build(100);
  AddFunction(after.profile, "realloc", 1, 1, kLibrary);
  AddFunction(after.profile, "memcpy", 600, 1, kLibrary);
  AddCall(after.profile, "a::Work(int)", "realloc", 1, 601);
  AddCall(after.profile, "realloc", "memcpy", 1, 600);
  EXPECT_THAT(Compare(Build(100), after).line(),
              HasSubstr("600 in memcpy: 1 more call, by a::Work"));
}

TEST(ComparisonTest, WhoAllocatesMoreIsNotWhoGivesBackMore) {
  ProfiledBuild after = Build(100);
  AddFunction(after.profile, "a::Clear(int)", 1);
  AddFunction(after.profile, "malloc", 60, 1, kLibrary);
  AddFunction(after.profile, "free", 300, 1, kLibrary);
  AddCall(after.profile, "a::Work(int)", "malloc", 1, 60);
  AddCall(after.profile, "a::Clear(int)", "free", 1, 300);
  const Explanation explanation = Compare(Build(100), after);
  EXPECT_THAT(explanation.line(), HasSubstr("1 more allocation, by a::Work"));
  EXPECT_EQ(explanation.function(), "a::Work(int)");
}

TEST(ComparisonTest, OnlyLocksThatAreTakenAreCounted) {
  ProfiledBuild after = Build(100);
  for (const char* name : {"pthread_mutex_lock", "pthread_mutex_unlock", "pthread_mutex_init",
                           "pthread_cond_signal", "pthread_mutex_destroy", "sem_post"}) {
    AddFunction(after.profile, name, 20, 1, kLibrary);
    AddCall(after.profile, "a::Work(int)", name, 1, 20);
  }
  EXPECT_THAT(Compare(Build(100), after).line(), HasSubstr(": 1 more lock, by a::Work"));
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
            "the same 1100 instructions an iteration; if the time changed, it is by the code's "
            "layout, its memory, locks or waiting");
  EXPECT_EQ(Compare(Build(100), Build(100), 40).line(),
            "the same 1100 instructions an iteration, so what changed is the code's layout, its "
            "memory, locks or waiting");
  EXPECT_EQ(explanation.cause(), CAUSE_NOT_IN_INSTRUCTIONS);
  EXPECT_THAT(explanation.functions(), IsEmpty());
  EXPECT_THAT(explanation.notes(), SizeIs(2));
  // What differs between two processes of one build is no cause.
  EXPECT_EQ(Compare(Build(100'000), Build(100'009), 40).line(),
            "almost the same instructions an iteration (101009, before 101000), so what changed is "
            "the code's layout, its memory, locks or waiting");
}

TEST(ComparisonTest, FewInstructionsDoNotExplainMuchTime) {
  const Explanation explanation = Compare(Build(100), Build(120), 40);
  EXPECT_EQ(
      explanation.line(),
      "the instructions changed by +1.8 %, the time by +40.0 %: look at the code's layout, its "
      "memory, locks and waiting");
  EXPECT_EQ(explanation.cause(), CAUSE_NOT_IN_INSTRUCTIONS);
  EXPECT_EQ(explanation.function(), "");
  EXPECT_THAT(explanation.notes(), Contains(HasSubstr("perf stat")));
  // It is still seen what changed.
  EXPECT_EQ(explanation.functions(0).function(), "a::Work(int)");
  // As much as a third may be the cause.
  EXPECT_EQ(Compare(Build(100), Build(520), 40).cause(), CAUSE_FUNCTION);
  EXPECT_EQ(Compare(Build(100), Build(260), 40).cause(), CAUSE_FUNCTION);
}

TEST(ComparisonTest, InstructionsThatGoTheOtherWayDoNotExplainTime) {
  EXPECT_EQ(Compare(Build(1000), Build(400), 40).line(),
            "the instructions changed by -30.0 %, the time by +40.0 %: look at the code's layout, "
            "its memory, locks and waiting");
  EXPECT_EQ(Compare(Build(1000), Build(400), 40).cause(), CAUSE_NOT_IN_INSTRUCTIONS);
  EXPECT_THAT(Compare(Build(400), Build(1000), -40).line(),
              HasSubstr("changed by +42.9 %, the time by -40.0 %"));
  EXPECT_EQ(Compare(Build(400), Build(1000), 40).cause(), CAUSE_FUNCTION);
  EXPECT_EQ(Compare(Build(1000), Build(400), -40).cause(), CAUSE_FUNCTION);
}

TEST(ComparisonTest, SlowerIsMoreTimeWhicheverFigureIsMeasured) {
  EXPECT_DOUBLE_EQ(TimePercent(1.4, /*higher_is_better=*/false), 40);
  EXPECT_DOUBLE_EQ(TimePercent(0.8, /*higher_is_better=*/false), -20);
  EXPECT_DOUBLE_EQ(TimePercent(0.8, /*higher_is_better=*/true), 25);
  EXPECT_DOUBLE_EQ(TimePercent(2, /*higher_is_better=*/true), -50);
  EXPECT_EQ(TimePercent(0, /*higher_is_better=*/true), 0);
}

TEST(ComparisonTest, WhatCostsMoreThanItsInstructionsIsSaidBesideThem) {
  ProfiledBuild after = Build(100);
  for (const char* name : {"malloc", "pthread_mutex_lock", "pthread_mutex_unlock"}) {
    AddFunction(after.profile, name, 0.2, 2, kLibrary);
    AddCall(after.profile, "a::Work(int)", name, 2, 0.2);
  }
  EXPECT_THAT(Compare(Build(100), after, 40).line(),
              HasSubstr("locks or waiting; 2 more allocations; 2 more locks"));
  after = Build(100);
  AddFunction(after.profile, "pthread_mutex_lock", 20, 1, kLibrary);
  AddCall(after.profile, "a::Work(int)", "pthread_mutex_lock", 1, 20);
  EXPECT_THAT(Compare(Build(100), after, 40).line(),
              HasSubstr("the time by +40.0 %: look at the code's layout, its memory, locks and "
                        "waiting; 1 more lock"));
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
  AddFunction(after.profile, absl::StrCat("a::\x1b", std::string(3000, 'x'), "<b>"), 1000);
  AddFunction(after.profile, "äöü" + std::string(200, 'z'), 900);
  const std::string text = ExplanationText(Compare(Build(100), after));
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    EXPECT_LE(line.size(), 100u) << line;
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
