// What an agent says without being asked, such as that a timer is due.
#ifndef PIPELINE_ANNOUNCER_H_
#define PIPELINE_ANNOUNCER_H_

#include <string>
#include <vector>

namespace parlance::pipeline {

// Threads: those of the VoiceAgent that it is given to, one at a time.
class Announcer {
 public:
  virtual ~Announcer() = default;
  // The sentences that are due now, in the order in which they became due. Each is returned once.
  virtual std::vector<std::string> TakeDue() = 0;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_ANNOUNCER_H_
