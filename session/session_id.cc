#include "session/session_id.h"

#include <random>
#include <string>

#include "absl/strings/str_format.h"

namespace parlance::session {

std::string NewSessionId(absl::Time now) {
  thread_local std::mt19937_64 random = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  return absl::StrFormat("sess_%012x%016x%04x", absl::ToUnixMillis(now) & 0xFFFFFFFFFFFF, random(),
                         random() & 0xFFFF);
}

}  // namespace parlance::session
