// Finds the commit that changed a measurement.
//
// Each commit that is tried is compared with the good revision, in rounds as any A/B comparison,
// until it is clear on which side of half of the whole change it is. So a step costs as few rounds
// as its change is clear, and one that is measured wrongly is as rare as kStepErrorRate says.
#ifndef PERF_BISECT_BISECT_H_
#define PERF_BISECT_BISECT_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "perf/ab/round_source.h"

namespace perf {

// How often a step may be decided wrongly, whatever it measures. A history of a thousand commits
// has ten steps.
inline constexpr double kStepErrorRate = 0.004;

// The history between two revisions.
class CommitGraph {
 public:
  virtual ~CommitGraph() = default;

  // The commits that `bad` has, itself among them, and none of `good` has: one of these made the
  // change. What divides them best comes first, `bad` last. Errors are git's.
  virtual absl::StatusOr<std::vector<std::string>> Suspects(const std::string& bad,
                                                            absl::Span<const std::string> good) = 0;
};

// A commit's build beside the good revision's.
struct Candidate {
  // The end of the search, if any, whose code is the same, so that nothing has to be measured.
  enum class Same { kNothing, kGood, kBad };
  Same same = Same::kNothing;
  // Rounds of the measurement, which is the one at `index` of what the source compares; null if
  // nothing has to be measured.
  std::unique_ptr<RoundSource> source;
  size_t index = 0;
};

// Makes candidates.
class CandidateBuilder {
 public:
  virtual ~CandidateBuilder() = default;
  // An error says why this commit cannot be tried, such as that it does not build; the next one is
  // tried instead.
  virtual absl::StatusOr<Candidate> Build(const std::string& commit) = 0;
};

// A commit of the search, and what was found out about it.
struct BisectStep {
  enum class Outcome { kGood, kBad, kSkipped };
  std::string commit = {};
  Outcome outcome = Outcome::kSkipped;
  // log(commit / good): the median, and the ends of its interval with kErrorRate. Zero if nothing
  // was measured.
  double change = 0;
  double low = 0;
  double high = 0;
  int rounds = 0;
  // Why it was skipped, or not measured.
  std::string why = {};
};

// "+13.4 % (between +11.9 and +15.0 %)": how much more than the good revision's it is.
std::string ChangeText(const BisectStep& step);

struct BisectOptions {
  // Commits in full. `bad` descends from `good`, or is on another branch.
  std::string good;
  std::string bad;
  // The steps that an earlier, interrupted search of the same revisions has made.
  std::vector<BisectStep> known;
  // How many rounds a step may take.
  int max_rounds = 2048;
  // Called after each step that was not known, so that it can be kept.
  std::function<absl::Status(const BisectStep&)> keep = [](const BisectStep&) {
    return absl::OkStatus();
  };
  // Gets a line for the user before each step, and how far a step is.
  std::function<void(absl::string_view)> say = [](absl::string_view) {};
  std::function<void(absl::string_view)> progress = [](absl::string_view) {};
  // Asked before each round: whether to stop. What was decided is kept.
  std::function<bool()> interrupted = [] { return false; };
};

struct BisectResult {
  // The commit that made the change; or, if commits had to be skipped beside it, all of which one
  // made it, that one last.
  std::vector<std::string> suspects;
  // The step in which the last suspect was measured beside the good revision.
  BisectStep change;
  // All steps, in order.
  std::vector<BisectStep> steps;
};

// NotFound if the two revisions do not differ, with the interval of the change; Cancelled after an
// interrupt; FailedPrecondition if `bad` itself cannot be tried, or if it is `good`; otherwise
// errors of the graph and of `keep`.
absl::StatusOr<BisectResult> Bisect(CommitGraph& graph, CandidateBuilder& builder,
                                    const BisectOptions& options, std::mt19937_64& random);

}  // namespace perf

#endif  // PERF_BISECT_BISECT_H_
