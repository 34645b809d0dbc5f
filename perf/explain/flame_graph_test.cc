#include "perf/explain/flame_graph.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
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
const CallNode& Child(const CallNode& node, const std::string& name) {
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
      absl::StrCat("</svg><script>alert(1)</script>;\n\x1b[2J\"'&", std::string(3000, 'x'));
  Add(build.profile, name, 10, 10);
  const CallNode root = CallTreeOf(build);
  const std::string svg = FlameGraphSvg(root, name);
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, Not(HasSubstr("\x1b")));
  EXPECT_THAT(FoldedStacks(root), testing::StartsWith("iteration;</svg>"));
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
