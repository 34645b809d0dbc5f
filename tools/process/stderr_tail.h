// The end of what a program writes to its standard error, where it says why it failed.
#ifndef TOOLS_PROCESS_STDERR_TAIL_H_
#define TOOLS_PROCESS_STDERR_TAIL_H_

#include <string>

namespace parlance::tools {

// Memory: 8 kB and what one read gives. One thread at a time.
class StderrTail {
 public:
  // Reads what is there from a descriptor that does not block, up to a bound, so that a program
  // that writes without end does not hold this up. False at the end.
  bool Read(int fd);

  // The last line that is not empty, or as much of its end as is kept; as the program wrote it.
  std::string LastLine() const;

 private:
  std::string text_;
};

}  // namespace parlance::tools

#endif  // TOOLS_PROCESS_STDERR_TAIL_H_
