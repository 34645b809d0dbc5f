// Proves that verdicts over a whole suite may be believed, and how long they take: records rounds
// of the suite's tests compared with themselves, draws suites from them with changes planted in
// some, and lets the comparison judge those, by the clock that the recorded costs add up to.
#ifndef PERF_SELFCHECK_SUITE_SELFCHECK_H_
#define PERF_SELFCHECK_SUITE_SELFCHECK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "google/protobuf/repeated_field.h"
#include "perf/ab/round_source.h"
#include "perf/selfcheck/recorded_rounds.pb.h"

namespace perf {

// Runs rounds of everything in turn for so long, and at least one. Measurements that fail or are
// deterministic are left out.
google::protobuf::RepeatedPtrField<RecordedSource> RecordRounds(
    absl::Span<const std::unique_ptr<RoundSource>> sources, absl::Duration length,
    std::mt19937_64& random, const std::function<void(absl::string_view)>& progress);

struct SuiteSelfcheckOptions {
  int suites = 200;
  uint64_t seed = 0;
  absl::Duration time_budget = absl::Minutes(10);
  // Gets a line for the user after each suite.
  std::function<void(absl::string_view)> progress = [](absl::string_view) {};
};

struct SuiteSelfcheckResult {
  // Whether every promise held.
  bool held = false;
  // The tables and promises, for a terminal.
  std::string text;
};

// In each suite, 5 measurements are 13 % slower, 5 are 25 % slower and 3 are 20 % faster, chosen by
// chance among those that the rounds were recorded of. Requires at least 14 measurements with
// rounds in each of the two conditions.
SuiteSelfcheckResult RunSuiteSelfcheck(const RecordedRounds& recorded,
                                       const SuiteSelfcheckOptions& options);

}  // namespace perf

#endif  // PERF_SELFCHECK_SUITE_SELFCHECK_H_
