#include "perf/process/interrupt_watch.h"

#include <csignal>

namespace perf {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void Note(int /*signal*/) { interrupted = 1; }

}  // namespace

InterruptWatch::InterruptWatch() {
  interrupted = 0;
  struct sigaction note = {};
  note.sa_handler = Note;
  sigemptyset(&note.sa_mask);
  // The second one finds the default, which is to end the process. What waits for a child or a
  // clock when the first one comes goes on waiting.
  note.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  sigaction(SIGINT, &note, nullptr);
}

InterruptWatch::~InterruptWatch() { std::signal(SIGINT, SIG_DFL); }

bool InterruptWatch::seen() const { return interrupted != 0; }

}  // namespace perf
