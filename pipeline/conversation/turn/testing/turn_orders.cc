#include "pipeline/conversation/turn/testing/turn_orders.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace parlance::pipeline {
namespace {

using testing::IsEmpty;

using Event = TurnEvent;
using Kind = TurnEventKind;
using Do = TurnActionKind;

// What is under way outside of the machine, by what it ordered and what came back.
struct World {
  std::set<int> recognizing;
  std::set<int> finishing;
  int asked = 0;
  std::set<int> calls;
  int synthesizing = 0;
  std::set<int> storing;
  std::set<int> released;
  bool held = false;
  int turns_done = 0;
  TurnEnding last_ending = TurnEnding::kAnswered;

  friend bool operator==(const World&, const World&) = default;
};

std::string Described(const World& world) {
  return absl::StrCat("recognizing {", absl::StrJoin(world.recognizing, " "), "} finishing {",
                      absl::StrJoin(world.finishing, " "), "} asked ", world.asked, " calls {",
                      absl::StrJoin(world.calls, " "), "} synthesizing ", world.synthesizing,
                      " storing {", absl::StrJoin(world.storing, " "), "} released {",
                      absl::StrJoin(world.released, " "), "} ", world.held ? "held" : "free", ", ",
                      world.turns_done, " turns done, the last ",
                      TurnEndingName(world.last_ending));
}

// The rules, written a second time: facts about the conversation, and what follows from them, again
// and again until nothing more does, whatever the event was.
class Rules {
 public:
  void Handle(const Event& event) {
    if (closed_) return;
    switch (event.kind) {
      case Kind::kSpeechBegan:
        if (Open() != nullptr) break;
        if (answer_.committed) {
          if (Over() != nullptr) {
            FloorTaken();
            Begin(/*over=*/false);
          } else {
            Begin(/*over=*/true);
          }
        } else {
          answer_ = {};
          if (!in_turn_) NewTurn();
          Begin(/*over=*/false);
        }
        break;
      case Kind::kSpeechPaused:
        if (Open() == nullptr || Open()->over || paused_) break;
        paused_ = true;
        if (event.usable && Awaited() == 0 && drafts_ < 3) {
          ++drafts_;
          Ask(/*draft=*/true);
        }
        break;
      case Kind::kSpeechResumed:
        if (Open() == nullptr || Open()->over || !paused_) break;
        paused_ = false;
        answer_ = {};
        break;
      case Kind::kSpeechEnded:
        if (Open() == nullptr) break;
        paused_ = false;
        Open()->state = Utterance::kAwaited;
        break;
      case Kind::kRecognized:
        for (Utterance& utterance : utterances_) {
          if (utterance.id != event.id || utterance.state != Utterance::kAwaited) continue;
          utterance.state = Utterance::kKnown;
          utterance.usable = event.usable;
          agrees_ = event.agrees;
        }
        break;
      case Kind::kTaken:
        if (Over() != nullptr) FloorTaken();
        break;
      case Kind::kDismissed:
        if (Over() != nullptr) {
          std::erase_if(utterances_, [](const Utterance& each) { return each.over; });
          onset_ = false;
        }
        break;
      case Kind::kCancelled:
        if (!answer_.committed) break;
        if (Over() != nullptr) {
          FloorTaken();
        } else {
          answer_.announcement = false;
          End(TurnEnding::kInterrupted);
          utterances_.clear();
        }
        break;
      case Kind::kOnset:
        if (answer_.committed) onset_ = true;
        break;
      case Kind::kOnsetLost:
        onset_ = false;
        break;
      case Kind::kCalls:
        if (event.id != answer_.asked) break;
        answer_.asked = 0;
        answer_.calling = answer_.attempt;
        answer_.calls.clear();
        for (int i = 0; i < event.count; ++i) answer_.calls.insert(next_call_++);
        answer_.effects = event.effects;
        answer_.begun = false;
        break;
      case Kind::kPiece:
        if (event.id == answer_.attempt &&
            (answer_.asked != 0 || (answer_.calling != 0 && answer_.committed))) {
          GivePiece();
        }
        break;
      case Kind::kAttemptDone:
        if (event.id != answer_.asked || event.id == 0) break;
        answer_.asked = 0;
        if (!event.failed) break;
        if (!answer_.committed) {
          answer_ = {};
        } else {
          GivePiece();
        }
        break;
      case Kind::kCallEnded:
        if (!answer_.begun || answer_.calls.erase(event.id) == 0) break;
        if (answer_.calls.empty()) {
          answer_.asked = answer_.calling;
          answer_.calling = 0;
        }
        break;
      case Kind::kSynthesized:
        if (PieceState* piece = Find(event.id); piece != nullptr && piece->sound == kBeingMade) {
          piece->sound = kMade;
          answer_.unsaid |= event.failed;
        }
        break;
      case Kind::kStored:
        if (PieceState* piece = Find(event.id);
            piece != nullptr && piece->asked_to_store && !piece->stored) {
          if (event.failed) {
            NotStored();
          } else {
            for (PieceState& each : answer_.pieces) each.stored |= each.id <= event.id;
          }
        }
        break;
      case Kind::kFirstHeard:
        answer_.heard |= answer_.committed && !Released().empty();
        break;
      case Kind::kHeard:
        if (PieceState* piece = Find(event.id); piece != nullptr && piece->released &&
                                                piece->sound == kMade && !Released().empty() &&
                                                *Released().begin() == event.id) {
          piece->heard = true;
        }
        break;
      case Kind::kAnnounce:
        ++announcements_;
        break;
      case Kind::kHangUp:
        if (in_turn_) End(TurnEnding::kHungUp);
        utterances_.clear();
        answer_ = {};
        onset_ = false;
        closed_ = true;
        return;
    }
    while (Follow()) {
    }
  }

