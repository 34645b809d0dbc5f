#include "perf/selfcheck/busy_neighbour.h"

#include <algorithm>
#include <chrono>
#include <random>

namespace perf {

BusyNeighbour::BusyNeighbour(uint64_t seed) {
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads_.emplace_back([this, seed, i] { Work(seed + i); });
  }
}

BusyNeighbour::~BusyNeighbour() {
  over_ = true;
  for (std::thread& thread : threads_) thread.join();
}

void BusyNeighbour::Work(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<int> burst_ms(50, 500);
  while (!over_) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(burst_ms(random));
    while (!over_ && std::chrono::steady_clock::now() < end) {
    }
    if (!over_) std::this_thread::sleep_for(std::chrono::milliseconds(burst_ms(random)));
  }
}

}  // namespace perf
