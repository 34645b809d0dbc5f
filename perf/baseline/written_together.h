// Files that change together, such as the baselines of one run: all of them, or none.
#ifndef PERF_BASELINE_WRITTEN_TOGETHER_H_
#define PERF_BASELINE_WRITTEN_TOGETHER_H_

#include <map>
#include <string>

#include "absl/status/status.h"

namespace perf {

// Writes text files: path to content. Makes their folders. All contents are on the disk before the
// first file is replaced; if one cannot be replaced, those that were get their earlier content
// back. The error of command::OutputFile, with the path.
absl::Status WriteTogether(const std::map<std::string, std::string>& files);

}  // namespace perf

#endif  // PERF_BASELINE_WRITTEN_TOGETHER_H_