  // What has to be under way.
  World Desired() const {
    World world;
    for (const Utterance& utterance : utterances_) {
      if (utterance.state == Utterance::kOpen) world.recognizing.insert(utterance.id);
      if (utterance.state == Utterance::kAwaited) world.finishing.insert(utterance.id);
    }
    world.asked = answer_.asked;
    if (answer_.begun) world.calls = answer_.calls;
    for (const PieceState& piece : answer_.pieces) {
      if (piece.sound == kBeingMade) world.synthesizing = piece.id;
      if (piece.asked_to_store && !piece.stored && !answer_.unstored) {
        // Only the last piece of each time that storing was asked for is named.
        world.storing.insert(piece.store_as);
      }
    }
    world.released = Released();
    world.held = onset_ || (answer_.committed && Over() != nullptr);
    world.turns_done = turns_done_;
    world.last_ending = last_ending_;
    return world;
  }

  friend bool operator==(const Rules&, const Rules&) = default;

 private:
  enum Sound { kNoSound, kBeingMade, kMade };
  struct Utterance {
    enum State { kOpen, kAwaited, kKnown };
    int id = 0;
    State state = kOpen;
    bool over = false;
    bool usable = false;
    friend bool operator==(const Utterance&, const Utterance&) = default;
  };
  struct PieceState {
    int id = 0;
    Sound sound = kNoSound;
    bool asked_to_store = false;
    int store_as = 0;
    bool stored = false;
    bool released = false;
    bool heard = false;
    friend bool operator==(const PieceState&, const PieceState&) = default;
  };
  struct Answer {
    bool there = false;
    bool committed = false;
    int attempt = 0;
    int asked = 0;
    int calling = 0;
    std::set<int> calls = {};
    bool effects = false;
    bool begun = false;
    std::vector<PieceState> pieces = {};
    bool heard = false;
    bool unsaid = false;
    bool unstored = false;
    bool announcement = false;
    friend bool operator==(const Answer&, const Answer&) = default;
  };

