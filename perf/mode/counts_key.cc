#include "perf/mode/counts_key.h"

#include <sys/utsname.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace perf {

std::string CountsKey() {
  utsname name{};
  return absl::StrCat(kCountsKeyPrefix, uname(&name) == 0 ? name.machine : "unknown");
}

}  // namespace perf
