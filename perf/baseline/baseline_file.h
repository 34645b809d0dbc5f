// Stored baselines: DIRECTORY/<machine>/<component>.textproto.
#ifndef PERF_BASELINE_BASELINE_FILE_H_
#define PERF_BASELINE_BASELINE_FILE_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "perf/baseline/baseline.pb.h"
#include "perf/record/result.pb.h"
#include "perf/stats/verdict.h"

namespace perf {

// The <machine> of deterministic measurements, which are the same on every machine.
inline constexpr char kAnyMachine[] = "any-machine";

// The path of a component's baseline: "DIRECTORY/<machine>/<component>.textproto".
std::string BaselinePath(absl::string_view directory, absl::string_view machine,
                         absl::string_view component);

// Parses and validates `text`; `source` names it in messages. InvalidArgument, with the line, for
// text that is no ComponentBaseline; also for a baseline without machine or component, a
// measurement without name, unit, direction or samples, with figures that are not finite or out of
// order, or stored twice.
absl::StatusOr<ComponentBaseline> ParseBaseline(absl::string_view text, absl::string_view source);

// Reads the file of that machine and component. NotFound if there is none, InvalidArgument if it
// names another machine or component than its path, and what ParseBaseline returns.
absl::StatusOr<ComponentBaseline> ReadBaseline(absl::string_view directory,
                                               absl::string_view machine,
                                               absl::string_view component);

// The file's content, readable in review, which ParseBaseline reads.
std::string BaselineText(const ComponentBaseline& baseline);

// Writes the baseline to its path, as WriteTogether does.
absl::Status WriteBaseline(const ComponentBaseline& baseline, absl::string_view directory);

// The stored form of a measurement of `run`: its distribution, or `count` and `median` alone if all
// its samples are equal.
BaselineMeasurement ToBaseline(const Measurement& measurement, const Run& run,
                               absl::string_view date);

// The figure of a stored measurement that others are compared with. A single figure has no spread.
// Earlier files repeat a single figure in every field, and leave out what is zero; they are read,
// too.
Figure StoredFigure(const BaselineMeasurement& stored);

// The stored measurement of that name, profile and those overrides; null if there is none.
const BaselineMeasurement* FindBaseline(const ComponentBaseline& baseline, absl::string_view name,
                                        absl::string_view profile,
                                        const std::map<std::string, double>& load_overrides);

// Adds `measurement`, in place of the one with its name, profile and overrides, and keeps the
// order.
void PutBaseline(const BaselineMeasurement& measurement, ComponentBaseline& baseline);

}  // namespace perf

#endif  // PERF_BASELINE_BASELINE_FILE_H_
