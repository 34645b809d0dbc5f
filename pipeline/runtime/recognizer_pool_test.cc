#include "pipeline/runtime/recognizer_pool.h"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/runtime/task_runner.h"
#include "pipeline/runtime/testing/gate.h"
#include "pipeline/runtime/testing/scripted_recognizer.h"
#include "pipeline/runtime/worker_pool.h"
#include "third_party/status_matchers.h"

namespace parlance::pipeline {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Runs tasks when a test says, refuses them when it says, and keeps what would tell that one is
// overdue.
class SteppedRunner : public TaskRunner {
 public:
  bool Post(Task task) override {
    if (refuses) return false;
    tasks_.push_back(std::move(task));
    return true;
  }
  bool RunOne() {
    if (tasks_.empty()) return false;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    if (keeps_overdue) last_overdue = task.overdue;
    // While `run` goes on, its `overdue` may be called.
    running_overdue = task.overdue;
    task.run();
    running_overdue = nullptr;
    return true;
  }
  void RunAll() {
    while (RunOne()) {
    }
  }
  size_t size() const { return tasks_.size(); }

  bool refuses = false;
  std::function<void()> running_overdue;
  // What would tell that the last task is overdue, which has returned. It holds the utterance, so
  // it is kept only where a test asks for it.
  bool keeps_overdue = false;
  std::function<void()> last_overdue;

 private:
  std::deque<Task> tasks_;
};

// What somebody who listens to an utterance heard.
struct Heard {
  RecognizerPool::Listener Listener() {
    return {
        .on_partial = [this](const Hypothesis& words) { partial.push_back(words.text); },
        .on_final = [this](const absl::StatusOr<Hypothesis>& words) { final.push_back(words); }};
  }

  std::vector<std::string> partial;
  std::vector<absl::StatusOr<Hypothesis>> final;
};

class RecognizerPoolTest : public testing::Test {
 protected:
  void Create(RecognizerPool::Options options) {
    pool_ =
        std::make_unique<RecognizerPool>([this] { return script_.Create(); }, &runner_, options);
  }
  // Says a word to its end, and has it recognised.
  void Say(const std::string& speaker, int word, Heard& heard) {
    const auto utterance = pool_->Open(speaker, heard.Listener());
    utterance->Hear(SoundOfWord(word, 320));
    utterance->Finish();
    runner_.RunAll();
  }
  static std::string TextOf(const Heard& heard) {
    if (heard.final.size() != 1) return absl::StrCat(heard.final.size(), " results");
    const auto& words = heard.final[0];
    return words.ok() ? words->text : words.status().ToString();
  }
  // What the first recogniser fails at, and then every other time it is asked for that.
  void FailAt(absl::string_view function, std::function<absl::Status()> fail) {
    script_.on_call = [this, function = std::string(function),
                       fail = std::move(fail)](absl::string_view called) {
      return called == function && fails_ ? fail() : absl::OkStatus();
    };
  }

