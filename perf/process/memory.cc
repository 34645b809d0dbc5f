#include "perf/process/memory.h"

#include <malloc.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>

namespace perf {

int64_t ResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  long total_pages = 0;
  long resident_pages = 0;
  const int fields = std::fscanf(file, "%ld %ld", &total_pages, &resident_pages);
  std::fclose(file);
  return fields == 2 ? static_cast<int64_t>(resident_pages) * sysconf(_SC_PAGESIZE) : 0;
}

int64_t PeakResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/status", "re");
  if (file == nullptr) return 0;
  char line[256];
  long kilobytes = 0;
  while (std::fgets(line, sizeof(line), file) != nullptr) {
    if (std::sscanf(line, "VmHWM: %ld kB", &kilobytes) == 1) break;
  }
  std::fclose(file);
  return int64_t{kilobytes} * 1024;
}

bool ResetPeakResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/clear_refs", "we");
  if (file == nullptr) return false;
  // proc(5): 5 resets the peak, and nothing else.
  const bool written = std::fputs("5", file) >= 0;
  return std::fclose(file) == 0 && written;
}

int64_t LiveHeapBytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<int64_t>(info.uordblks + info.hblkhd);
}

}  // namespace perf
