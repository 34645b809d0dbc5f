#include "pipeline/speech/grammar.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace parlance::pipeline {

struct Grammar::Node {
  enum class Kind { kWord, kSequence, kChoice, kOptional, kRule };
  Kind kind = Kind::kWord;
  // The word, or the rule's name.
  std::string text;
  std::string slot;
  std::vector<std::unique_ptr<Node>> children;
};

// Recursive descent over a pattern.
class Grammar::PatternReader {
 public:
  explicit PatternReader(absl::string_view pattern) : pattern_(pattern) {}

  absl::StatusOr<std::unique_ptr<Node>> Read() {
    absl::StatusOr<std::unique_ptr<Node>> node = Choice(0);
    if (node.ok() && Peek() != '\0') return Error("unexpected");
    return node;
  }

 private:
  static constexpr int kMaxDepth = 50;

  char Peek() {
    while (place_ < pattern_.size() && absl::ascii_isspace(pattern_[place_])) ++place_;
    return place_ < pattern_.size() ? pattern_[place_] : '\0';
  }

  absl::Status Error(absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(
        "pattern '", pattern_, "': ", what, " '",
        pattern_.substr(std::min(place_, pattern_.size()), 1), "' at character ", place_ + 1));
  }

  absl::StatusOr<std::unique_ptr<Node>> Choice(int depth) {
    if (depth > kMaxDepth) return Error("nested too deeply at");
    auto choice = std::make_unique<Node>();
    choice->kind = Node::Kind::kChoice;
    for (;;) {
      absl::StatusOr<std::unique_ptr<Node>> sequence = Sequence(depth);
      if (!sequence.ok()) return sequence;
      choice->children.push_back(*std::move(sequence));
      if (Peek() != '|') break;
      ++place_;
    }
    if (choice->children.size() == 1) return std::move(choice->children.front());
    return choice;
  }

  absl::StatusOr<std::unique_ptr<Node>> Sequence(int depth) {
    auto sequence = std::make_unique<Node>();
    sequence->kind = Node::Kind::kSequence;
    for (;;) {
      const char c = Peek();
      if (c == '\0' || c == '|' || c == ')' || c == ']') break;
      absl::StatusOr<std::unique_ptr<Node>> item = Item(c, depth);
      if (!item.ok()) return item;
      sequence->children.push_back(*std::move(item));
    }
    if (sequence->children.empty()) return Error("expected a word before");
    return sequence;
  }

  absl::StatusOr<std::unique_ptr<Node>> Item(char c, int depth) {
    if (c == '(' || c == '[') {
      ++place_;
      absl::StatusOr<std::unique_ptr<Node>> inner = Choice(depth + 1);
      if (!inner.ok()) return inner;
      if (Peek() != (c == '(' ? ')' : ']')) return Error("expected a closing bracket instead of");
      ++place_;
      if (c == '(') return inner;
      auto optional = std::make_unique<Node>();
      optional->kind = Node::Kind::kOptional;
      optional->children.push_back(*std::move(inner));
      return optional;
    }
    auto node = std::make_unique<Node>();
    if (c == '<') {
      const size_t end = pattern_.find('>', place_);
      if (end == absl::string_view::npos) return Error("expected '>' after");
      const absl::string_view name = pattern_.substr(place_ + 1, end - place_ - 1);
      const size_t equals = name.find('=');
      node->kind = Node::Kind::kRule;
      if (equals != absl::string_view::npos) {
        node->slot = std::string(name.substr(0, equals));
        node->text = std::string(name.substr(equals + 1));
      } else {
        node->text = std::string(name);
      }
      place_ = end + 1;
      return node;
    }
    const size_t start = place_;
    while (place_ < pattern_.size() &&
           (absl::ascii_islower(pattern_[place_]) || pattern_[place_] == '\'')) {
      ++place_;
    }
    if (place_ == start) return Error("unexpected");
    node->text = std::string(pattern_.substr(start, place_ - start));
    return node;
  }

  const absl::string_view pattern_;
  size_t place_ = 0;
};

// Tries the ways a text may fit, each with what comes after it.
class Grammar::Matcher {
 public:
  Matcher(const Grammar& grammar, std::vector<absl::string_view> words)
      : grammar_(grammar), words_(std::move(words)) {}

  bool MatchesAll(const Node& node) {
    slots_.clear();
    return Match(node, 0, [this](size_t end) { return end == words_.size(); });
  }

  const std::map<std::string, std::string>& slots() const { return slots_; }

 private:
  using Next = std::function<bool(size_t)>;

  bool Match(const Node& node, size_t place, const Next& next) {
    switch (node.kind) {
      case Node::Kind::kWord:
        return place < words_.size() && words_[place] == node.text && next(place + 1);
      case Node::Kind::kSequence:
        return MatchFrom(node, 0, place, next);
      case Node::Kind::kChoice:
        for (const auto& child : node.children) {
          if (Match(*child, place, next)) return true;
        }
        return false;
      case Node::Kind::kOptional:
        return Match(*node.children.front(), place, next) || next(place);
      case Node::Kind::kRule:
        return Match(*grammar_.rules_.at(node.text), place, [&](size_t end) {
          if (!next(end)) return false;
          if (!node.slot.empty()) {
            slots_[node.slot] = absl::StrJoin(words_.begin() + static_cast<ptrdiff_t>(place),
                                              words_.begin() + static_cast<ptrdiff_t>(end), " ");
          }
          return true;
        });
    }
    return false;
  }

