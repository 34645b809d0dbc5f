#include "perf/explain/call_tree.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <utility>
#include <vector>

namespace perf {
namespace {

// A tree that grows, with children by what they are.
struct Growing {
  std::string function = {};
  bool inlined = false;
  // Null for the root.
  const Growing* parent = nullptr;
  int depth = 0;
  double before = 0;
  double after = 0;
  std::map<std::pair<std::string, bool>, std::unique_ptr<Growing>> children = {};
};

// One build, with what its functions call.
struct Side {
  explicit Side(const ProfiledBuild& profiled, double Growing::*field)
      : build(profiled), figure(field) {
    for (const auto& [ends, cost] : build.profile.calls) {
      callees[ends.first].emplace_back(ends.second, cost.instructions);
      called[ends.second] += cost.instructions;
    }
  }

  const ProfiledBuild& build;
  // The figure of a node that is this build's.
  double Growing::*figure;
  std::map<std::string, std::vector<std::pair<std::string, double>>> callees = {};
  // What all calls of a function cost.
  std::map<std::string, double> called = {};
};

// Whether a function is on the way from the root to a node, which it ends with.
bool IsOnPath(const std::string& function, const Growing& node) {
  for (const Growing* on_path = &node; on_path->parent != nullptr; on_path = on_path->parent) {
    if (on_path->function == function) return true;
  }
  return false;
}

// Grows a tree of some builds, from the root, always where the most is spent.
class Grower {
 public:
  Grower(std::vector<Side> sides, const CallTreeOptions& options)
      : sides_(std::move(sides)), max_nodes_(options.max_nodes) {
    // One threshold for all, so that a function that has a node because of one build does not seem
    // to cost nothing in another.
    for (const Side& side : sides_) {
      const double least = options.least_part * side.build.profile.instructions;
      if (least > 0 && (least_ <= 0 || least < least_)) least_ = least;
    }
  }

  CallNode Grow() {
    root_.function = sides_.front().build.whole_run ? "run" : "iteration";
    for (const Side& side : sides_) AddRoots(side);
    while (!waiting_.empty()) {
      const Waiting next = waiting_.top();
      waiting_.pop();
      Add(next);
    }
    CallNode node = Finish(root_);
    node.cut = cut_;
    return node;
  }

 private:
  // A function that has no figure yet where it is called from.
  struct Waiting {
    double cost = 0;
    // Which of several that cost as much came first.
    uint64_t number = 0;
    const Side* side = nullptr;
    Growing* parent = nullptr;
    std::string function = {};
    bool inlined = false;

    friend bool operator<(const Waiting& one, const Waiting& other) {
      return one.cost != other.cost ? one.cost < other.cost : one.number > other.number;
    }
  };

  // Lets functions wait below a parent, each with what it costs there. Together they get at most
  // `room`; the more they exceed it, the smaller is each one's part.
  void Push(const Side& side, Growing& parent, bool inlined, double room,
            const std::vector<std::pair<std::string, double>>& functions) {
    double sum = 0;
    for (const auto& [function, cost] : functions) sum += std::max(0.0, cost);
    if (!(sum > 0) || !(room > 0)) return;
    const double part = std::min(1.0, room / sum);
    for (const auto& [function, cost] : functions) {
      if (!(cost > 0)) continue;
      waiting_.push({.cost = cost * part,
                     .number = ++number_,
                     .side = &side,
                     .parent = &parent,
                     .function = function,
                     .inlined = inlined});
    }
  }

  void AddRoots(const Side& side) {
    const double all = std::max(0.0, side.build.profile.instructions);
    root_.*side.figure += all;
    // What a function costs beyond the calls of it is what the loop itself stands in.
    std::vector<std::pair<std::string, double>> roots;
    for (const auto& [name, cost] : side.build.profile.functions) {
      const auto called = side.called.find(name);
      roots.emplace_back(name, cost.inclusive - (called == side.called.end() ? 0 : called->second));
    }
    Push(side, root_, /*inlined=*/false, all, roots);
  }

