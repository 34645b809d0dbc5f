#include "perf/explain/flame_graph.h"

#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "google/protobuf/io/gzip_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "gtest/gtest.h"
#include "perf/explain/call_tree.h"
#include "perf/explain/comparison.h"
#include "perf/explain/pprof.pb.h"

namespace perf {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

void Add(Profile& profile, const std::string& name, double self, double inclusive) {
  FunctionCost& cost = profile.functions[name];
  cost.self = self;
  cost.inclusive = inclusive;
  profile.instructions += self;
}

// Two callers of one function, into which a third is inlined.
ProfiledBuild Build(double dot) {
  ProfiledBuild build;
  Profile& profile = build.profile;
  Add(profile, "BM_Push(benchmark::State&)", 100, 600 + dot);
  Add(profile, "a::Push(int)", 200, 300 + dot / 2);
  Add(profile, "a::Pull(int)", 100, 200 + dot / 2);
  Add(profile, "a::Filter(int)", 200 + dot, 200 + dot);
  profile.calls[{"BM_Push(benchmark::State&)", "a::Push(int)"}] = {1, 300 + dot / 2};
  profile.calls[{"BM_Push(benchmark::State&)", "a::Pull(int)"}] = {1, 200 + dot / 2};
  profile.calls[{"a::Push(int)", "a::Filter(int)"}] = {1, 100 + dot / 2};
  profile.calls[{"a::Pull(int)", "a::Filter(int)"}] = {1, 100 + dot / 2};
  if (dot > 0) build.inlined["a::Filter(int)"] = {{"a::Dot16(short const*)", dot}};
  return build;
}

// The child of this name.
const CallNode& Child(const CallNode& node, absl::string_view name) {
  for (const CallNode& child : node.children) {
    if (child.function == name) return child;
  }
  ADD_FAILURE() << "no " << name;
  return node;
}

TEST(CallTreeTest, AFunctionsCostIsDividedAmongItsCallers) {
  const CallNode root = CallTreeOf(Build(400));
  EXPECT_EQ(root.after, 1000);
  ASSERT_THAT(root.children, SizeIs(1));
  const CallNode& body = root.children[0];
  EXPECT_EQ(body.function, "BM_Push(benchmark::State&)");
  EXPECT_EQ(body.after, 1000);
  const CallNode& filter = Child(Child(body, "a::Push(int)"), "a::Filter(int)");
  EXPECT_EQ(filter.after, 300);
  ASSERT_THAT(filter.children, SizeIs(1));
  EXPECT_EQ(filter.children[0].function, "a::Dot16(short const*)");
  EXPECT_TRUE(filter.children[0].inlined);
  EXPECT_EQ(filter.children[0].after, 200);
}

TEST(CallTreeTest, BothBuildsAreInOneTree) {
  const CallNode root = CompareCallTrees(Build(0), Build(400));
  EXPECT_EQ(root.before, 600);
  EXPECT_EQ(root.after, 1000);
  const CallNode& filter = Child(Child(root.children[0], "a::Push(int)"), "a::Filter(int)");
  EXPECT_EQ(filter.before, 100);
  EXPECT_EQ(filter.after, 300);
  EXPECT_EQ(filter.children[0].before, 0);
  const std::vector<CallFrame> frames = FramesOf(root);
  ASSERT_THAT(frames, SizeIs(8));
  EXPECT_EQ(frames[0].parent(), 0);
  for (int i = 1; i < 8; ++i) EXPECT_LT(frames[i].parent(), i);
  EXPECT_EQ(frames[2].function(), "a::Pull(int)");
  EXPECT_EQ(frames[2].parent(), 1);
}

TEST(CallTreeTest, FunctionsThatCallThemselvesEnd) {
  ProfiledBuild build = Build(0);
  build.profile.calls[{"a::Filter(int)", "a::Push(int)"}] = {1, 100};
  EXPECT_EQ(CallTreeOf(build).after, 600);
}

// What the children of a node cost is never more than the node does.
void ExpectChildrenFit(const CallNode& node) {
  double before = 0;
  double after = 0;
  for (const CallNode& child : node.children) {
    before += child.before;
    after += child.after;
    ExpectChildrenFit(child);
  }
  EXPECT_LE(before, node.before * (1 + 1e-9)) << node.function;
  EXPECT_LE(after, node.after * (1 + 1e-9)) << node.function;
}

double FoldedSum(const CallNode& root) {
  double sum = 0;
  for (const absl::string_view line : absl::StrSplit(FoldedStacks(root), '\n', absl::SkipEmpty())) {
    double cost = 0;
    EXPECT_TRUE(absl::SimpleAtod(line.substr(line.rfind(' ') + 1), &cost)) << line;
    sum += cost;
  }
  return sum;
}

TEST(CallTreeTest, FunctionsThatCallOneAnotherCostNoMoreThanTheWhole) {
  ProfiledBuild build;
  Add(build.profile, "BM_Body(benchmark::State&)", 10, 1000);
  // Each nested return is added to what the calls cost.
  Add(build.profile, "a::A(int)", 490, 1000);
  Add(build.profile, "a::B(int)", 400, 1000);
  Add(build.profile, "a::Leaf(int)", 100, 100);
  build.profile.calls[{"BM_Body(benchmark::State&)", "a::A(int)"}] = {1, 50'000};
  build.profile.calls[{"a::A(int)", "a::B(int)"}] = {100, 40'000};
  build.profile.calls[{"a::B(int)", "a::A(int)"}] = {99, 39'000};
  build.profile.calls[{"a::B(int)", "a::Leaf(int)"}] = {99, 5'000};
  const CallNode root = CompareCallTrees(Build(400), build);
  ExpectChildrenFit(root);
  EXPECT_EQ(root.after, 1000);
  const CallNode& a = Child(Child(root, "BM_Body(benchmark::State&)"), "a::A(int)");
  EXPECT_NEAR(a.after, 990, 1e-6);
  EXPECT_GT(Child(Child(a, "a::B(int)"), "a::Leaf(int)").after, 0);
  const double folded = FoldedSum(CallTreeOf(build));
  EXPECT_LE(folded, 1001);
  EXPECT_GE(folded, 999);
}

TEST(CallTreeTest, WhatIsThereInBothBuildsHasBothFigures) {
  // A small function of a build that costs much more.
  ProfiledBuild big = Build(400);
  Add(big.profile, "a::Big(int)", 1'000'000, 1'000'000);
  const CallNode root = CompareCallTrees(big, Build(400), {.least_part = 0.01});
  const CallNode& pull = Child(Child(root, "BM_Push(benchmark::State&)"), "a::Pull(int)");
  EXPECT_EQ(pull.before, 400);
  EXPECT_EQ(pull.after, 400);
  EXPECT_EQ(
      Child(CompareCallTrees(Build(400), big, {.least_part = 0.01}), "BM_Push(benchmark::State&)")
          .after,
      1000);
}

TEST(CallTreeTest, AFullTreeHasWhatCostsMost) {
  ProfiledBuild build;
  Add(build.profile, "BM_Body(benchmark::State&)", 0, 10'010);
  for (int i = 0; i < 10; ++i) {
    const std::string name = absl::StrCat("a::Small", i);
    Add(build.profile, name, 1, 1);
    build.profile.calls[{"BM_Body(benchmark::State&)", name}] = {1, 1};
  }
  Add(build.profile, "z::Big", 10'000, 10'000);
  build.profile.calls[{"BM_Body(benchmark::State&)", "z::Big"}] = {1, 10'000};
  const CallNode root = CallTreeOf(build, {.least_part = 0, .max_nodes = 3});
  EXPECT_THAT(FramesOf(root), SizeIs(3));
  EXPECT_EQ(Child(Child(root, "BM_Body(benchmark::State&)"), "z::Big").after, 10'000);
  EXPECT_TRUE(root.cut);
  EXPECT_FALSE(CallTreeOf(build, {.least_part = 0}).cut);
}

TEST(CallTreeTest, TheTreeIsBounded) {
  ProfiledBuild build;
  constexpr int kFunctions = 60;
  // Each calls all others.
  for (int i = 0; i < kFunctions; ++i) Add(build.profile, absl::StrCat("f", i), 1, kFunctions);
  for (int i = 0; i < kFunctions; ++i) {
    for (int j = 0; j < kFunctions; ++j) {
      if (i == j) continue;
      build.profile.calls[{absl::StrCat("f", i), absl::StrCat("f", j)}] = {1, 1};
    }
  }
  const CallNode root = CallTreeOf(build, {.least_part = 0, .max_nodes = 100});
  EXPECT_LE(FramesOf(root).size(), 100u);
  EXPECT_TRUE(root.cut);
  ExpectChildrenFit(root);
}

TEST(FlameGraphTest, StacksAreFolded) {
  EXPECT_EQ(FoldedStacks(CallTreeOf(Build(400))),
            "iteration;BM_Push(benchmark::State&) 100\n"
            "iteration;BM_Push(benchmark::State&);a::Pull(int) 100\n"
            "iteration;BM_Push(benchmark::State&);a::Pull(int);a::Filter(int) 100\n"
            "iteration;BM_Push(benchmark::State&);a::Pull(int);a::Filter(int);"
            "a::Dot16(short const*) 200\n"
            "iteration;BM_Push(benchmark::State&);a::Push(int) 200\n"
            "iteration;BM_Push(benchmark::State&);a::Push(int);a::Filter(int) 100\n"
            "iteration;BM_Push(benchmark::State&);a::Push(int);a::Filter(int);"
            "a::Dot16(short const*) 200\n");
}

TEST(FlameGraphTest, ThePictureHasItsNamesAndFigures) {
  const std::string svg = FlameGraphSvg(CallTreeOf(Build(400)), "a.push");
  EXPECT_THAT(svg, HasSubstr("<text x=\"10\" y=\"20\">a.push</text>"));
  EXPECT_THAT(svg, HasSubstr("a::Dot16(short const*) (inlined): 200 instructions an iteration, "
                             "20.0 %"));
  EXPECT_THAT(svg, HasSubstr(">a::Push 50.0 %</text>"));
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, Not(HasSubstr("http://www.w3.org/1999/xlink")));
}

TEST(FlameGraphTest, NamesAreHarmless) {
  ProfiledBuild build;
  const std::string name =
      absl::StrCat("</svg><script>alert(1)</script>;\n\x1b[2J\"'&\xEF\xBF\xBE\xEF\xBF\xBF",
                   std::string(3000, 'x'));
  Add(build.profile, name, 10, 10);
  const CallNode root = CallTreeOf(build);
  const std::string svg = FlameGraphSvg(root, name);
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, Not(HasSubstr("\x1b")));
  // XML has no place for these.
  EXPECT_THAT(svg, Not(HasSubstr("\xEF\xBF\xBE")));
  EXPECT_THAT(svg, Not(HasSubstr("\xEF\xBF\xBF")));
  EXPECT_THAT(FoldedStacks(root), testing::StartsWith("iteration;</svg>"));
  // Between the two frames.
  EXPECT_EQ(absl::c_count(FoldedStacks(root), ';'), 1);
  EXPECT_EQ(FoldedStacks(root).find('\n'), FoldedStacks(root).size() - 1);
}

TEST(FlameGraphTest, PprofsProfileIsCompressed) {
  const std::string bytes = PprofProfile(CallTreeOf(Build(400)));
  EXPECT_EQ(bytes.substr(0, 2), "\x1f\x8b");
  google::protobuf::io::ArrayInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::GzipInputStream plain(&stream);
  pprof::Profile profile;
  ASSERT_TRUE(profile.ParseFromZeroCopyStream(&plain));
  EXPECT_EQ(profile.string_table(0), "");
  ASSERT_EQ(profile.sample_type_size(), 1);
  EXPECT_EQ(profile.string_table(static_cast<int>(profile.sample_type(0).type())), "instructions");
  ASSERT_EQ(profile.sample_size(), 7);
  int64_t all = 0;
  for (const pprof::Sample& sample : profile.sample()) all += sample.value(0);
  EXPECT_EQ(all, 1000);
  const auto name_of = [&](uint64_t location) {
    for (const pprof::Function& function : profile.function()) {
      if (function.id() == location) {
        return profile.string_table(static_cast<int>(function.name()));
      }
    }
    return std::string();
  };
  std::vector<std::string> stack;
  for (const uint64_t location : profile.sample(3).location_id()) {
    stack.push_back(name_of(location));
  }
  EXPECT_THAT(stack, ElementsAre("a::Dot16(short const*)", "a::Filter(int)", "a::Pull(int)",
                                 "BM_Push(benchmark::State&)", "iteration"));
}

TEST(FlameGraphTest, NothingIsDrawnOfNothing) {
  const CallNode root = CallTreeOf({});
  EXPECT_EQ(FoldedStacks(root), "");
  EXPECT_THAT(FlameGraphSvg(root, "nothing"), HasSubstr("</svg>"));
  EXPECT_FALSE(PprofProfile(root).empty());
}

}  // namespace
}  // namespace perf
