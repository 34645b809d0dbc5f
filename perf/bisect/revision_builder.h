// Builds the commits that a search tries, beside the good revision.
#ifndef PERF_BISECT_REVISION_BUILDER_H_
#define PERF_BISECT_REVISION_BUILDER_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "perf/bazel/revision.h"
#include "perf/bazel/test_build.h"
#include "perf/bisect/bisect.h"
#include "perf/mode/options.h"
#include "perf/mode/services.h"
#include "perf/suite/suite.pb.h"
#include "perf/suite/suite_selection.h"

namespace perf {

struct RevisionBuilderOptions {
  // The suite of the working tree, and those of its tests that may have the measurement.
  const Suite& suite;
  std::vector<SuiteTest> tests;
  // The options by which Bazel is called, and the loads.
  const SuiteOptions& run;
  Services& services;
  // Commits in full.
  std::string good;
  std::string bad;
  // The measurement's name, as in records.
  std::string measurement;
  // An existing folder for what the tests write.
  std::string scratch;
};

// Not thread-safe. Other comparisons of the workspace wait for the folders of its commits while it
// lives.
class RevisionBuilder : public CandidateBuilder {
 public:
  // Builds the good revision. Errors as Checkout::Create and BuildTests.
  static absl::StatusOr<std::unique_ptr<RevisionBuilder>> Create(RevisionBuilderOptions options);

  // The bad revision is the first, if it is built at all. NotFound, with the names that come
  // nearest, if no test whose code differs has the measurement in it.
  absl::StatusOr<Candidate> Build(const std::string& commit) override;

 private:
  // A commit's files and programs.
  struct Tree {
    Checkout checkout;
    // The folder in which its programs are.
    std::string bin;
    // The tests that the revision has.
    std::vector<SuiteTest> tests;
  };

  explicit RevisionBuilder(RevisionBuilderOptions options) : options_(std::move(options)) {}

  // `place`: the folder's, as Checkout::Create has it.
  absl::StatusOr<Tree> BuildTree(const std::string& commit, const std::string& place);
  absl::StatusOr<Candidate> CandidateOf(const std::string& commit, const Tree& tree);
  absl::Status UnknownMeasurement(const std::vector<std::string>& seen) const;

  RevisionBuilderOptions options_;
  TestBuildOptions build_;
  std::optional<Tree> good_;
  std::optional<Tree> bad_;
  std::optional<Tree> tried_;
};

}  // namespace perf

#endif  // PERF_BISECT_REVISION_BUILDER_H_
