#include "command/nearest_name.h"

#include <string>

#include "gtest/gtest.h"

namespace command {
namespace {

TEST(NearestNameTest, IsTheOneThatTheFewestLettersMake) {
  EXPECT_EQ(NearestName("@a/audoi", {"@a/tools", "@a/audio", "@a/audit"}), "@a/audio");
  EXPECT_EQ(NearestName("ouput", {"input", "output"}), "output");
  EXPECT_EQ(NearestName("x", {"y"}), "y");
}

TEST(NearestNameTest, MayBeNone) {
  EXPECT_EQ(NearestName("nothing", {"output", "input"}), "");
  EXPECT_EQ(NearestName("", {"output"}), "");
  EXPECT_EQ(NearestName("output", {}), "");
  EXPECT_EQ(NearestName(std::string(65, 'a'), {std::string(65, 'a')}), "");
}

}  // namespace
}  // namespace command
