#include "pipeline/conversation/answer_ledger.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "pipeline/conversation/answer/spoken_answer.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/conversation/turn/turn_latency.h"
#include "session/message.h"

namespace parlance::pipeline {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(5);
constexpr absl::Duration kNow = absl::Seconds(100);

// Keeps what the store is ordered to do.
class StoreActions : public ConversationActions {
 public:
  struct Amendment {
    int32_t order = 0;
    int64_t sequence = 0;
    std::string content;
    std::optional<std::string> metadata;
  };

  void Append(int32_t order, std::vector<session::Message> messages) override {
    appends.emplace_back(order, std::move(messages));
  }
  void Amend(int32_t order, int64_t sequence, std::string content,
             std::optional<std::string> metadata) override {
    amendments.push_back({order, sequence, std::move(content), std::move(metadata)});
  }

  void OpenRecognizer(int32_t /*utterance*/) override {}
  void Recognize(int32_t /*utterance*/, absl::Span<const int16_t> /*sound*/) override {}
  void FinishRecognizer(int32_t /*utterance*/) override {}
  void CancelRecognizer(int32_t /*utterance*/) override {}
  void AskAgent(const AgentQuestion& /*question*/) override {}
  void CancelAgent(int32_t /*attempt*/) override {}
  void StartCall(int32_t /*call*/, absl::string_view /*id*/, const ToolCall& /*call*/) override {}
  void CancelCall(int32_t /*call*/) override {}
  void Synthesize(int32_t /*piece*/, absl::string_view /*text*/) override {}
  void CancelSynthesis(int32_t /*piece*/) override {}
  void Hold() override {}
  void Resume() override {}
  void Stop() override {}
  void TurnDone(const TurnReport& /*report*/) override {}

  std::vector<std::pair<int32_t, std::vector<session::Message>>> appends;
  std::vector<Amendment> amendments;
};

// An answer of the pieces 1 and 2, each of which has a sound of 100 samples and one word.
class AnswerLedgerTest : public testing::Test {
 protected:
  AnswerLedgerTest() {
    AddPiece(1, "One. ");
    AddPiece(2, "Two.");
  }
  void AddPiece(int32_t id, absl::string_view text) {
    spoken_.AddPiece(id, text);
    spoken_.AddSound(id, std::vector<int16_t>(100),
                     {{.sample = 0, .text_begin = 0, .text_end = text.size()}});
    spoken_.EndPiece(id);
    spoken_.Release(id);
    std::vector<int16_t> frame(100);
    spoken_.Take(absl::MakeSpan(frame));
  }

  // Appends a question and the first piece of its answer, in turn 1.
  int32_t AppendFirst() {
    ledger_.AppendAnswer(kNow, {.turn = 1, .first_piece = 1, .last_piece = 1},
                         {{.role = session::Role::kUser, .content = "Count."},
                          {.role = session::Role::kAssistant, .content = "One."}});
    return actions_.appends.back().first;
  }

  StoreActions actions_;
  AnswerLedger ledger_{&actions_, kTimeout};
  SpokenAnswer spoken_;
};

TEST_F(AnswerLedgerTest, AMessageOfTheAnswerIsAmendedOncePieceAfterPieceComes) {
  const int32_t order = AppendFirst();
  auto done = ledger_.Stored(kNow, order, 7);
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->piece, 1);
  EXPECT_FALSE(done->failed);
  ASSERT_NE(ledger_.Last(1, 1), nullptr);
  ledger_.Extend(kNow, 2, spoken_);
  ASSERT_EQ(actions_.amendments.size(), 1U);
  // The question is 7, the answer 8.
  EXPECT_EQ(actions_.amendments[0].sequence, 8);
  EXPECT_EQ(actions_.amendments[0].content, "One. Two.");
  done = ledger_.Stored(kNow, actions_.amendments[0].order, 8);
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->piece, 2);
}

TEST_F(AnswerLedgerTest, WhatIsNotStoredYetIsAmendedOnceItIs) {
  const int32_t order = AppendFirst();
  ledger_.Extend(kNow, 2, spoken_);
  EXPECT_TRUE(actions_.amendments.empty());
  ASSERT_TRUE(ledger_.Stored(kNow, order, 7).has_value());
  ASSERT_EQ(actions_.amendments.size(), 1U);
  EXPECT_EQ(actions_.amendments[0].content, "One. Two.");
}

TEST_F(AnswerLedgerTest, WhatFailsTakesTheWaitingPiecesAlong) {
  const int32_t order = AppendFirst();
  ledger_.Extend(kNow, 2, spoken_);
  const auto done = ledger_.Stored(kNow, order, absl::ResourceExhaustedError("full"));
  ASSERT_TRUE(done.has_value());
  EXPECT_TRUE(done->failed);
  EXPECT_EQ(done->piece, 2);
  EXPECT_EQ(ledger_.Last(1, 1), nullptr);
  EXPECT_TRUE(actions_.amendments.empty());
}