  const Utterance* Over() const {
    for (const Utterance& each : utterances_) {
      if (each.over) return &each;
    }
    return nullptr;
  }
  Utterance* Open() {
    for (Utterance& each : utterances_) {
      if (each.state == Utterance::kOpen) return &each;
    }
    return nullptr;
  }
  int64_t Awaited() const {
    return std::count_if(utterances_.begin(), utterances_.end(), [](const Utterance& each) {
      return each.state == Utterance::kAwaited && !each.over;
    });
  }
  PieceState* Find(int id) {
    for (PieceState& each : answer_.pieces) {
      if (each.id == id) return &each;
    }
    return nullptr;
  }
  std::set<int> Released() const {
    std::set<int> released;
    for (const PieceState& each : answer_.pieces) {
      if (each.released && !each.heard) released.insert(each.id);
    }
    return released;
  }

  void NewTurn() {
    in_turn_ = true;
    drafts_ = 0;
    changed_ = false;
    std::erase_if(utterances_, [](const Utterance& each) { return !each.over; });
  }
  void Begin(bool over) { utterances_.push_back({.id = next_utterance_++, .over = over}); }
  void Ask(bool draft) {
    answer_ = {
        .there = true, .committed = !draft, .attempt = next_attempt_, .asked = next_attempt_};
    ++next_attempt_;
  }
  void GivePiece() { answer_.pieces.push_back({.id = next_piece_++}); }
  void End(TurnEnding ending) {
    ++turns_done_;
    last_ending_ = ending;
    if (answer_.announcement && !answer_.heard && ending == TurnEnding::kInterrupted) {
      ++announcements_;
    }
    answer_ = {};
    onset_ = false;
    in_turn_ = false;
  }
  bool AskedToStore() const {
    return std::any_of(answer_.pieces.begin(), answer_.pieces.end(),
                       [](const PieceState& each) { return each.asked_to_store; });
  }
  void FloorTaken() {
    agrees_ = false;
    const bool untouched = !answer_.heard && !changed_ && !AskedToStore() && !answer_.announcement;
    if (!untouched) {
      End(TurnEnding::kInterrupted);
      NewTurn();
    }
    answer_ = {};
    onset_ = false;
    for (Utterance& each : utterances_) each.over = false;
  }
  void NotStored() {
    if (answer_.unstored) return;
    if (!answer_.announcement) {
      const bool heard = answer_.heard;
      answer_ = {.there = true, .committed = true, .attempt = next_attempt_++, .heard = heard};
      GivePiece();
    }
    answer_.unstored = true;
  }

  // One thing that follows from the facts; false if nothing does.
  bool Follow() {
    const bool contested = Over() != nullptr;
    const bool free = answer_.committed && !contested;
    if (in_turn_ && !answer_.committed && !utterances_.empty() && Open() == nullptr &&
        Awaited() == 0) {
      const bool said = std::any_of(utterances_.begin(), utterances_.end(),
                                    [](const Utterance& each) { return each.usable; });
      if (!said) {
        End(TurnEnding::kNothingSaid);
        utterances_.clear();
      } else if (answer_.there && agrees_) {
        answer_.committed = true;
      } else {
        Ask(/*draft=*/false);
      }
      return true;
    }
    if (!answer_.there) {
      if (!in_turn_ && announcements_ > 0 && utterances_.empty()) {
        announcements_ = 0;
        NewTurn();
        answer_ = {.there = true, .committed = true, .attempt = next_attempt_++};
        answer_.announcement = true;
        GivePiece();
        return true;
      }
      return false;
    }
    if (answer_.calling != 0 && !answer_.begun && (free || !answer_.effects)) {
      answer_.begun = true;
      changed_ |= answer_.effects;
      return true;
    }
    size_t num_heard = 0;
    bool making = false;
    for (const PieceState& each : answer_.pieces) {
      num_heard += each.heard ? 1 : 0;
      making |= each.sound == kBeingMade;
    }
    for (size_t i = 0; i < answer_.pieces.size() && !making; ++i) {
      const bool near = answer_.committed ? i < num_heard + 2 : i < 1;
      if (answer_.pieces[i].sound == kNoSound && near) {
        answer_.pieces[i].sound = kBeingMade;
        return true;
      }
    }
    for (PieceState& each : answer_.pieces) {
      if (free && !each.asked_to_store && !answer_.unstored) {
        for (PieceState& other : answer_.pieces) {
          if (!other.asked_to_store) other.store_as = answer_.pieces.back().id;
          other.asked_to_store = true;
        }
        return true;
      }
      if (free && !each.released && (each.stored || answer_.unstored)) {
        each.released = true;
        return true;
      }
    }
    if (answer_.committed && answer_.asked == 0 && answer_.calling == 0 &&
        num_heard == answer_.pieces.size()) {
      End(answer_.unstored ? TurnEnding::kNotStored : TurnEnding::kAnswered);
      std::erase_if(utterances_, [](const Utterance& each) { return !each.over; });
      if (contested) {
        NewTurn();
        for (Utterance& each : utterances_) each.over = false;
        agrees_ = false;
      }
      return true;
    }
    return false;
  }

