// Measures the tests in turn with those of an earlier revision: --against.
#ifndef PERF_MODE_AB_AB_MODE_H_
#define PERF_MODE_AB_AB_MODE_H_

#include <string>

#include "perf/mode/mode.h"

namespace perf {

class AbMode : public Mode {
 public:
  // `revision`: a commit, tag or branch, or kBaselineRevision.
  explicit AbMode(std::string revision) : revision_(std::move(revision)) {}

  // The revision is in the repository.
  bool MayLackCommit() const override { return false; }

  // Finds the commit that the stored baselines name, if that is asked for: NotFound if there are
  // none, FailedPrecondition if they are of several commits or of changes that are in none.
  absl::Status Prepare(const RunContext& context, ReportInputs& inputs) override;

  // A comparison with a revision needs no stored baselines.
  std::string NoBaselineNote(const RunContext& /*context*/) const override { return ""; }

  // Checks the revision out, builds the tests in both trees, and compares them in rounds within the
  // time budget. InvalidArgument or FailedPrecondition if there is no such revision, if one of the
  // trees does not build, or if the revision has none of the tests.
  absl::StatusOr<Findings> Measure(const RunContext& context,
                                   absl::Span<const SuiteTest> tests) override;

  bool MayStore() const override { return false; }

  bool ComparesWithHistory() const override { return false; }

  // The runs are many and short, and rest on the other revision's: they are no points of a series.
  bool AddsToHistory() const override { return false; }

 private:
  std::string revision_;
};

}  // namespace perf

#endif  // PERF_MODE_AB_AB_MODE_H_
