// The main of a perf_binary_size: records how large a program is.
//
// perf/defs.bzl sets the environment: $PERF_COMMAND is the program, $PERF_COMMAND_TEST states the
// measurement and its title.
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "perf/load.h"
#include "perf/measured_program.h"
#include "perf/program/command_test.h"
#include "perf/program/loaded_size.h"
#include "perf/record/result.pb.h"

namespace perf {
namespace {

std::vector<std::string> NamesOf(const CommandTest& test) { return {test.measurement()}; }

absl::StatusOr<std::vector<Measurement>> Measure(const CommandTest& test) {
  const absl::StatusOr<ProgramSize> size = SizeOfProgram(EnvironmentVariable("PERF_COMMAND"));
  if (!size.ok()) return size.status();
  Measurement measurement;
  measurement.set_name(test.measurement());
  measurement.set_title(test.title());
  measurement.set_unit("kB");
  measurement.set_better(LOWER);
  measurement.set_component(ProcessComponent());
  // The build alone decides.
  measurement.set_deterministic(true);
  measurement.add_samples(static_cast<double>(size->loaded_bytes) / 1000);
  (*measurement.mutable_counters())["file_kb"] = static_cast<double>(size->file_bytes) / 1000;
  return std::vector<Measurement>{measurement};
}

}  // namespace
}  // namespace perf

int main(int argc, char** argv) {
  return perf::MeasuredProgramMain(argc, argv, perf::NamesOf, perf::Measure);
}
