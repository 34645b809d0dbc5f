// Bazel's labels, as the suite compares them.
#ifndef PERF_SUITE_LABEL_H_
#define PERF_SUITE_LABEL_H_

#include <string>

#include "absl/strings/string_view.h"

namespace perf {

// "//audio/vad:vad_test" for every way of writing a label of the main repository.
std::string CanonicalLabel(absl::string_view label);

}  // namespace perf

#endif  // PERF_SUITE_LABEL_H_