TEST_F(AnswerLedgerTest, CutToWhatWasHeard) {
  ASSERT_TRUE(ledger_.Stored(kNow, AppendFirst(), 7).has_value());
  ledger_.Extend(kNow, 2, spoken_);
  // Heard whole: nothing has to be taken back, unless more was taken back before.
  ledger_.Cut(kNow, 1, 1, 200, spoken_, /*also_whole=*/false);
  EXPECT_EQ(actions_.amendments.size(), 1U);
  ledger_.Cut(kNow, 1, 1, 100, spoken_, /*also_whole=*/false);
  ASSERT_EQ(actions_.amendments.size(), 2U);
  EXPECT_EQ(actions_.amendments[1].content, "One.");
  ASSERT_TRUE(actions_.amendments[1].metadata.has_value());
  EXPECT_NE(actions_.amendments[1].metadata->find("interrupted"), std::string::npos);
  ledger_.Cut(kNow, 1, 1, 200, spoken_, /*also_whole=*/true);
  ASSERT_EQ(actions_.amendments.size(), 3U);
  EXPECT_EQ(actions_.amendments[2].content, "One. Two.");
  // Another turn's, and parts that ended before.
  ledger_.Cut(kNow, 2, 1, 0, spoken_, /*also_whole=*/true);
  ledger_.Cut(kNow, 1, 3, 0, spoken_, /*also_whole=*/true);
  EXPECT_EQ(actions_.amendments.size(), 3U);
}

TEST_F(AnswerLedgerTest, TheLatencyIsStoredOnce) {
  ASSERT_TRUE(ledger_.Stored(kNow, AppendFirst(), 7).has_value());
  TurnLatency latency;
  latency[TurnStage::kTools] = absl::Milliseconds(5);
  ledger_.NoteLatency(1, 1, latency);
  ledger_.NoteLatency(1, 2, TurnLatency());
  ledger_.StoreLatency(kNow, 1, 200, spoken_);
  ASSERT_EQ(actions_.amendments.size(), 1U);
  EXPECT_EQ(actions_.amendments[0].content, "One.");
  ASSERT_TRUE(actions_.amendments[0].metadata.has_value());
  EXPECT_NE(actions_.amendments[0].metadata->find("5000000"), std::string::npos);
  ledger_.StoreLatency(kNow, 1, 200, spoken_);
  EXPECT_EQ(actions_.amendments.size(), 1U);
}

TEST_F(AnswerLedgerTest, WhatIsStoredTooLateIsTakenBack) {
  const int32_t order = AppendFirst();
  EXPECT_EQ(ledger_.next_deadline(), kNow + kTimeout);
  EXPECT_FALSE(ledger_.TakeLate(kNow + kTimeout - absl::Nanoseconds(1)).has_value());
  const auto late = ledger_.TakeLate(kNow + kTimeout);
  ASSERT_TRUE(late.has_value());
  EXPECT_EQ(late->piece, 1);
  EXPECT_TRUE(late->failed);
  EXPECT_FALSE(ledger_.TakeLate(kNow + kTimeout).has_value());
  EXPECT_EQ(ledger_.next_deadline(), absl::InfiniteDuration());
  EXPECT_EQ(ledger_.Last(1, 1), nullptr);
  // It is not forgotten while it is under way.
  ledger_.Forget(5, 4);
  const auto done = ledger_.Stored(kNow + 2 * kTimeout, order, 7);
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->piece, 0);
  ASSERT_EQ(actions_.amendments.size(), 1U);
  EXPECT_EQ(actions_.amendments[0].sequence, 8);
  EXPECT_EQ(actions_.amendments[0].content, "");
}

TEST_F(AnswerLedgerTest, NobodyWaitsForMessagesWithoutAnAnswer) {
  ledger_.Append(kNow, {{.role = session::Role::kSystem, .content = "Be brief."}});
  ASSERT_EQ(actions_.appends.size(), 1U);
  const int32_t order = actions_.appends[0].first;
  const auto done = ledger_.Stored(kNow, order, absl::UnavailableError("gone"));
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->piece, 0);
  EXPECT_TRUE(done->failed);
  EXPECT_FALSE(ledger_.Stored(kNow, order, 1).has_value());
  EXPECT_FALSE(ledger_.Stored(kNow, 99, 1).has_value());
}

TEST_F(AnswerLedgerTest, TurnsThatAreOverAreForgotten) {
  ASSERT_TRUE(ledger_.Stored(kNow, AppendFirst(), 7).has_value());
  ledger_.Forget(/*turn=*/2, /*past_turn=*/1);
  EXPECT_NE(ledger_.Last(1, 1), nullptr);
  ledger_.Forget(/*turn=*/3, /*past_turn=*/2);
  EXPECT_EQ(ledger_.Last(1, 1), nullptr);
}

}  // namespace
}  // namespace parlance::pipeline