  bool MatchFrom(const Node& sequence, size_t child, size_t place, const Next& next) {
    if (child == sequence.children.size()) return next(place);
    return Match(*sequence.children[child], place,
                 [&](size_t end) { return MatchFrom(sequence, child + 1, end, next); });
  }

  const Grammar& grammar_;
  const std::vector<absl::string_view> words_;
  std::map<std::string, std::string> slots_;
};

// Writes the intents out as a network of states, from its end to its start, so that each piece is
// made knowing what comes after it. On its way it finds rules that are not stated or never end.
class Grammar::NetworkBuilder {
 public:
  explicit NetworkBuilder(Grammar* grammar) : grammar_(*grammar) {}

  absl::Status Build() {
    grammar_.states_ = {State()};
    std::vector<int32_t> starts;
    for (const auto& [name, node] : grammar_.intents_) {
      absl::StatusOr<int32_t> start = Add(*node, kEnd);
      if (!start.ok()) return start.status();
      starts.push_back(*start);
    }
    grammar_.start_ = AddBranches(starts);
    // Words were numbered as they came; their order is that of the set.
    std::vector<int32_t> place(numbers_.size());
    for (const auto& [word, number] : numbers_) {
      place[static_cast<size_t>(number)] = static_cast<int32_t>(grammar_.vocabulary_.size());
      grammar_.vocabulary_.push_back(word);
      grammar_.words_.insert(word);
    }
    for (State& state : grammar_.states_) {
      if (state.word >= 0) state.word = place[static_cast<size_t>(state.word)];
    }
    return absl::OkStatus();
  }

 private:
  static constexpr size_t kMaxStates = 100000;

  // The state before `node`, where `next` is the one after it.
  absl::StatusOr<int32_t> Add(const Node& node, int32_t next) {
    if (grammar_.states_.size() > kMaxStates) {
      return absl::InvalidArgumentError(
          absl::StrCat("the patterns have more than ", kMaxStates,
                       " words and choices, counting those of a rule wherever it is referred to"));
    }
    std::vector<int32_t> branches;
    switch (node.kind) {
      case Node::Kind::kWord: {
        const auto number = static_cast<int32_t>(numbers_.size());
        grammar_.states_.push_back(
            {.word = numbers_.emplace(node.text, number).first->second, .next = next});
        return static_cast<int32_t>(grammar_.states_.size() - 1);
      }
      case Node::Kind::kSequence:
        for (auto child = node.children.rbegin(); child != node.children.rend(); ++child) {
          absl::StatusOr<int32_t> before = Add(**child, next);
          if (!before.ok()) return before;
          next = *before;
        }
        return next;
      case Node::Kind::kOptional:
        branches.push_back(next);
        [[fallthrough]];
      case Node::Kind::kChoice:
        for (const auto& child : node.children) {
          absl::StatusOr<int32_t> before = Add(*child, next);
          if (!before.ok()) return before;
          branches.push_back(*before);
        }
        return AddBranches(branches);
      case Node::Kind::kRule: {
        const auto rule = grammar_.rules_.find(node.text);
        if (rule == grammar_.rules_.end()) {
          return absl::InvalidArgumentError(absl::StrCat("there is no rule '", node.text, "'"));
        }
        if (!path_.insert(node.text).second) {
          return absl::InvalidArgumentError(
              absl::StrCat("rule '", node.text, "' refers to itself"));
        }
        absl::StatusOr<int32_t> before = Add(*rule->second, next);
        path_.erase(node.text);
        return before;
      }
    }
    return next;
  }

  int32_t AddBranches(const std::vector<int32_t>& branches) {
    grammar_.states_.push_back({.next = static_cast<int32_t>(grammar_.branches_.size()),
                                .num_branches = static_cast<int32_t>(branches.size())});
    grammar_.branches_.insert(grammar_.branches_.end(), branches.begin(), branches.end());
    return static_cast<int32_t>(grammar_.states_.size() - 1);
  }

  Grammar& grammar_;
  std::map<std::string, int32_t> numbers_;
  // The rules that are being written out.
  std::set<std::string> path_;
};

class Grammar::Reached {
 public:
  explicit Reached(const Grammar& grammar)
      : grammar_(grammar), seen_((grammar.states_.size() + 63) / 64) {
    Add(grammar.start_);
  }

  // One word further.
  void Follow(int32_t word) {
    before_.swap(waiting_);
    waiting_.clear();
    std::fill(seen_.begin(), seen_.end(), 0);
    at_end_ = false;
    for (const int32_t index : before_) {
      const State& state = grammar_.states_[static_cast<size_t>(index)];
      if (state.word == word) Add(state.next);
    }
  }

  // Whether a sentence ends here, and whether one goes on.
  bool at_end() const { return at_end_; }
  bool goes_on() const { return !waiting_.empty(); }

