// A made-up conversation of any length, for tests and benchmarks: the same every time.
#ifndef SESSION_TESTING_CONVERSATION_H_
#define SESSION_TESTING_CONVERSATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "session/message.h"

namespace parlance::session {

// User and assistant by turns, 30 to 200 bytes each. Every tenth message has the words "meeting
// tomorrow".
inline std::vector<Message> Conversation(int64_t num_messages) {
  static constexpr const char* kPhrases[] = {
      "what time is it in Tokyo",        "set a timer for five minutes",
      "convert ten miles to kilometers", "take a note to buy milk",
      "what did I say about the train",  "how much is twelve times seven",
      "remind me of the keys",
  };
  std::vector<Message> messages(static_cast<size_t>(num_messages));
  for (size_t i = 0; i < messages.size(); ++i) {
    messages[i].role = i % 2 == 0 ? Role::kUser : Role::kAssistant;
    messages[i].content = absl::StrCat("Message ", i, ": ", kPhrases[i % 7]);
    for (size_t j = 0; j < i % 5; ++j) {
      absl::StrAppend(&messages[i].content, ", and ", kPhrases[(i + j) % 7]);
    }
    if (i % 10 == 0) absl::StrAppend(&messages[i].content, ". There is a meeting tomorrow.");
  }
  return messages;
}

}  // namespace parlance::session

#endif  // SESSION_TESTING_CONVERSATION_H_