  // Gives a function its node, or another build's figure to the one that it has.
  void Add(const Waiting& waiting) {
    Growing& parent = *waiting.parent;
    const auto key = std::make_pair(waiting.function, waiting.inlined);
    auto found = parent.children.find(key);
    if (found == parent.children.end()) {
      // All that follow cost less.
      if (waiting.cost < least_) return;
      if (num_nodes_ >= max_nodes_) {
        cut_ = true;
        return;
      }
      ++num_nodes_;
      auto node = std::make_unique<Growing>();
      node->function = waiting.function;
      node->inlined = waiting.inlined;
      node->parent = &parent;
      node->depth = parent.depth + 1;
      found = parent.children.emplace(key, std::move(node)).first;
    }
    Growing& node = *found->second;
    node.*waiting.side->figure += waiting.cost;
    if (!waiting.inlined && node.depth < kMaxDepth) AddBelow(*waiting.side, waiting.cost, node);
  }

  // What a function that costs so much has inlined, and what it calls.
  void AddBelow(const Side& side, double cost, Growing& node) {
    const auto function = side.build.profile.functions.find(node.function);
    if (function == side.build.profile.functions.end() || function->second.inclusive <= 0) return;
    const double share = std::min(1.0, cost / function->second.inclusive);
    const double own = std::clamp(function->second.self * share, 0.0, cost);
    std::vector<std::pair<std::string, double>> below;
    if (const auto inlined = side.build.inlined.find(node.function);
        inlined != side.build.inlined.end()) {
      for (const auto& [name, instructions] : inlined->second) {
        below.emplace_back(name, instructions * share);
      }
    }
    Push(side, node, /*inlined=*/true, own, below);
    below.clear();
    if (const auto callees = side.callees.find(node.function); callees != side.callees.end()) {
      for (const auto& [callee, instructions] : callees->second) {
        if (!IsOnPath(callee, node)) below.emplace_back(callee, instructions * share);
      }
    }
    Push(side, node, /*inlined=*/false, cost - own, below);
  }

  static CallNode Finish(const Growing& growing) {
    CallNode node = {.function = growing.function,
                     .inlined = growing.inlined,
                     .before = growing.before,
                     .after = growing.after};
    for (const auto& [key, child] : growing.children) node.children.push_back(Finish(*child));
    return node;
  }

  // Deeper calls are rare, and no picture has room for them.
  static constexpr int kMaxDepth = 100;

  const std::vector<Side> sides_;
  const size_t max_nodes_;
  // What costs less in every build has no node.
  double least_ = 0;
  Growing root_;
  size_t num_nodes_ = 1;
  bool cut_ = false;
  std::priority_queue<Waiting> waiting_;
  uint64_t number_ = 0;
};

void AddFrames(const CallNode& node, int parent, std::vector<CallFrame>& frames) {
  const int index = static_cast<int>(frames.size());
  CallFrame frame;
  frame.set_function(node.function);
  frame.set_parent(parent);
  frame.set_inlined(node.inlined);
  frame.set_before(node.before);
  frame.set_after(node.after);
  frames.push_back(std::move(frame));
  for (const CallNode& child : node.children) AddFrames(child, index, frames);
}

}  // namespace

CallNode CallTreeOf(const ProfiledBuild& build, const CallTreeOptions& options) {
  return Grower({Side(build, &Growing::after)}, options).Grow();
}

CallNode CompareCallTrees(const ProfiledBuild& before, const ProfiledBuild& after,
                          const CallTreeOptions& options) {
  return Grower({Side(after, &Growing::after), Side(before, &Growing::before)}, options).Grow();
}

std::vector<CallFrame> FramesOf(const CallNode& root) {
  std::vector<CallFrame> frames;
  AddFrames(root, 0, frames);
  return frames;
}

}  // namespace perf
