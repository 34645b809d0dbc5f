// What can be said: patterns that are a grammar for a recogniser and a parser for its text.
#ifndef PIPELINE_SPEECH_GRAMMAR_H_
#define PIPELINE_SPEECH_GRAMMAR_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
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

// What was meant.
struct Parse {
  std::string intent;
  // Slot to the words in it.
  std::map<std::string, std::string> slots;
};

// Immutable, so it may be used from any thread.
class Grammar {
 public:
  // InvalidArgument, with the place, for a malformed pattern, a name stated twice, a rule that is
  // not stated, and rules that refer to themselves.
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

 private:
  struct Node;
  class PatternReader;
  class Matcher;
  Grammar();

  std::vector<std::pair<std::string, std::unique_ptr<Node>>> intents_;
  std::map<std::string, std::unique_ptr<Node>> rules_;
  std::string jsgf_rules_;
  std::set<std::string> words_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_SPEECH_GRAMMAR_H_
