// Records how a process's memory develops while a test body does the same work again and again.
//
//   perf::MemoryRecorder memory({.name = "session.store", .title = "Session", .work_unit =
//                                "session"});
//   for (int64_t done = 1; !over; ++done) {
//     OneSession();
//     memory.Sample(done);
//   }
//
// Makes two measurements in MB, NAME.resident and NAME.live_heap, each a series over the work that
// was done. The report calls a series red whose later half grows, by its robust slope
// (perf/stats/trend.h): a leak of a few bytes a session is seen in the live heap within seconds,
// and a step of the allocator is none.
//
// The destructor adds them to the process's record, as perf::Recorder's does.
#ifndef PERF_MEMORY_RECORDER_H_
#define PERF_MEMORY_RECORDER_H_

#include <cstdint>
#include <string>
#include <vector>

namespace perf {

// Each belongs to one thread, and samples the memory of the whole process.
class MemoryRecorder {
 public:
  struct Options {
    // Dotted, component first: "session.store".
    std::string name;
    // The title by which the report names it: "Session" becomes "Session Resident Memory".
    std::string title;
    // The word for one unit of work: "session".
    std::string work_unit;
  };

  explicit MemoryRecorder(Options options);
  ~MemoryRecorder();
  MemoryRecorder(const MemoryRecorder&) = delete;
  MemoryRecorder& operator=(const MemoryRecorder&) = delete;

  // Reads both figures, when so much work has been done since the beginning. Work that is not more
  // than at the last sample is not recorded. To be called at the same point of the work each time,
  // as often as one likes: at most 256 samples are kept, evenly spread. Costs some microseconds;
  // what it allocates is freed before the live heap is read.
  void Sample(int64_t work_done);

 private:
  struct Reading {
    int64_t work = 0;
    int64_t resident = 0;
    int64_t live_heap = 0;
  };

  void Record(const char* suffix, const char* title, int64_t Reading::*figure) const;

  const Options options_;
  std::vector<Reading> readings_;
  // One call in `stride_` keeps a reading; `calls_` counts all.
  int64_t stride_ = 1;
  int64_t calls_ = 0;
};

}  // namespace perf

#endif  // PERF_MEMORY_RECORDER_H_
