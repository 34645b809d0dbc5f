#include "command/stop_signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <future>
#include <thread>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace command {
namespace {

// A program that waits for a server while it starts could not be ended.
TEST(StopSignalsDeathTest, ASignalBeforeItIsWaitedForEndsTheProgramAtOnce) {
  for (const int signal : {SIGTERM, SIGINT}) {
    EXPECT_EXIT(
        {
          const StopSignals signals;
          kill(getpid(), signal);
          // It is less than a test may take, and more than a signal needs.
          sleep(20);
          std::_Exit(0);
        },
        testing::KilledBySignal(signal), "");
  }
}

TEST(StopSignalsTest, ASignalIsWaitedForWhicheverThreadTheSystemGivesIt) {
  // Like a library's thread that is there before main, and blocks nothing.
  std::promise<void> is_over;
  std::thread of_a_library([&] { is_over.get_future().wait(); });

  const StopSignals signals;
  signals.Catch();
  EXPECT_FALSE(signals.Wait(absl::ZeroDuration()));
  // Nobody waits, so that only the library's thread can take them.
  for (const int signal : {SIGTERM, SIGINT}) {
    kill(getpid(), signal);
    EXPECT_TRUE(signals.Wait()) << signal;
    EXPECT_FALSE(signals.Wait(absl::ZeroDuration())) << signal;
  }
  is_over.set_value();
  of_a_library.join();

  // Now all threads block it until somebody waits.
  std::thread of_the_program([] {
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    EXPECT_TRUE(sigismember(&blocked, SIGTERM));
    EXPECT_TRUE(sigismember(&blocked, SIGINT));
  });
  of_the_program.join();
  kill(getpid(), SIGTERM);
  EXPECT_TRUE(signals.Wait());
  EXPECT_FALSE(signals.Wait(absl::Milliseconds(1)));

  // Another thread than the one that created it may wait.
  std::thread waiting([&] { EXPECT_TRUE(signals.Wait()); });
  kill(getpid(), SIGINT);
  waiting.join();
}

}  // namespace
}  // namespace command
