#include "pipeline/conversation/turn/turn_wait.h"

#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "pipeline/conversation/turn/turn_latency.h"

namespace parlance::pipeline {
namespace {

absl::Duration Ms(int ms) { return absl::Milliseconds(ms); }

TEST(TurnWaitTest, TheStagesAreTheWhole) {
  TurnWait wait;
  EXPECT_FALSE(wait.is_on());
  wait.Begin(Ms(1000), Ms(300));
  EXPECT_TRUE(wait.is_on());
  EXPECT_EQ(wait.since(), Ms(1000));
  wait.Add(TurnStage::kRecognition, Ms(1000), Ms(50));
  wait.Add(TurnStage::kTools, Ms(1050), Ms(20));
  wait.EndWithSound(Ms(1070));
  EXPECT_FALSE(wait.is_on());
  EXPECT_EQ(wait.latency().total(), Ms(370));
  EXPECT_EQ(wait.latency().since_endpoint(), Ms(70));
}

TEST(TurnWaitTest, WaitsOfOneStageAreOneUntilAnotherComes) {
  TurnWait wait;
  wait.Begin(Ms(0), Ms(0));
  wait.Add(TurnStage::kTools, Ms(0), Ms(1));
  wait.Add(TurnStage::kTools, Ms(1), Ms(2));
  wait.Add(TurnStage::kTools, Ms(3), Ms(0));
  wait.Add(TurnStage::kStore, Ms(3), Ms(4));
  wait.Add(TurnStage::kTools, Ms(7), Ms(5));
  const std::vector<StageWait> expected = {
      {.stage = TurnStage::kTools, .began = Ms(0), .took = Ms(3)},
      {.stage = TurnStage::kStore, .began = Ms(3), .took = Ms(4)},
      {.stage = TurnStage::kTools, .began = Ms(7), .took = Ms(5)}};
  EXPECT_EQ(wait.TakeWaits(), expected);
  EXPECT_EQ(wait.TakeWaits(), std::vector<StageWait>());
}

TEST(TurnWaitTest, SoManyWaitsAreToldApart) {
  TurnWait wait;
  wait.Begin(Ms(0), Ms(0));
  for (int i = 0; i < 1000; ++i) {
    wait.Add(i % 2 == 0 ? TurnStage::kTools : TurnStage::kStore, Ms(i), Ms(1));
  }
  EXPECT_EQ(wait.TakeWaits().size(), kMaxStageWaits);
  EXPECT_EQ(wait.latency().total(), Ms(1000));
}

TEST(TurnWaitTest, TheFirstNewsOfPlayedSoundCounts) {
  TurnWait wait;
  wait.Begin(Ms(0), Ms(0));
  wait.Add(TurnStage::kSynthesis, Ms(0), Ms(80));
  wait.EndWithSound(Ms(80));
  EXPECT_FALSE(wait.latency().played.has_value());
  wait.NotePlayed(Ms(100));
  wait.NotePlayed(Ms(500));
  EXPECT_EQ(wait.latency().played, Ms(100));
}

TEST(TurnWaitTest, ANewOneForgetsTheLast) {
  TurnWait wait;
  wait.Begin(Ms(0), Ms(10));
  wait.EndWithSound(Ms(5));
  wait.NotePlayed(Ms(6));
  wait.Begin(Ms(100), Ms(20));
  EXPECT_EQ(wait.latency().total(), Ms(20));
  EXPECT_FALSE(wait.latency().played.has_value());
  EXPECT_EQ(wait.TakeLatency().total(), Ms(20));
  EXPECT_EQ(wait.latency().total(), Ms(0));
}

}  // namespace
}  // namespace parlance::pipeline
