#include "perf/explain/call_tree.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"

namespace perf {
namespace {

// A tree that grows, with children by what they are.
struct Growing {
  double before = 0;
  double after = 0;
  std::map<std::pair<std::string, bool>, std::unique_ptr<Growing>> children = {};
};

// Adds one build's calls to a tree.
class Grower {
 public:
  Grower(const ProfiledBuild& build, double Growing::*side, const CallTreeOptions& options)
      : build_(build),
        side_(side),
        least_(options.least_part * build.profile.instructions),
        max_nodes_(options.max_nodes) {
    for (const auto& [ends, cost] : build.profile.calls) {
      callees_[ends.first].emplace_back(ends.second, cost.instructions);
      called_[ends.second] += cost.instructions;
    }
  }

  void Grow(Growing& root, size_t& num_nodes) {
    num_nodes_ = &num_nodes;
    root.*side_ += std::max(0.0, build_.profile.instructions);
    // What a function costs beyond the calls of it is what the loop itself stands in.
    for (const auto& [name, cost] : build_.profile.functions) {
      const auto called = called_.find(name);
      const double own = cost.inclusive - (called == called_.end() ? 0 : called->second);
      Add(name, own, root);
    }
  }

 private:
  // Adds a function that costs so much where it is called from.
  void Add(const std::string& name, double cost, Growing& parent) {
    if (!(cost >= least_) || cost <= 0 || path_.contains(name) || path_.size() >= kMaxDepth) return;
    const auto found = build_.profile.functions.find(name);
    if (found == build_.profile.functions.end()) return;
    Growing* const node = Child(parent, name, /*inlined=*/false);
    if (node == nullptr) return;
    node->*side_ += cost;
    if (found->second.inclusive <= 0) return;
    const double share = std::min(1.0, cost / found->second.inclusive);
    path_.insert(name);
    if (const auto inlined = build_.inlined.find(name); inlined != build_.inlined.end()) {
      for (const auto& [function, instructions] : inlined->second) {
        if (!(instructions * share >= least_)) continue;
        if (Growing* const child = Child(*node, function, /*inlined=*/true)) {
          child->*side_ += instructions * share;
        }
      }
    }
    if (const auto callees = callees_.find(name); callees != callees_.end()) {
      for (const auto& [callee, instructions] : callees->second) {
        Add(callee, instructions * share, *node);
      }
    }
    path_.erase(name);
  }

  // Null if the tree is full.
  Growing* Child(Growing& parent, const std::string& name, bool inlined) const {
    std::unique_ptr<Growing>& child = parent.children[{name, inlined}];
    if (child == nullptr) {
      if (*num_nodes_ >= max_nodes_) {
        parent.children.erase({name, inlined});
        return nullptr;
      }
      ++*num_nodes_;
      child = std::make_unique<Growing>();
    }
    return child.get();
  }

  // Deeper calls are rare, and no picture has room for them.
  static constexpr size_t kMaxDepth = 100;

  const ProfiledBuild& build_;
  double Growing::*const side_;
  const double least_;
  const size_t max_nodes_;
  size_t* num_nodes_ = nullptr;
  std::map<std::string, std::vector<std::pair<std::string, double>>> callees_;
  std::map<std::string, double> called_;
  // The functions that are being called.
  std::set<std::string> path_;
};

CallNode Finish(const std::string& name, bool inlined, const Growing& growing) {
  CallNode node = {
      .function = name, .inlined = inlined, .before = growing.before, .after = growing.after};
  for (const auto& [key, child] : growing.children) {
    node.children.push_back(Finish(key.first, key.second, *child));
  }
  return node;
}

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

constexpr char kRoot[] = "iteration";

}  // namespace

CallNode CallTreeOf(const ProfiledBuild& build, const CallTreeOptions& options) {
  Growing root;
  size_t num_nodes = 1;
  Grower(build, &Growing::after, options).Grow(root, num_nodes);
  return Finish(kRoot, /*inlined=*/false, root);
}

CallNode CompareCallTrees(const ProfiledBuild& before, const ProfiledBuild& after,
                          const CallTreeOptions& options) {
  Growing root;
  size_t num_nodes = 1;
  // The current build comes first, so that what it has is not left out.
  Grower(after, &Growing::after, options).Grow(root, num_nodes);
  Grower(before, &Growing::before, options).Grow(root, num_nodes);
  return Finish(kRoot, /*inlined=*/false, root);
}

std::vector<CallFrame> FramesOf(const CallNode& root) {
  std::vector<CallFrame> frames;
  AddFrames(root, 0, frames);
  return frames;
}

}  // namespace perf
