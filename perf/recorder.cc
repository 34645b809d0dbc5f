#include "perf/recorder.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "perf/load.h"
#include "perf/run_record.h"

namespace perf {
namespace {

double UnitsPerSecond(absl::string_view unit) {
  if (unit == "s") return 1;
  if (unit == "ms") return 1e3;
  if (unit == "us") return 1e6;
  if (unit == "ns") return 1e9;
  return 0;
}

}  // namespace

Recorder::Recorder(Options options) : units_per_second_(UnitsPerSecond(options.unit)) {
  measurement_.set_name(std::move(options.name));
  measurement_.set_title(std::move(options.title));
  measurement_.set_unit(std::move(options.unit));
  measurement_.set_better(options.better);
  measurement_.set_deterministic(options.deterministic);
  measurement_.set_component(ProcessComponent());
}

Recorder::~Recorder() {
  // A failed test's figures are those of broken code.
  if (testing::Test::HasFailure() || testing::Test::IsSkipped()) return;
  if (measurement_.iterations() == 0) measurement_.set_iterations(measurement_.samples_size());
  const absl::Status added = RunRecord::Process().Add(std::move(measurement_));
  EXPECT_TRUE(added.ok()) << added.message();
}

void Recorder::Add(double sample) { measurement_.add_samples(sample); }

void Recorder::Add(absl::Duration sample) {
  if (units_per_second_ == 0) {
    ADD_FAILURE() << "measurement '" << measurement_.name() << "' has the unit '"
                  << measurement_.unit() << "', which is not a unit of time: ns, us, ms or s";
    return;
  }
  measurement_.add_samples(absl::ToDoubleSeconds(sample) * units_per_second_);
}

void Recorder::AddOverWork(double sample, int64_t work) {
  measurement_.add_samples(sample);
  measurement_.add_work(work);
}

void Recorder::SetCounter(absl::string_view name, double value) {
  (*measurement_.mutable_counters())[std::string(name)] = value;
}

}  // namespace perf