  bool closed_ = false;
  bool in_turn_ = false;
  std::vector<Utterance> utterances_;
  bool paused_ = false;
  bool agrees_ = false;
  bool onset_ = false;
  bool changed_ = false;
  Answer answer_;
  int drafts_ = 0;
  int announcements_ = 0;
  int turns_done_ = 0;
  TurnEnding last_ending_ = TurnEnding::kAnswered;
  int next_utterance_ = 1;
  int next_attempt_ = 1;
  int next_call_ = 1;
  int next_piece_ = 1;
};

// The machine, the second writing of its rules, what is under way, and what a person may still do.
struct Node {
  TurnMachine machine;
  Rules rules;
  World world;
  TurnOrderBudget budget;
  // The person: speaks, is silent for a moment, makes a sound.
  bool speaks = false;
  bool pauses = false;
  bool sounds = false;
  std::set<int> synthesized;
  // How many pieces and steps the attempt that was asked may still give.
  int pieces_left = 0;
  int steps_left = 0;
  int last_asked = 0;
  // The calls that were begun and have no output, and whether one was begun that changes something.
  bool effects_wanted = false;
  // Whether the turn's answer is being stored or was, and whether it was.
  bool stores = false;
  bool stored = false;

  friend bool operator==(const Node&, const Node&) = default;
};

struct NodeHash {
  size_t operator()(const Node& node) const {
    const World& world = node.world;
    return absl::Hash<std::tuple<TurnMachine, int, int, int, int, int, bool, bool, int, int, size_t,
                                 size_t, size_t, size_t>>()(
        {node.machine, node.budget.utterances, node.budget.pauses, node.budget.resumes,
         node.budget.failures, node.budget.announcements + node.budget.cancellations, node.speaks,
         node.pauses, node.pieces_left, node.steps_left, world.finishing.size(),
         world.storing.size(), world.released.size(), node.synthesized.size()});
  }
};

class Exploration {
 public:
  explicit Exploration(const TurnOrderBudget& budget) { start_.budget = budget; }

  TurnOrders Run() {
    found_.num_orders = Explore(start_);
    found_.num_states = known_.size();
    return found_;
  }

 private:
  static bool IsContested(const Node& node) {
    return node.machine.phase() == TurnPhase::kContested ||
           node.machine.phase() == TurnPhase::kJudging;
  }