  RecognizerScript script_;
  SteppedRunner runner_;
  bool fails_ = true;
  std::unique_ptr<RecognizerPool> pool_;
};

TEST_F(RecognizerPoolTest, OneRecognizerServesOneUtteranceAfterTheOther) {
  Create({.max_recognizers = 1});
  for (int word = 1; word <= 3; ++word) {
    Heard heard;
    Say("ann", word, heard);
    EXPECT_EQ(TextOf(heard), absl::StrCat("word ", word));
  }
  EXPECT_EQ(script_.num_created(), 1);
  const RecognizerPool::Stats stats = pool_->stats();
  EXPECT_EQ(stats.num_recognizers, 1);
  EXPECT_EQ(stats.num_busy, 0);
  EXPECT_EQ(stats.num_utterances, 3);
}

TEST_F(RecognizerPoolTest, ARecognizerForgetsASpeakerBeforeItHearsAnother) {
  Create({.max_recognizers = 1});
  Heard heard[4];
  Say("ann", 1, heard[0]);
  Say("ann", 2, heard[1]);
  Say("bob", 3, heard[2]);
  Say("ann", 4, heard[3]);
  EXPECT_THAT(script_.log(),
              ElementsAre("1 start", "1 process 320", "1 finish", "1 start", "1 process 320",
                          "1 finish", "1 forget", "1 start", "1 process 320", "1 finish",
                          "1 forget", "1 start", "1 process 320", "1 finish"));
}

TEST_F(RecognizerPoolTest, ASpeakerGetsTheRecognizerThatKnowsThem) {
  Create({.max_recognizers = 2});
  Heard heard[4];
  {
    const auto ann = pool_->Open("ann", heard[0].Listener());
    const auto bob = pool_->Open("bob", heard[1].Listener());
    ann->Hear(SoundOfWord(1, 320));
    bob->Hear(SoundOfWord(2, 320));
    ann->Finish();
    bob->Finish();
    runner_.RunAll();
  }
  EXPECT_EQ(script_.num_created(), 2);
  Say("ann", 3, heard[2]);
  Say("bob", 4, heard[3]);
  EXPECT_THAT(script_.log(), testing::Not(testing::Contains(HasSubstr("forget"))));
}

TEST_F(RecognizerPoolTest, UtterancesWaitInLineAndNothingOfThemIsLost) {
  Create({.max_recognizers = 1});
  Heard heard[3];
  std::vector<std::shared_ptr<RecognizerPool::Utterance>> utterances;
  for (int i = 0; i < 3; ++i) {
    utterances.push_back(pool_->Open("ann", heard[i].Listener()));
    utterances.back()->Hear(SoundOfWord(i, 160));
  }
  EXPECT_EQ(pool_->stats().num_waiting, 2U);
  EXPECT_EQ(pool_->stats().num_busy, 1);
  for (const auto& utterance : utterances) utterance->Finish();
  // In the order in which they came.
  while (heard[0].final.empty()) ASSERT_TRUE(runner_.RunOne());
  EXPECT_THAT(heard[1].final, IsEmpty());
  runner_.RunAll();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(TextOf(heard[i]), absl::StrCat("word ", i));
  EXPECT_EQ(script_.num_created(), 1);
}

TEST_F(RecognizerPoolTest, OneUtteranceTooManyIsRefused) {
  Create({.max_recognizers = 1, .max_waiting = 1});
  Heard heard[3];
  const auto first = pool_->Open("ann", heard[0].Listener());
  const auto second = pool_->Open("bob", heard[1].Listener());
  const auto third = pool_->Open("cat", heard[2].Listener());
  third->Hear(SoundOfWord(1, 320));
  EXPECT_THAT(heard[2].final, IsEmpty());
  third->Finish();
  ASSERT_EQ(heard[2].final.size(), 1U);
  EXPECT_THAT(heard[2].final[0],
              StatusIs(absl::StatusCode::kResourceExhausted,
                       "all 1 recognisers are busy, and 1 utterances wait for one"));
  EXPECT_EQ(pool_->stats().num_refused_line, 1);
}

TEST_F(RecognizerPoolTest, SoundThatWaitsHasABound) {
  Create({.max_recognizers = 1, .max_sound = absl::Milliseconds(100)});
  Heard heard;
  const auto utterance = pool_->Open("ann", heard.Listener());
  utterance->Hear(SoundOfWord(1, 1600));
  runner_.RunAll();
  utterance->Hear(SoundOfWord(1, 1600));
  utterance->Hear(SoundOfWord(1, 1));
  utterance->Hear(SoundOfWord(1, 1));
  utterance->Finish();
  EXPECT_THAT(heard.final, IsEmpty());
  runner_.RunAll();
  ASSERT_EQ(heard.final.size(), 1U);
  EXPECT_THAT(heard.final[0], StatusIs(absl::StatusCode::kResourceExhausted,
                                       "the recogniser is 100ms behind what is said"));
  EXPECT_EQ(pool_->stats().num_refused_sound, 1);
  // The recogniser was taken from the middle of the utterance, and is as good as new.
  Heard next;
  Say("ann", 2, next);
  EXPECT_EQ(TextOf(next), "word 2");
  EXPECT_EQ(script_.num_created(), 1);
}

TEST_F(RecognizerPoolTest, GuessesAreMadeEvery100Milliseconds) {
  Create({.max_recognizers = 1, .gather = absl::ZeroDuration()});
  Heard heard;
  const auto utterance = pool_->Open("ann", heard.Listener());
  utterance->Hear(SoundOfWord(1, 1599));
  runner_.RunAll();
  EXPECT_THAT(heard.partial, IsEmpty());
  utterance->Hear(SoundOfWord(1, 1));
  runner_.RunAll();
  EXPECT_THAT(heard.partial, ElementsAre("word 1"));
  // However the sound comes.
  utterance->Hear(SoundOfWord(2, 4000));
  runner_.RunAll();
  EXPECT_THAT(heard.partial, ElementsAre("word 1", "word 1 word 2", "word 1 word 2"));
}

TEST_F(RecognizerPoolTest, SoundIsGatheredWhenManySpeak) {
  Create({.max_recognizers = 20, .gather = absl::Milliseconds(30)});
  std::vector<Heard> heard(20);
  std::vector<std::shared_ptr<RecognizerPool::Utterance>> utterances;
  const auto speak = [&](size_t count) {
    while (utterances.size() < count) {
      utterances.push_back(pool_->Open("ann", heard[utterances.size()].Listener()));
    }
  };
  // Ten milliseconds are worth a task if five speak or fewer, and thirty however many do.
  speak(5);
  utterances[0]->Hear(SoundOfWord(1, 160));
  EXPECT_EQ(runner_.size(), 1U);
  runner_.RunAll();
  speak(20);
  utterances[0]->Hear(SoundOfWord(1, 160));
  utterances[0]->Hear(SoundOfWord(1, 160));
  EXPECT_EQ(runner_.size(), 0U);
  utterances[0]->Hear(SoundOfWord(1, 160));
  EXPECT_EQ(runner_.size(), 1U);
  runner_.RunAll();
  // What is left at the end is heard.
  utterances[0]->Hear(SoundOfWord(2, 160));
  utterances[0]->Finish();
  runner_.RunAll();
  EXPECT_EQ(TextOf(heard[0]), "word 1 word 2");
}

TEST_F(RecognizerPoolTest, NoGuessesIfNoneAreWanted) {
  Create({.max_recognizers = 1, .partial_every = absl::ZeroDuration()});
  Heard heard;
  Say("ann", 1, heard);
  EXPECT_THAT(heard.partial, IsEmpty());
  EXPECT_THAT(script_.log(), ElementsAre("1 start", "1 process 320", "1 finish"));
}

TEST_F(RecognizerPoolTest, AnUtteranceWithoutSoundHasNoWords) {
  Create({.max_recognizers = 1});
  Heard heard;
  pool_->Open("ann", heard.Listener())->Finish();
  runner_.RunAll();
  EXPECT_EQ(TextOf(heard), "");
}

// Cancelling, at each stage: nothing is told any more, and the next utterance is served.

class CancelTest : public RecognizerPoolTest {
 protected:
  void ExpectNextIsServed() {
    Heard next;
    Say("ann", 9, next);
    EXPECT_EQ(TextOf(next), "word 9");
    EXPECT_THAT(heard_.final, IsEmpty());
    EXPECT_EQ(pool_->stats().num_busy, 0);
    EXPECT_EQ(pool_->stats().num_waiting, 0U);
    EXPECT_EQ(script_.num_alive(), pool_->stats().num_recognizers);
  }
  Heard heard_;
};

TEST_F(CancelTest, BeforeThereIsSound) {
  Create({.max_recognizers = 1});
  const auto utterance = pool_->Open("ann", heard_.Listener());
  utterance->Cancel();
  runner_.RunAll();
  ExpectNextIsServed();
}
TEST_F(CancelTest, WhileItsSoundWaits) {
  Create({.max_recognizers = 1});
  const auto utterance = pool_->Open("ann", heard_.Listener());
  utterance->Hear(SoundOfWord(1, 320));
  utterance->Cancel();
  runner_.RunAll();
  EXPECT_THAT(script_.log(), IsEmpty());
  ExpectNextIsServed();
}
TEST_F(CancelTest, AfterSomeWasHeard) {
  Create({.max_recognizers = 1});
  const auto utterance = pool_->Open("ann", heard_.Listener());
  utterance->Hear(SoundOfWord(1, 320));
  runner_.RunAll();
  utterance->Cancel();
  runner_.RunAll();
  EXPECT_THAT(script_.log(), ElementsAre("1 start", "1 process 320", "1 cancel"));
  ExpectNextIsServed();
}
TEST_F(CancelTest, AfterFinish) {
  Create({.max_recognizers = 1});
  const auto utterance = pool_->Open("ann", heard_.Listener());
  utterance->Hear(SoundOfWord(1, 320));
  utterance->Finish();
  utterance->Cancel();
  runner_.RunAll();
  ExpectNextIsServed();
}
TEST_F(CancelTest, WhileItIsHeard) {
  Create({.max_recognizers = 1});
  std::shared_ptr<RecognizerPool::Utterance> utterance;
  script_.on_call = [&](absl::string_view function) {
    if (function == "process" && utterance != nullptr) std::exchange(utterance, nullptr)->Cancel();
    return absl::OkStatus();
  };
  utterance = pool_->Open("ann", heard_.Listener());
  utterance->Hear(SoundOfWord(1, 16000));
  runner_.RunAll();
  EXPECT_THAT(heard_.partial, IsEmpty());
  // Not all of it is heard for nobody.
  EXPECT_THAT(script_.log(), ElementsAre("1 start", "1 process 1600", "1 partial", "1 cancel"));
  ExpectNextIsServed();
}
TEST_F(CancelTest, WhileItFinishes) {
  Create({.max_recognizers = 1});
  std::shared_ptr<RecognizerPool::Utterance> utterance;
  script_.on_call = [&](absl::string_view function) {
    if (function == "finish" && utterance != nullptr) std::exchange(utterance, nullptr)->Cancel();
    return absl::OkStatus();
  };
  utterance = pool_->Open("ann", heard_.Listener());
  utterance->Hear(SoundOfWord(1, 320));
  utterance->Finish();
  runner_.RunAll();
  ExpectNextIsServed();
}
TEST_F(CancelTest, InTheLine) {
  Create({.max_recognizers = 1});
  Heard first;
  const auto busy = pool_->Open("ann", first.Listener());
  const auto utterance = pool_->Open("ann", heard_.Listener());
  EXPECT_EQ(pool_->stats().num_waiting, 1U);
  utterance->Cancel();
  EXPECT_EQ(pool_->stats().num_waiting, 0U);
  busy->Finish();
  runner_.RunAll();
  ExpectNextIsServed();
}

// Who is let go of is cancelled, wherever it is.
TEST_F(CancelTest, WhoIsLetGoOfInTheLineLeavesIt) {
  Create({.max_recognizers = 1, .max_waiting = 1});
  Heard first;
  const auto busy = pool_->Open("ann", first.Listener());
  pool_->Open("ann", heard_.Listener()).reset();
  EXPECT_EQ(pool_->stats().num_waiting, 0U);
  EXPECT_EQ(pool_->stats().num_refused_line, 0);
  busy->Finish();
  runner_.RunAll();
  ExpectNextIsServed();
}
TEST_F(CancelTest, WhoIsLetGoOfInTheMiddleGivesItsRecognizerBack) {
  Create({.max_recognizers = 1});
  auto utterance = pool_->Open("ann", heard_.Listener());
  utterance->Hear(SoundOfWord(1, 320));
  runner_.RunAll();
  utterance.reset();
  runner_.RunAll();
  ExpectNextIsServed();
  EXPECT_EQ(script_.num_created(), 1);
}

// What goes wrong.

TEST_F(RecognizerPoolTest, WhereNoneCanBeMadeTheUtteranceFailsAndTheNextTriesAgain) {
  Create({.max_recognizers = 1});
  FailAt("create", [] { return absl::NotFoundError("there is no model"); });
  Heard heard[3];
  Say("ann", 1, heard[0]);
  ASSERT_EQ(heard[0].final.size(), 1U);
  EXPECT_THAT(heard[0].final[0], StatusIs(absl::StatusCode::kNotFound, "there is no model"));
  EXPECT_EQ(pool_->stats().num_recognizers, 0);
  // Also somebody who waited.
  const auto first = pool_->Open("ann", heard[1].Listener());
  const auto waiting = pool_->Open("ann", heard[2].Listener());
  first->Hear(SoundOfWord(1, 320));
  runner_.RunAll();
  fails_ = false;
  first->Finish();
  waiting->Hear(SoundOfWord(2, 320));
  waiting->Finish();
  runner_.RunAll();
  EXPECT_THAT(heard[1].final[0], StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(TextOf(heard[2]), "word 2");
}

// Whatever a recogniser does, the utterance ends with an error, and the next one is served.
TEST_F(RecognizerPoolTest, ARecognizerMayFailOrThrowInEachFunction) {
  struct Case {
    const char* function;
    std::function<absl::Status()> fail;
    absl::StatusCode code;
    const char* message;
  };
  const auto fails = [] { return absl::UnavailableError("no microphone"); };
  const auto throws = []() -> absl::Status { throw std::runtime_error("out of memory"); };
  const auto throws_a_number = []() -> absl::Status { throw 7; };
  const Case cases[] = {
      {"create", fails, absl::StatusCode::kUnavailable, "no microphone"},
      {"create", throws, absl::StatusCode::kInternal, "the recogniser threw: out of memory"},
      {"start", fails, absl::StatusCode::kUnavailable, "no microphone"},
      {"start", throws, absl::StatusCode::kInternal, "the recogniser threw: out of memory"},
      {"start", throws_a_number, absl::StatusCode::kInternal,
       "something that is not a std::exception"},
      {"process", fails, absl::StatusCode::kUnavailable, "no microphone"},
      {"process", throws, absl::StatusCode::kInternal, "out of memory"},
      {"process", throws_a_number, absl::StatusCode::kInternal, "not a std::exception"},
      {"partial", fails, absl::StatusCode::kUnavailable, "no microphone"},
      {"partial", throws, absl::StatusCode::kInternal, "out of memory"},
      {"finish", fails, absl::StatusCode::kUnavailable, "no microphone"},
      {"finish", throws, absl::StatusCode::kInternal, "out of memory"},
      {"finish", throws_a_number, absl::StatusCode::kInternal, "not a std::exception"},
      {"forget", throws, absl::StatusCode::kInternal, "out of memory"},
      {"forget", throws_a_number, absl::StatusCode::kInternal, "not a std::exception"},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(absl::StrCat(each.function, ": ", each.message));
    Create({.max_recognizers = 1});
    script_.on_call = nullptr;
    Heard before;
    // So that there is somebody to forget.
    if (absl::string_view(each.function) == "forget") Say("bob", 1, before);
    FailAt(each.function, each.fail);
    fails_ = true;
    Heard heard;
    auto utterance = pool_->Open("ann", heard.Listener());
    for (int i = 0; i < 3; ++i) {
      utterance->Hear(SoundOfWord(1, 1600));
      runner_.RunAll();
    }
    utterance->Finish();
    runner_.RunAll();
    ASSERT_EQ(heard.final.size(), 1U);
    EXPECT_THAT(heard.final[0], StatusIs(each.code, HasSubstr(each.message)));

    fails_ = false;
    Heard next;
    Say("cat", 2, next);
    EXPECT_EQ(TextOf(next), "word 2");
    EXPECT_EQ(pool_->stats().num_recognizers, 1);
    EXPECT_EQ(pool_->stats().num_busy, 0);
    utterance.reset();
    pool_.reset();
    EXPECT_EQ(script_.num_alive(), 0);
  }
}

// A recogniser that does not even let itself be cancelled is made anew.
TEST_F(RecognizerPoolTest, ARecognizerThatThrowsWhenItIsCancelledIsThrownAway) {
  Create({.max_recognizers = 1});
  FailAt("cancel", []() -> absl::Status { throw std::runtime_error("stuck"); });
  Heard heard;
  const auto utterance = pool_->Open("ann", heard.Listener());
  utterance->Hear(SoundOfWord(1, 320));
  runner_.RunAll();
  utterance->Cancel();
  runner_.RunAll();
  EXPECT_EQ(script_.num_alive(), 0);
  Heard next;
  Say("ann", 2, next);
  EXPECT_EQ(TextOf(next), "word 2");
  EXPECT_EQ(script_.num_created(), 2);
}

TEST_F(RecognizerPoolTest, ARunnerThatRefusesFailsTheUtteranceAndKeepsTheRecognizer) {
  Create({.max_recognizers = 1});
  Heard heard[3];
  const auto utterance = pool_->Open("ann", heard[0].Listener());
  utterance->Hear(SoundOfWord(1, 320));
  runner_.RunAll();
  const auto waiting = pool_->Open("ann", heard[1].Listener());
  waiting->Hear(SoundOfWord(2, 320));
  runner_.refuses = true;
  utterance->Hear(SoundOfWord(1, 320));
  // It is told only when it asks.
  EXPECT_THAT(heard[0].final, IsEmpty());
  utterance->Finish();
  waiting->Finish();
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(heard[i].final.size(), 1U) << i;
    EXPECT_THAT(heard[i].final[0],
                StatusIs(absl::StatusCode::kResourceExhausted,
                         "the queue of sound to be recognised is full; try again later"));
  }
  runner_.refuses = false;
  Say("ann", 3, heard[2]);
  EXPECT_EQ(TextOf(heard[2]), "word 3");
  EXPECT_EQ(script_.num_created(), 1);
  EXPECT_EQ(pool_->stats().num_busy, 0);
}

// Finish itself is refused: the one who asked is told at once.
TEST_F(RecognizerPoolTest, ARunnerThatRefusesToFinishFailsTheUtterance) {
  Create({.max_recognizers = 1});
  Heard heard;
  const auto utterance = pool_->Open("ann", heard.Listener());
  utterance->Hear(SoundOfWord(1, 320));
  runner_.RunAll();
  runner_.refuses = true;
  utterance->Finish();
  ASSERT_EQ(heard.final.size(), 1U);
  EXPECT_THAT(heard.final[0], StatusIs(absl::StatusCode::kResourceExhausted));
  utterance->Cancel();
  EXPECT_EQ(pool_->stats().num_busy, 0);
}

// Recognisers that hang.

class HangTest : public RecognizerPoolTest {
 protected:
  // Calls `overdue` of the task while the recogniser is in this function.
  void HangIn(absl::string_view function) {
    script_.on_call = [this, function = std::string(function)](absl::string_view called) {
      if (called == function && runner_.running_overdue != nullptr && fails_) {
        fails_ = false;
        runner_.running_overdue();
        while_hanging_();
      }
      return absl::OkStatus();
    };
  }

