#include "perf/memory_recorder.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "perf/process/memory.h"
#include "perf/recorder.h"

namespace perf {
namespace {

constexpr size_t kMaxReadings = 256;

}  // namespace

MemoryRecorder::MemoryRecorder(Options options) : options_(std::move(options)) {
  // Room for all at once, so that recording does not grow what it records.
  readings_.reserve(kMaxReadings);
}

MemoryRecorder::~MemoryRecorder() {
  Record(".resident", " Resident Memory", &Reading::resident);
  Record(".live_heap", " Live Heap", &Reading::live_heap);
}

void MemoryRecorder::Sample(int64_t work_done) {
  if (calls_++ % stride_ != 0) return;
  if (!readings_.empty() && work_done <= readings_.back().work) return;
  if (readings_.size() == kMaxReadings) {
    // Every second reading is dropped.
    for (size_t i = 0; i < kMaxReadings / 2; ++i) readings_[i] = readings_[2 * i];
    readings_.resize(kMaxReadings / 2);
    stride_ *= 2;
  }
  readings_.push_back(
      {.work = work_done, .resident = ResidentBytes(), .live_heap = LiveHeapBytes()});
}

void MemoryRecorder::Record(const char* suffix, const char* title, int64_t Reading::*figure) const {
  Recorder recorder({.name = absl::StrCat(options_.name, suffix),
                     .title = absl::StrCat(options_.title, title),
                     .unit = "MB",
                     .better = LOWER});
  for (const Reading& reading : readings_) {
    recorder.AddOverWork(static_cast<double>(reading.*figure) / 1e6, reading.work);
  }
  recorder.SetWorkUnit(options_.work_unit);
}

}  // namespace perf