  // All events that may come next.
  static std::vector<Event> Next(const Node& node) {
    std::vector<Event> events;
    const World& world = node.world;
    const TurnOrderBudget& budget = node.budget;
    if (node.machine.phase() == TurnPhase::kClosed) return events;
    if (!node.speaks && budget.utterances > 0) events.push_back({.kind = Kind::kSpeechBegan});
    if (node.speaks) {
      events.push_back({.kind = Kind::kSpeechEnded});
      if (!node.pauses && budget.pauses > 0) {
        events.push_back({.kind = Kind::kSpeechPaused, .usable = true});
      }
      if (node.pauses && budget.resumes > 0) events.push_back({.kind = Kind::kSpeechResumed});
    } else if (!node.sounds && budget.onsets > 0) {
      events.push_back({.kind = Kind::kOnset});
    }
    if (node.sounds) events.push_back({.kind = Kind::kOnsetLost});
    if (IsContested(node)) {
      events.push_back({.kind = Kind::kTaken});
      // Speech is judged to be of no matter once it is over.
      if (!node.speaks) events.push_back({.kind = Kind::kDismissed});
    }
    for (const int utterance : world.finishing) {
      events.push_back({.kind = Kind::kRecognized, .id = utterance});
      events.push_back({.kind = Kind::kRecognized, .id = utterance, .usable = true});
      if (node.machine.has_draft()) {
        events.push_back(
            {.kind = Kind::kRecognized, .id = utterance, .usable = true, .agrees = true});
      }
    }
    if (world.asked != 0) {
      if (node.pieces_left > 0) events.push_back({.kind = Kind::kPiece, .id = world.asked});
      if (node.steps_left > 0) {
        for (const bool effects : {false, true}) {
          events.push_back(
              {.kind = Kind::kCalls, .id = world.asked, .count = budget.calls, .effects = effects});
        }
      }
      events.push_back({.kind = Kind::kAttemptDone, .id = world.asked});
      if (budget.failures > 0) {
        events.push_back({.kind = Kind::kAttemptDone, .id = world.asked, .failed = true});
      }
    }
    if (world.asked == 0 && !world.calls.empty() && node.pieces_left > 0) {
      // A word of waiting.
      events.push_back({.kind = Kind::kPiece, .id = node.last_asked});
    }
    for (const int call : world.calls) events.push_back({.kind = Kind::kCallEnded, .id = call});
    if (world.synthesizing != 0) {
      events.push_back({.kind = Kind::kSynthesized, .id = world.synthesizing});
      if (budget.failures > 0) {
        events.push_back({.kind = Kind::kSynthesized, .id = world.synthesizing, .failed = true});
      }
    }
    for (const int piece : world.storing) {
      events.push_back({.kind = Kind::kStored, .id = piece});
      if (budget.failures > 0) {
        events.push_back({.kind = Kind::kStored, .id = piece, .failed = true});
      }
    }
    // What was on its way when it was held may be heard.
    if (!world.released.empty()) {
      const int first = *world.released.begin();
      if (!node.machine.heard()) {
        events.push_back({.kind = Kind::kFirstHeard});
      } else if (node.synthesized.count(first) > 0) {
        events.push_back({.kind = Kind::kHeard, .id = first});
      }
    }
    if (budget.announcements > 0) events.push_back({.kind = Kind::kAnnounce});
    if (budget.cancellations > 0) events.push_back({.kind = Kind::kCancelled});
    if (budget.hang_ups > 0) events.push_back({.kind = Kind::kHangUp});
    return events;
  }

  // What the event itself changes, before the machine hears of it.
  static void Happen(const Event& event, Node& node) {
    World& world = node.world;
    if (event.failed) --node.budget.failures;
    switch (event.kind) {
      case Kind::kSpeechBegan:
        --node.budget.utterances;
        node.speaks = true;
        node.pauses = false;
        node.sounds = false;
        break;
      case Kind::kSpeechPaused:
        --node.budget.pauses;
        node.pauses = true;
        break;
      case Kind::kSpeechResumed:
        --node.budget.resumes;
        node.pauses = false;
        break;
      case Kind::kSpeechEnded:
        node.speaks = false;
        node.pauses = false;
        break;
      case Kind::kOnset:
        --node.budget.onsets;
        node.sounds = true;
        break;
      case Kind::kOnsetLost:
        node.sounds = false;
        break;
      case Kind::kRecognized:
        world.finishing.erase(event.id);
        break;
      case Kind::kCalls:
        world.asked = 0;
        --node.steps_left;
        node.effects_wanted = event.effects;
        break;
      case Kind::kPiece:
        --node.pieces_left;
        break;
      case Kind::kAttemptDone:
        world.asked = 0;
        break;
      case Kind::kCallEnded:
        world.calls.erase(event.id);
        break;
      case Kind::kSynthesized:
        node.synthesized.insert(event.id);
        world.synthesizing = 0;
        break;
      case Kind::kStored:
        if (event.failed) {
          node.stores = node.stored;
        } else {
          node.stored = true;
        }
        // What is stored up to a piece has the pieces before it.
        std::erase_if(world.storing, [&](int piece) { return piece <= event.id; });
        break;
      case Kind::kHeard:
        world.released.erase(event.id);
        break;
      case Kind::kAnnounce:
        --node.budget.announcements;
        break;
      case Kind::kCancelled:
        --node.budget.cancellations;
        break;
      case Kind::kHangUp:
        --node.budget.hang_ups;
        break;
      default:
        break;
    }
  }

