// Watches the timed loop of Google Benchmark bodies.
//
// Linking it wraps two functions of Google Benchmark: the beginning and the end of
// `for (auto _ : state)`. Bodies stay as they are. The test has to be linked statically against the
// code that has the bodies; `perf_benchmark` sees to that.
#ifndef PERF_GBENCH_MEASURED_REGION_H_
#define PERF_GBENCH_MEASURED_REGION_H_

namespace perf {

// Called on the first thread of the benchmark, outside of its timer: `begin` before it is started,
// `end` after it is stopped. `end` is not called where a body leaves its loop by `break`.
class RegionObserver {
 public:
  virtual ~RegionObserver() = default;
  virtual void Begin() = 0;
  virtual void End() = 0;
};

// Observes all regions from now on; nullptr for none. Not to be called while a benchmark runs.
void ObserveRegions(RegionObserver* observer);

}  // namespace perf

#endif  // PERF_GBENCH_MEASURED_REGION_H_