  std::function<void()> while_hanging_ = [] {};
};

TEST_F(HangTest, OneThatHangsIsWrittenOffAndReplaced) {
  for (const char* const function : {"create", "start", "process", "partial", "finish"}) {
    SCOPED_TRACE(function);
    Create({.max_recognizers = 1});
    fails_ = true;
    HangIn(function);
    Heard heard;
    Heard waited;
    std::shared_ptr<RecognizerPool::Utterance> waiting;
    auto utterance = pool_->Open("ann", heard.Listener());
    waiting = pool_->Open("ann", waited.Listener());
    utterance->Hear(SoundOfWord(1, 1600));
    utterance->Finish();
    while_hanging_ = [&] {
      // Its utterance has ended, and who waits is given another one.
      ASSERT_EQ(heard.final.size(), 1U);
      EXPECT_THAT(heard.final[0],
                  StatusIs(absl::StatusCode::kDeadlineExceeded, "the recogniser does not return"));
      EXPECT_EQ(pool_->stats().num_lost, 1);
      EXPECT_EQ(pool_->stats().num_waiting, 0U);
      EXPECT_EQ(pool_->stats().num_recognizers, 1);
    };
    runner_.RunOne();
    EXPECT_FALSE(fails_);
    // What came late is dropped, and the recogniser with it.
    EXPECT_EQ(heard.final.size(), 1U);
    if (absl::string_view(function) != "finish") {
      EXPECT_THAT(heard.partial, IsEmpty());
    }
    EXPECT_EQ(script_.num_alive(), 0);
    waiting->Hear(SoundOfWord(2, 320));
    waiting->Finish();
    runner_.RunAll();
    EXPECT_EQ(TextOf(waited), "word 2");
    EXPECT_EQ(pool_->stats().num_recognizers, 1);
    EXPECT_EQ(pool_->stats().num_busy, 0);
    EXPECT_EQ(script_.num_alive(), 1);
    utterance.reset();
    waiting.reset();
    pool_.reset();
    EXPECT_EQ(script_.num_alive(), 0);
  }
}

TEST_F(HangTest, AnUtteranceThatIsNotOverFailsWhenItIsFinished) {
  Create({.max_recognizers = 1});
  HangIn("process");
  Heard heard;
  const auto utterance = pool_->Open("ann", heard.Listener());
  utterance->Hear(SoundOfWord(1, 320));
  runner_.RunAll();
  EXPECT_THAT(heard.final, IsEmpty());
  utterance->Hear(SoundOfWord(1, 320));
  EXPECT_EQ(runner_.size(), 0U);
  utterance->Finish();
  ASSERT_EQ(heard.final.size(), 1U);
  EXPECT_THAT(heard.final[0], StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(pool_->stats().num_recognizers, 0);
}

TEST_F(HangTest, OneThatHangsWhileItIsCancelledIsWrittenOff) {
  Create({.max_recognizers = 1});
  HangIn("cancel");
  Heard heard;
  const auto utterance = pool_->Open("ann", heard.Listener());
  utterance->Hear(SoundOfWord(1, 320));
  runner_.RunAll();
  utterance->Cancel();
  // Whoever cancelled does not wait for the recogniser, nor does who calls it now.
  while_hanging_ = [&] { utterance->Hear(SoundOfWord(1, 320)); };
  runner_.RunAll();
  EXPECT_EQ(pool_->stats().num_lost, 1);
  EXPECT_EQ(pool_->stats().num_recognizers, 0);
  Heard next;
  Say("ann", 2, next);
  EXPECT_EQ(TextOf(next), "word 2");
  EXPECT_THAT(heard.final, IsEmpty());
}

// A runner may find a task overdue just when it returns.
TEST_F(HangTest, OneThatHasReturnedIsNotWrittenOff) {
  runner_.keeps_overdue = true;
  Create({.max_recognizers = 1});
  Heard heard;
  const auto utterance = pool_->Open("ann", heard.Listener());
  utterance->Hear(SoundOfWord(1, 320));
  runner_.RunAll();
  runner_.last_overdue();
  EXPECT_EQ(pool_->stats().num_lost, 0);
  // Nor is it by what was said of an earlier task, while it is at the next.
  const std::function<void()> early = runner_.last_overdue;
  script_.on_call = [&](absl::string_view function) {
    if (function == "finish") early();
    return absl::OkStatus();
  };
  utterance->Finish();
  runner_.RunAll();
  EXPECT_EQ(TextOf(heard), "word 1");
  runner_.last_overdue();
  EXPECT_EQ(TextOf(heard), "word 1");
  EXPECT_EQ(pool_->stats().num_lost, 0);
  EXPECT_EQ(pool_->stats().num_recognizers, 1);
  EXPECT_EQ(pool_->stats().num_busy, 0);
}

// With real threads: the line goes on while a recogniser hangs, and its thread is replaced.
TEST_F(HangTest, AHangingRecognizerCostsItsThreadAndNothingElse) {
  const Gate hangs;
  const Gate may_go_on;
  std::atomic<int> num_hanging = 0;
  script_.on_call = [&](absl::string_view function) {
    if (function == "process" && num_hanging.fetch_add(1) == 0) {
      hangs.Open();
      may_go_on.Wait();
    }
    return absl::OkStatus();
  };
  std::atomic<int64_t> now = 0;
  WorkerPool workers({.num_workers = 1, .overdue_after = absl::Seconds(10), .now = [&] {
                        return absl::Seconds(now.load());
                      }});
  RecognizerPool pool([&] { return script_.Create(); }, &workers, {.max_recognizers = 1});
  const Gate failed;
  const Gate served;
  absl::Status first;
  const auto utterance = pool.Open("ann", {.on_partial = [](const Hypothesis&) {},
                                           .on_final =
                                               [&](const absl::StatusOr<Hypothesis>& words) {
                                                 first = words.status();
                                                 failed.Open();
                                               }});
  utterance->Hear(SoundOfWord(1, 320));
  utterance->Finish();
  hangs.Wait();
  std::string words_served;
  const auto next = pool.Open("ann", {.on_partial = [](const Hypothesis&) {},
                                      .on_final =
                                          [&](const absl::StatusOr<Hypothesis>& words) {
                                            if (words.ok()) words_served = words->text;
                                            served.Open();
                                          }});
  next->Hear(SoundOfWord(2, 320));
  next->Finish();
  now = 10;
  workers.ReplaceOverdue();
  failed.Wait();
  EXPECT_THAT(first, StatusIs(absl::StatusCode::kDeadlineExceeded));
  served.Wait();
  EXPECT_EQ(words_served, "word 2");
  may_go_on.Open();
}

}  // namespace
}  // namespace parlance::pipeline