  // Does what the machine orders, and checks that it may be ordered.
  void Obey(const TurnAction& action, Node& node) {
    World& world = node.world;
    switch (action.kind) {
      case Do::kOpenRecognizer:
        EXPECT_THAT(world.recognizing, IsEmpty());
        world.recognizing.insert(action.id);
        break;
      case Do::kFinishRecognizer:
        EXPECT_EQ(world.recognizing.erase(action.id), 1u);
        world.finishing.insert(action.id);
        break;
      case Do::kCancelRecognizer:
        EXPECT_EQ(world.recognizing.erase(action.id) + world.finishing.erase(action.id), 1u);
        break;
      case Do::kAskAgent:
        EXPECT_EQ(world.asked, 0) << "one attempt at a time";
        EXPECT_THAT(world.calls, IsEmpty());
        if (action.id != node.last_asked) {
          node.pieces_left = node.budget.pieces;
          node.steps_left = node.budget.steps;
        }
        node.last_asked = action.id;
        world.asked = action.id;
        break;
      case Do::kCancelAgent:
        EXPECT_EQ(action.id, node.last_asked);
        world.asked = 0;
        break;
      case Do::kStartCalls:
        EXPECT_EQ(action.id, node.last_asked);
        EXPECT_FALSE(node.effects_wanted && (action.draft || IsContested(node)))
            << "nothing is changed for a draft, or while it is contested";
        for (int i = 0; i < action.count; ++i) world.calls.insert(action.first_call + i);
        break;
      case Do::kCancelCalls:
        EXPECT_THAT(world.calls, testing::Not(IsEmpty()));
        world.calls.clear();
        break;
      case Do::kApologize:
      case Do::kSayAnnouncement:
        break;
      case Do::kSynthesize:
        EXPECT_EQ(world.synthesizing, 0);
        world.synthesizing = action.id;
        break;
      case Do::kCancelSynthesis:
        EXPECT_NE(world.synthesizing, 0);
        world.synthesizing = 0;
        break;
      case Do::kStoreAnswer:
        EXPECT_FALSE(node.machine.has_draft());
        world.storing.insert(action.id);
        node.stores = true;
        break;
      case Do::kStoreHeard:
        EXPECT_TRUE(node.stores);
        node.stores = false;
        world.storing.clear();
        break;
      case Do::kStoreUnanswered:
        EXPECT_FALSE(node.stores);
        break;
      case Do::kRelease:
        EXPECT_FALSE(IsContested(node)) << "nothing is released while somebody speaks over it";
        EXPECT_EQ(world.storing.count(action.id), 0u) << "what is heard is stored before";
        world.released.insert(action.id);
        break;
      case Do::kHold:
        EXPECT_FALSE(world.held);
        world.held = true;
        break;
      case Do::kResume:
        EXPECT_TRUE(world.held);
        world.held = false;
        break;
      case Do::kStop:
        world.released.clear();
        world.storing.clear();
        break;
      case Do::kTurnDone:
        EXPECT_EQ(action.id, world.turns_done + 1) << "turns end once, in order";
        EXPECT_EQ(world.asked, 0);
        EXPECT_THAT(world.calls, IsEmpty());
        EXPECT_THAT(world.released, IsEmpty());
        ++world.turns_done;
        world.last_ending = action.ending;
        world.storing.clear();
        node.stores = false;
        node.stored = false;
        node.synthesized.clear();
        found_.endings.insert(action.ending);
        break;
    }
  }

