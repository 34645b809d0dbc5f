// Load beside a measurement, for the self-check.
#ifndef PERF_SELFCHECK_BUSY_NEIGHBOUR_H_
#define PERF_SELFCHECK_BUSY_NEIGHBOUR_H_

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace perf {

// Keeps every CPU busy for a while, then leaves it alone, in bursts of 50 to 500 ms that follow no
// rhythm, for as long as it lives.
class BusyNeighbour {
 public:
  explicit BusyNeighbour(uint64_t seed);
  ~BusyNeighbour();
  BusyNeighbour(const BusyNeighbour&) = delete;
  BusyNeighbour& operator=(const BusyNeighbour&) = delete;

 private:
  void Work(uint64_t seed);

  std::atomic<bool> over_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace perf

#endif  // PERF_SELFCHECK_BUSY_NEIGHBOUR_H_
