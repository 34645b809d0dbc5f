#include "pipeline/door/realtime/pending_inputs.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "gtest/gtest.h"
#include "pipeline/runtime/runtime.h"

namespace parlance::pipeline::door {
namespace {

TEST(PendingInputsTest, GivesWhatWaitsInItsOrder) {
  PendingInputs inputs;
  EXPECT_TRUE(inputs.empty());
  inputs.Add("a", std::vector<int16_t>{1, 2});
  inputs.Add("b", "is it late?");
  ASSERT_NE(inputs.text(), nullptr);
  EXPECT_EQ(*inputs.text(), "is it late?");
  const std::vector<PendingInputs::Input> taken = inputs.Take();
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].item, "a");
  EXPECT_EQ(std::get<std::vector<int16_t>>(taken[0].said), (std::vector<int16_t>{1, 2}));
  EXPECT_EQ(std::get<std::string>(taken[1].said), "is it late?");
  EXPECT_TRUE(inputs.empty());
}

TEST(PendingInputsTest, SoundIsNoText) {
  PendingInputs inputs;
  inputs.Add("a", std::vector<int16_t>{1});
  EXPECT_EQ(inputs.text(), nullptr);
  inputs.RemoveText();
  EXPECT_EQ(inputs.size(), 1U);
}

TEST(PendingInputsTest, AnItemThatIsDeletedIsForgotten) {
  PendingInputs inputs;
  inputs.Add("a", "one");
  inputs.Remove("other");
  EXPECT_EQ(inputs.size(), 1U);
  inputs.Remove("a");
  EXPECT_TRUE(inputs.empty());
}

TEST(PendingInputsTest, SoManyWaitAtMost) {
  PendingInputs inputs;
  for (size_t i = 0; i < PendingInputs::kMaxInputs; ++i) {
    ASSERT_TRUE(inputs.HasRoomFor("text"));
    inputs.Add("item", "text");
  }
  EXPECT_FALSE(inputs.HasRoomFor("text"));
}

TEST(PendingInputsTest, AsManyBytesWaitAsTheRuntimeTakesAtOnce) {
  constexpr size_t kMaxBytes = Runtime::Session::kMaxRequestBytes;
  PendingInputs inputs;
  inputs.Add("sound", std::vector<int16_t>(kMaxBytes / 2 - 2));
  EXPECT_TRUE(inputs.HasRoomFor("four"));
  EXPECT_FALSE(inputs.HasRoomFor("fives"));
  EXPECT_TRUE(inputs.HasRoomFor(std::vector<int16_t>(2)));
  EXPECT_FALSE(inputs.HasRoomFor(std::vector<int16_t>(3)));
}

}  // namespace
}  // namespace parlance::pipeline::door