  Node Step(const Node& node, const Event& event) {
    Node next = node;
    found_.seen.emplace(node.machine.phase(), event.kind);
    Happen(event, next);
    actions_.clear();
    next.machine.Handle(event, actions_);
    for (const TurnAction& action : actions_) Obey(action, next);
    CheckPhase(node, event, next);
    next.rules.Handle(event);
    EXPECT_TRUE(next.world == next.rules.Desired()) << Described(next.world) << "\n  instead of\n"
                                                    << Described(next.rules.Desired());
    EXPECT_EQ(next.world.held, next.machine.held());
    return next;
  }

  // The table of phases is what the machine does.
  static void CheckPhase(const Node& node, const Event& event, const Node& next) {
    const TurnPhase after = next.machine.phase();
    for (const PhaseChange& change : kPhaseChanges) {
      if (change.from != node.machine.phase() || change.event != event.kind) continue;
      // Where the final words are there already, they are answered at once, and nothing is awaited.
      const bool settled = change.to == TurnPhase::kRecognizing && next.world.finishing.empty() &&
                           (after == TurnPhase::kAnswering || after == TurnPhase::kIdle);
      EXPECT_TRUE(after == change.to || settled)
          << "from " << TurnPhaseName(change.from) << ", " << TurnEventName(event.kind)
          << " leads to " << TurnPhaseName(after);
    }
  }

  // Events about what is over change nothing.
  void CheckLateEvents(const Node& node) {
    for (const Event& late : std::vector<Event>{
             {.kind = Kind::kRecognized, .id = node.machine.utterance() + 1, .usable = true},
             {.kind = Kind::kRecognized, .id = 0, .usable = true},
             {.kind = Kind::kPiece, .id = node.machine.attempt() - 1},
             {.kind = Kind::kCalls, .id = node.machine.attempt() - 1, .count = 1},
             {.kind = Kind::kAttemptDone, .id = node.machine.attempt() - 1},
             {.kind = Kind::kAttemptDone, .id = node.machine.attempt() + 1, .failed = true},
             {.kind = Kind::kCallEnded, .id = 0},
             {.kind = Kind::kSynthesized, .id = 0},
             {.kind = Kind::kStored, .id = 0, .failed = true},
             {.kind = Kind::kHeard, .id = 0}}) {
      TurnMachine machine = node.machine;
      std::vector<TurnAction> actions;
      machine.Handle(late, actions);
      EXPECT_TRUE(machine == node.machine) << TurnEventName(late.kind);
      EXPECT_THAT(actions, IsEmpty()) << TurnEventName(late.kind);
    }
  }

  double Explore(const Node& node) {
    if (const auto known = known_.find(node); known != known_.end()) return known->second;
    CheckLateEvents(node);
    const std::vector<Event> events = Next(node);
    double orders = 0;
    for (const Event& event : events) {
      ++found_.num_steps;
      path_.push_back(event);
      const Node next = Step(node, event);
      if (testing::Test::HasFailure()) {
        if (!reported_) ADD_FAILURE() << "after" << DescribedPath();
        reported_ = true;
        return 0;
      }
      orders += Explore(next);
      path_.pop_back();
      if (testing::Test::HasFailure()) return 0;
    }
    if (events.empty()) {
      orders = 1;
      EXPECT_TRUE(node.machine.phase() == TurnPhase::kIdle ||
                  node.machine.phase() == TurnPhase::kClosed)
          << "it stands still in " << TurnPhaseName(node.machine.phase()) << " after"
          << DescribedPath();
    }
    known_.emplace(node, orders);
    return orders;
  }

  std::string DescribedPath() const {
    std::string path;
    for (const Event& event : path_) {
      absl::StrAppend(&path, "\n  ", TurnEventName(event.kind), " ", event.id,
                      event.usable ? " usable" : "", event.agrees ? " agrees" : "",
                      event.effects ? " effects" : "", event.failed ? " failed" : "");
    }
    return path;
  }

  Node start_;
  std::unordered_map<Node, double, NodeHash> known_;
  std::vector<Event> path_;
  std::vector<TurnAction> actions_;
  TurnOrders found_;
  bool reported_ = false;
};

}  // namespace

TurnOrders ExploreTurnOrders(const TurnOrderBudget& budget) {
  Exploration exploration(budget);
  return exploration.Run();
}

}  // namespace parlance::pipeline
