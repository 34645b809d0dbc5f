// SIGTERM and SIGINT, for a program that ends in order.
#ifndef COMMAND_STOP_SIGNALS_H_
#define COMMAND_STOP_SIGNALS_H_

#include "absl/time/time.h"

namespace command {

// Until Catch, SIGTERM and SIGINT end the process as they do otherwise, whatever its threads wait
// for: what has not begun needs no orderly end. From then on they do not, and Wait returns for
// them. They are caught by a handler, and not by sigwait alone, because some libraries start
// threads before main (OpenBLAS does), which do not block what the program blocks: the system may
// give such a thread the signal.
//
// Create it once, in main, before there are other threads: these then never run the handler, whose
// interruptions they may not expect, because one thread of its own takes the signals. It stays for
// as long as the process. Aborts if the system has no pipe for it.
class StopSignals {
 public:
  StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // From now on the signals end nothing, and are waited for.
  void Catch() const;

  // Waits for the next signal since Catch and returns true, or returns false after `timeout`. What
  // came before the call counts. Threads: one at a time.
  bool Wait(absl::Duration timeout = absl::InfiniteDuration()) const;
};

}  // namespace command

#endif  // COMMAND_STOP_SIGNALS_H_
