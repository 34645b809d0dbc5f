// Reads a component's requirements.textproto.
#ifndef PERF_SUITE_REQUIREMENTS_FILE_H_
#define PERF_SUITE_REQUIREMENTS_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "perf/suite/requirements.pb.h"

namespace perf {

// Parses and validates `text`; `source` names it in messages. InvalidArgument, with the line, for a
// syntax error, an unknown field, a missing component, a requirement without measurement,
// statistic, unit or limit, a load that grows smaller from quick to long or whose ab is not
// positive and finite, a latency chain without title, total or two stages, an accepted slowdown
// that CheckAccepted (perf/suite/accepted_slowdown.h) refuses, or a name stated twice. Files in
// earlier words are read: `insignificant` for min_effect, MIN and MAX for MINIMUM and MAXIMUM.
absl::StatusOr<ComponentRequirements> ParseRequirements(absl::string_view text,
                                                        absl::string_view source);

// Whether a figure is what the requirement allows.
bool IsWithin(const Requirement& requirement, double value);

// The least change of the measurement that matters, in its unit; 0 if the component states none.
double MinEffectOf(const ComponentRequirements& requirements, absl::string_view measurement);

// NotFound if there is no such file; otherwise as ParseRequirements.
absl::StatusOr<ComponentRequirements> ReadRequirementsFile(const std::string& path);

}  // namespace perf

#endif  // PERF_SUITE_REQUIREMENTS_FILE_H_
