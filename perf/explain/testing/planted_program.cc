// A program without iterations: two threads each sum a number of values up, in the program that is
// built with PLANTED_SLOWER three times instead of once. Its record has one measurement,
// planted.program. With $PLANTED_FAILURE, it fails, and says so.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "perf/record/record_file.h"
#include "perf/record/result.pb.h"

namespace planted {
namespace {

#if defined(PLANTED_SLOWER)
constexpr int kTimes = 3;
#else
constexpr int kTimes = 1;
#endif

[[gnu::noinline]] uint64_t Checksum(const std::vector<uint64_t>& values) {
  uint64_t sum = 0;
  for (int i = 0; i < kTimes; ++i) {
    for (const uint64_t value : values) sum = sum * 31 + value;
  }
  return sum;
}

int WriteRecord(const char* directory) {
  perf::Run run;
  run.mutable_provenance()->set_target("//a:t");
  perf::Measurement& measurement = *run.add_measurements();
  measurement.set_name("planted.program");
  measurement.set_title("Planted Program");
  measurement.set_unit("ms");
  measurement.set_better(perf::LOWER);
  measurement.add_samples(1);
  run.set_num_measurements(1);
  const absl::Status written = perf::WriteRunFile(run, directory);
  if (!written.ok()) std::fprintf(stderr, "%s\n", written.ToString().c_str());
  return written.ok() ? 0 : 1;
}

int Run() {
  if (std::getenv("PLANTED_FAILURE") != nullptr) {
    std::fprintf(stderr, "it was to fail\n");
    return 3;
  }
  uint64_t sums[2] = {};
  std::vector<std::thread> threads;
  for (uint64_t& sum : sums) {
    threads.emplace_back([&sum] { sum = Checksum(std::vector<uint64_t>(100'000, 7)); });
  }
  for (std::thread& thread : threads) thread.join();
  if (sums[0] != sums[1]) return 1;
  const char* const directory = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  return directory == nullptr ? 0 : WriteRecord(directory);
}

}  // namespace
}  // namespace planted

int main() { return planted::Run(); }
