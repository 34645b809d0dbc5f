// Runs the tests through Bazel, and compares their figures with stored baselines.
#ifndef PERF_MODE_STORED_STORED_MODE_H_
#define PERF_MODE_STORED_STORED_MODE_H_

#include <string>
#include <vector>

#include "perf/mode/mode.h"

namespace perf {

class StoredMode : public Mode {
 public:
  // `confirms`: whether a red result may be measured again. The figures of a run that becomes the
  // baseline are taken as they are, as the best of several runs would be a baseline that an
  // ordinary run cannot reach.
  explicit StoredMode(bool confirms) : confirms_(confirms) {}

  std::vector<std::string> FilesOfMeasure() const override;

  // InternalError if Bazel ended before it ran a test.
  absl::StatusOr<Findings> Measure(const RunContext& context,
                                   absl::Span<const SuiteTest> tests) override;

  bool MayConfirm() const override { return confirms_; }

 private:
  const bool confirms_;
};

}  // namespace perf

#endif  // PERF_MODE_STORED_STORED_MODE_H_
