#include "audio/turns/sample_ring.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parlance::audio {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<int16_t> From(const SampleRing& ring, int64_t position) {
  std::vector<int16_t> samples;
  for (const auto part : ring.From(position)) {
    samples.insert(samples.end(), part.begin(), part.end());
  }
  return samples;
}

TEST(SampleRingTest, KeepsTheLastSamples) {
  SampleRing ring(4);
  EXPECT_THAT(From(ring, 0), IsEmpty());
  ring.Push(std::vector<int16_t>{0, 1, 2});
  EXPECT_EQ(ring.end(), 3);
  EXPECT_THAT(From(ring, 0), ElementsAre(0, 1, 2));
  EXPECT_THAT(From(ring, 2), ElementsAre(2));
  EXPECT_THAT(From(ring, 3), IsEmpty());
  EXPECT_THAT(From(ring, 9), IsEmpty());
  ring.Push(std::vector<int16_t>{3});
  EXPECT_THAT(From(ring, 0), ElementsAre(0, 1, 2, 3));
  ring.Push(std::vector<int16_t>{4, 5});
  // What is too old is left out.
  EXPECT_THAT(From(ring, 0), ElementsAre(2, 3, 4, 5));
  EXPECT_THAT(From(ring, -5), ElementsAre(2, 3, 4, 5));
  EXPECT_THAT(From(ring, 3), ElementsAre(3, 4, 5));
}

TEST(SampleRingTest, ForgetsWhatIsNotNeeded) {
  SampleRing ring(100);
  ring.Push(std::vector<int16_t>{0, 1, 2, 3});
  ring.Forget(2);
  EXPECT_THAT(From(ring, 0), ElementsAre(2, 3));
  ring.Push(std::vector<int16_t>{4});
  EXPECT_THAT(From(ring, 0), ElementsAre(2, 3, 4));
  // Nothing comes back.
  ring.Forget(0);
  EXPECT_THAT(From(ring, 0), ElementsAre(2, 3, 4));
  ring.Forget(50);
  EXPECT_THAT(From(ring, 0), IsEmpty());
  ring.Push(std::vector<int16_t>{5});
  EXPECT_THAT(From(ring, 0), ElementsAre(5));
}

TEST(SampleRingTest, HasMemoryForWhatItKeeps) {
  SampleRing ring(10000, 960);
  const std::vector<int16_t> frame(160, 1);
  const auto push = [&](int64_t num_kept) {
    ring.Push(frame);
    ring.Forget(ring.end() - num_kept);
  };
  for (int i = 0; i < 1000; ++i) push(800);
  EXPECT_EQ(ring.capacity(), 960u);
  // More is kept for a while.
  for (int i = 0; i < 40; ++i) push(5000);
  EXPECT_EQ(ring.capacity(), 10000u);
  EXPECT_EQ(From(ring, 0).size(), 5000u);
  for (int i = 0; i < SampleRing::kPatience; ++i) push(800);
  EXPECT_EQ(ring.capacity(), 10000u);
  push(800);
  EXPECT_EQ(ring.capacity(), 960u);
}

TEST(SampleRingTest, ClearsToAnEmptyStream) {
  SampleRing ring(3);
  ring.Push(std::vector<int16_t>{7, 8});
  ring.Clear();
  EXPECT_EQ(ring.end(), 0);
  EXPECT_THAT(From(ring, 0), IsEmpty());
  ring.Push(std::vector<int16_t>{0, 1});
  EXPECT_THAT(From(ring, 0), ElementsAre(0, 1));
}

TEST(SampleRingTest, MayKeepNothing) {
  SampleRing ring(0);
  ring.Push(std::vector<int16_t>{1, 2, 3});
  EXPECT_EQ(ring.end(), 3);
  EXPECT_THAT(From(ring, 0), IsEmpty());
}

// Sample n of the stream is n, so that each tells its position.
TEST(SampleRingTest, PushesOfAnySizeGiveTheSame) {
  constexpr uint64_t kSeed = 3;
  std::mt19937_64 random(kSeed);
  for (const size_t capacity : {1u, 7u, 160u, 1000u}) {
    SampleRing ring(capacity);
    int64_t end = 0;
    while (end < 20000) {
      std::vector<int16_t> samples(random() % 300);
      std::iota(samples.begin(), samples.end(), static_cast<int16_t>(end));
      ring.Push(samples);
      end += static_cast<int64_t>(samples.size());
      ASSERT_EQ(ring.end(), end);
      const int64_t position = end - static_cast<int64_t>(random() % 1500);
      const int64_t oldest = std::max({position, end - static_cast<int64_t>(capacity), int64_t{0}});
      std::vector<int16_t> expected(static_cast<size_t>(end - std::min(oldest, end)));
      std::iota(expected.begin(), expected.end(), static_cast<int16_t>(oldest));
      ASSERT_EQ(From(ring, position), expected)
          << "capacity " << capacity << ", end " << end << ", seed " << kSeed;
    }
  }
}

// Whatever is forgotten, and whenever memory comes and goes.
TEST(SampleRingTest, KeepsAllThatIsNotForgotten) {
  constexpr uint64_t kSeed = 4;
  std::mt19937_64 random(kSeed);
  SampleRing ring(30000, 1200);
  int64_t end = 0;
  int64_t forgotten = 0;
  for (int i = 0; i < 20000; ++i) {
    std::vector<int16_t> samples(random() % 200);
    std::iota(samples.begin(), samples.end(), static_cast<int16_t>(end));
    ring.Push(samples);
    end += static_cast<int64_t>(samples.size());
    // Long stretches of each kind.
    const int64_t kept = i / 500 % 2 == 0 ? 1000 : 20000;
    forgotten = std::max(forgotten, end - kept);
    ring.Forget(forgotten);
    std::vector<int16_t> expected(static_cast<size_t>(end - forgotten));
    std::iota(expected.begin(), expected.end(), static_cast<int16_t>(forgotten));
    ASSERT_EQ(From(ring, 0), expected) << "push " << i << ", seed " << kSeed;
  }
}

}  // namespace
}  // namespace parlance::audio
