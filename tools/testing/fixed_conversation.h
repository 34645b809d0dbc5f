// A conversation that never changes, for tests.
#ifndef TOOLS_TESTING_FIXED_CONVERSATION_H_
#define TOOLS_TESTING_FIXED_CONVERSATION_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "tools/builtin/dependencies.h"

namespace parlance::tools {

class FixedConversation : public ConversationSearch {
 public:
  explicit FixedConversation(std::vector<std::string> said) : said_(std::move(said)) {}

  absl::StatusOr<std::vector<std::string>> Search(absl::string_view /*caller*/,
                                                  absl::string_view words, int limit) override {
    std::vector<std::string> hits;
    for (const std::string& line : said_) {
      if (absl::StrContains(line, words) && hits.size() < static_cast<size_t>(limit)) {
        hits.push_back(line);
      }
    }
    return hits;
  }

 private:
  const std::vector<std::string> said_;
};

}  // namespace parlance::tools

#endif  // TOOLS_TESTING_FIXED_CONVERSATION_H_
