// GCC says nothing if a precompiled header does not fit, and reads what a source includes. This
// test says it: a macro that only the precompiled header defines is there, or is not.
#include "gtest/gtest.h"

namespace precompiled {
namespace {

#if defined(EXPECT_PRECOMPILED) && !defined(__clang__)
constexpr bool kExpected = true;
#else
constexpr bool kExpected = false;
#endif

#if defined(PARLANCE_PRECOMPILED_FOR_TESTS)
constexpr bool kIsUsed = true;
#else
constexpr bool kIsUsed = false;
#endif

TEST(Precompiled, TestsAreCompiledWithTheHeaderForTests) {
  EXPECT_EQ(kIsUsed, kExpected)
      << "GCC says why, of one source: -Winvalid-pch in the target's copts";
}

}  // namespace
}  // namespace precompiled
