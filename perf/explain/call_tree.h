// Profiles as a tree of calls, which flame graphs are drawn of.
#ifndef PERF_EXPLAIN_CALL_TREE_H_
#define PERF_EXPLAIN_CALL_TREE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "perf/explain/comparison.h"
#include "perf/explain/explanation.pb.h"

namespace perf {

// Instructions of one iteration, or of one run of a program, in two builds or, of one profile, in
// `after` alone.
struct CallNode {
  // The function's full name; the root's is "iteration" or "run".
  std::string function;
  // Whether it is inlined into its parent.
  bool inlined = false;
  // The costs of the function with all that it calls, in both builds.
  double before = 0;
  double after = 0;
  // In the order of their names.
  std::vector<CallNode> children = {};
  // Whether functions that cost enough have no node because the tree is full. The root alone says
  // it.
  bool cut = false;
};

struct CallTreeOptions {
  // A function that costs a smaller part of an iteration has no node; its parent's cost includes
  // it.
  double least_part = 0.001;
  // A bound of the tree's size. What costs most has its nodes first.
  size_t max_nodes = 5000;
};

// The tree of one build. Callgrind counts calls from one function to another, and not stacks: what
// a function costs is divided among its callers as their calls of it cost. A function that is
// called again below itself has no second node there. The children of a node never cost more than
// the node, though callgrind adds every nested return of functions that call one another to what
// their calls cost.
CallNode CallTreeOf(const ProfiledBuild& build, const CallTreeOptions& options = {});

// Both trees in one. What costs enough in one of them has both its figures.
CallNode CompareCallTrees(const ProfiledBuild& before, const ProfiledBuild& after,
                          const CallTreeOptions& options = {});

// The tree in the order that CallFrame states.
std::vector<CallFrame> FramesOf(const CallNode& root);

}  // namespace perf

#endif  // PERF_EXPLAIN_CALL_TREE_H_
