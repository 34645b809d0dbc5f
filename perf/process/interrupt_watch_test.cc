#include "perf/process/interrupt_watch.h"

#include <csignal>

#include "gtest/gtest.h"

namespace perf {
namespace {

TEST(InterruptWatch, NotesTheFirstInterrupt) {
  const InterruptWatch watch;
  EXPECT_FALSE(watch.seen());
  std::raise(SIGINT);
  EXPECT_TRUE(watch.seen());
}

TEST(InterruptWatchDeathTest, TheSecondEndsTheProcess) {
  EXPECT_EXIT(
      {
        const InterruptWatch watch;
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      testing::KilledBySignal(SIGINT), "");
}

TEST(InterruptWatchDeathTest, AfterItAnInterruptEndsTheProcess) {
  EXPECT_EXIT(
      {
        { const InterruptWatch watch; }
        std::raise(SIGINT);
      },
      testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace perf
