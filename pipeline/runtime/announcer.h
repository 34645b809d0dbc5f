// The announcements that an agent makes without being asked, such as that a timer is due.
#ifndef PIPELINE_RUNTIME_ANNOUNCER_H_
#define PIPELINE_RUNTIME_ANNOUNCER_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace parlance::pipeline {

// Shared by all conversations. Thread-safe.
class Announcer {
 public:
  virtual ~Announcer() = default;
  // The sentences that are due now in a session, in the order in which they became due. Each is
  // returned once, so that what became due while nobody was there is said when somebody is.
  virtual std::vector<std::string> TakeDue(absl::string_view session_id) = 0;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_RUNTIME_ANNOUNCER_H_
