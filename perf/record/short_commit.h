// How a commit is shown to people, wherever one is.
#ifndef PERF_RECORD_SHORT_COMMIT_H_
#define PERF_RECORD_SHORT_COMMIT_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace perf {

// The first 12 digits of a commit's id, which git takes for the commit; all of a shorter one. Valid
// as long as `commit`.
inline absl::string_view ShortCommit(absl::string_view commit) {
  constexpr size_t kDigits = 12;
  return commit.substr(0, kDigits);
}

}  // namespace perf

#endif  // PERF_RECORD_SHORT_COMMIT_H_
