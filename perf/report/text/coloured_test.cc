#include "perf/report/text/coloured.h"

#include "gtest/gtest.h"

namespace perf {
namespace {

TEST(Coloured, AVerdictHasTheColourOfItsSymbol) {
  EXPECT_EQ(Coloured("✗ Red: 2 measured\n"), "\x1b[31m✗ Red\x1b[0m: 2 measured\n");
  EXPECT_EQ(Coloured("  ⚠ Yellow: VAD\n"), "  \x1b[33m⚠ Yellow\x1b[0m: VAD\n");
  EXPECT_EQ(Coloured("  audio   ✓ stable     2   \n"),
            "  audio   \x1b[32m✓ stable\x1b[0m     2   \n");
  EXPECT_EQ(Coloured("  ? Unresolved, too noisy: VAD"),
            "  \x1b[36m? Unresolved, too noisy\x1b[0m: VAD");
}

TEST(Coloured, TheRestIsAsItWas) {
  for (const char* text : {"", "\n", "What needs you\n", "is it? no\n", "50 % ✓ done", "a:b  c"}) {
    EXPECT_EQ(Coloured(text), text);
  }
}

}  // namespace
}  // namespace perf