 private:
  // `index`, or what its branches come to.
  void Add(int32_t index) {
    branching_.push_back(index);
    while (!branching_.empty()) {
      const int32_t place = branching_.back();
      branching_.pop_back();
      uint64_t& seen = seen_[static_cast<size_t>(place) / 64];
      const uint64_t bit = uint64_t{1} << (static_cast<size_t>(place) % 64);
      if ((seen & bit) != 0) continue;
      seen |= bit;
      const State& state = grammar_.states_[static_cast<size_t>(place)];
      if (place == kEnd) {
        at_end_ = true;
      } else if (state.word >= 0) {
        waiting_.push_back(place);
      } else {
        const auto first = grammar_.branches_.begin() + state.next;
        branching_.insert(branching_.end(), first, first + state.num_branches);
      }
    }
  }

  const Grammar& grammar_;
  // The states that wait for a word, and those of one word ago.
  absl::InlinedVector<int32_t, 256> waiting_;
  absl::InlinedVector<int32_t, 256> before_;
  absl::InlinedVector<int32_t, 256> branching_;
  absl::InlinedVector<uint64_t, 64> seen_;
  bool at_end_ = false;
};

Grammar::Grammar() = default;
Grammar::~Grammar() = default;
Grammar::Grammar(Grammar&&) noexcept = default;
Grammar& Grammar::operator=(Grammar&&) noexcept = default;

absl::StatusOr<Grammar> Grammar::Create(const std::vector<Intent>& intents,
                                        const std::vector<GrammarRule>& rules) {
  Grammar grammar;
  const auto read = [](absl::string_view name,
                       absl::string_view pattern) -> absl::StatusOr<std::unique_ptr<Node>> {
    absl::StatusOr<std::unique_ptr<Node>> node = PatternReader(pattern).Read();
    if (node.ok()) return node;
    return absl::InvalidArgumentError(absl::StrCat("'", name, "': ", node.status().message()));
  };
  for (const GrammarRule& rule : rules) {
    absl::StatusOr<std::unique_ptr<Node>> node = read(rule.name, rule.pattern);
    if (!node.ok()) return node.status();
    if (!grammar.rules_.emplace(rule.name, *std::move(node)).second) {
      return absl::InvalidArgumentError(absl::StrCat("rule '", rule.name, "' is stated twice"));
    }
  }
  std::set<std::string> names;
  for (const Intent& intent : intents) {
    absl::StatusOr<std::unique_ptr<Node>> node = read(intent.name, intent.pattern);
    if (!node.ok()) return node.status();
    if (!names.insert(intent.name).second) {
      return absl::InvalidArgumentError(absl::StrCat("intent '", intent.name, "' is stated twice"));
    }
    grammar.intents_.emplace_back(intent.name, *std::move(node));
  }
  if (intents.empty()) return absl::InvalidArgumentError("a grammar needs an intent");

  if (absl::Status built = NetworkBuilder(&grammar).Build(); !built.ok()) return built;

  std::function<std::string(const Node&)> jsgf = [&](const Node& node) -> std::string {
    std::vector<std::string> parts;
    for (const auto& child : node.children) parts.push_back(jsgf(*child));
    switch (node.kind) {
      case Node::Kind::kWord:
        return node.text;
      case Node::Kind::kSequence:
        return absl::StrJoin(parts, " ");
      case Node::Kind::kChoice:
        return absl::StrCat("(", absl::StrJoin(parts, " | "), ")");
      case Node::Kind::kOptional:
        return absl::StrCat("[", parts.front(), "]");
      case Node::Kind::kRule:
        return absl::StrCat("<", node.text, ">");
    }
    return "";
  };
  std::vector<std::string> commands;
  for (const auto& [name, node] : grammar.rules_) {
    absl::StrAppend(&grammar.jsgf_rules_, "<", name, "> = ", jsgf(*node), ";\n");
  }
  for (const auto& [name, node] : grammar.intents_) commands.push_back(jsgf(*node));
  absl::StrAppend(&grammar.jsgf_rules_, "<command> = ", absl::StrJoin(commands, " | "), ";\n");
  return grammar;
}

std::optional<Parse> Grammar::ParseText(absl::string_view text) const {
  Matcher matcher(*this, absl::StrSplit(text, ' ', absl::SkipEmpty()));
  for (const auto& [name, node] : intents_) {
    if (matcher.MatchesAll(*node)) return Parse{.intent = name, .slots = matcher.slots()};
  }
  return std::nullopt;
}

Fit Grammar::FitOf(absl::string_view text) const {
  Reached reached(*this);
  for (const absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    const auto found = std::lower_bound(vocabulary_.begin(), vocabulary_.end(), word);
    if (found == vocabulary_.end() || *found != word) return Fit::kNone;
    reached.Follow(static_cast<int32_t>(found - vocabulary_.begin()));
  }
  if (reached.at_end()) return reached.goes_on() ? Fit::kMayGoOn : Fit::kFinished;
  return reached.goes_on() ? Fit::kBeginning : Fit::kNone;
}

}  // namespace parlance::pipeline
