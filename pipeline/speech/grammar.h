// What can be said: patterns that are a grammar for a recogniser and a parser for its text.
#ifndef PIPELINE_SPEECH_GRAMMAR_H_
#define PIPELINE_SPEECH_GRAMMAR_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace parlance::pipeline {

// One thing that may be meant, and how it is said. In a pattern, words stand for themselves, (a |
// b) is a choice, [a] may be missing, <rule> refers to a rule and <slot=rule> also keeps its words
// as the slot.
struct Intent {
  std::string name;
  std::string pattern;
};

struct GrammarRule {
  std::string name;
  std::string pattern;
};

// The meaning of a text: its intent, and the words in its slots.
struct Parse {
  std::string intent;
  // Slot to the words in it.
  std::map<std::string, std::string> slots;
};

// How far a text is a sentence that can be said.
enum class Fit {
  // No sentence begins like that.
  kNone,
  // Some sentences begin like that, but it is none yet: "what time is".
  kBeginning,
  // A sentence, and there are longer ones that begin like it: "what is ten times twenty", which
  // "what is ten times twenty five" begins like.
  kMayGoOn,
  // A sentence that no longer one begins like: "what time is it in tokyo".
  kFinished,
};

// Immutable, so it may be used from any thread.
class Grammar {
 public:
  // InvalidArgument, with the place, for a malformed pattern, a name stated twice, a rule that is
  // not stated, rules that refer to themselves, and patterns of more than 100,000 words and
  // choices, counting those of a rule wherever it is referred to.
  static absl::StatusOr<Grammar> Create(const std::vector<Intent>& intents,
                                        const std::vector<GrammarRule>& rules);

  ~Grammar();
  Grammar(Grammar&&) noexcept;
  Grammar& operator=(Grammar&&) noexcept;

  // The same in the JSpeech Grammar Format (W3C note, 5 June 2000): rules without header, of which
  // <command> covers all intents.
  const std::string& jsgf_rules() const { return jsgf_rules_; }
  // Every word that may be said.
  const std::set<std::string>& words() const { return words_; }

  // The first intent that all of `text` fits; nothing if none does.
  std::optional<Parse> ParseText(absl::string_view text) const;
  // How far `text`, in whole words, is a sentence. The empty text is the beginning of all. It is
  // asked while somebody speaks: it takes time in proportion to the words of `text` and to what may
  // follow each, and allocates nothing for grammars of up to 2,000 words.
  Fit FitOf(absl::string_view text) const;

 private:
  struct Node;
  class PatternReader;
  class Matcher;
  class NetworkBuilder;
  // The states that a text has led to.
  class Reached;
  Grammar();

  // A place between words. Either one word leads on from it, or it stands for all of its branches.
  struct State {
    // An index into `vocabulary_`; negative for a state with branches.
    int32_t word = -1;
    // Where the word leads; else where the branches begin in `branches_`, and how many there are.
    int32_t next = 0;
    int32_t num_branches = 0;
  };

  std::vector<std::pair<std::string, std::unique_ptr<Node>>> intents_;
  std::map<std::string, std::unique_ptr<Node>> rules_;
  std::string jsgf_rules_;
  std::set<std::string> words_;
  // words_ in order, and the sentences as a network of states. A sentence leads from start_ to
  // kEnd; every other state leads to kEnd, too.
  static constexpr int32_t kEnd = 0;
  std::vector<std::string> vocabulary_;
  std::vector<State> states_;
  std::vector<int32_t> branches_;
  int32_t start_ = kEnd;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_SPEECH_GRAMMAR_H_
