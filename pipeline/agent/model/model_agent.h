// An agent that asks a language model, over POST /v1/chat/completions, and streams its answer.
//
//   Ask ─► prompt.h ─► HttpLoop ─► completion.h ─► Text, Text, … Done(calls or nothing)
//                         ▲            │
//                         └── again ◄──┘   before the first token, and after a call in pieces
//
// Speaks with OpenAI, llama.cpp, vLLM, Ollama, LM Studio, and whoever says the same; README.md says
// what each does otherwise. No thread waits for a model.
//
// A failure is spoken, as a fallback, and told to on_failure: the turn goes on. What a request
// failed of before it had a token is tried again: 429, 5xx, a connection that is refused or breaks.
// The key is sent in a header, to the host of the URL alone, and is in no message.
#ifndef PIPELINE_AGENT_MODEL_MODEL_AGENT_H_
#define PIPELINE_AGENT_MODEL_MODEL_AGENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pipeline/agent/agent.h"
#include "pipeline/agent/agent_settings.h"
#include "pipeline/http/http_loop.h"

namespace parlance::pipeline {

// What the model is told unless somebody says otherwise: its words are heard, not read.
inline constexpr char kVoiceInstructions[] =
    "You are a voice agent: your words are spoken aloud, and the user speaks to you through a "
    "recogniser that may mishear. Answer in one or two short sentences of plain words, without "
    "lists, markup, emoji or links. Write numbers and units as they are said. If you did not "
    "understand, ask back.";

struct ModelAgentOptions {
  // Where the server is: http://localhost:8080, https://api.openai.com/v1, or the whole path to
  // /chat/completions.
  std::string url = {};
  // The model's name, as the server knows it.
  std::string model = {};
  // Sent as "Authorization: Bearer …"; empty: nothing is.
  std::string api_key = {};
  std::string instructions = kVoiceInstructions;
  // The tools there are now; asked for each question, from any thread. Null: there are none.
  std::function<std::vector<OfferedTool>()> tools = nullptr;
  std::optional<double> temperature = {};
  std::optional<int> max_output_tokens = {};
  int max_history_messages = 100;
  // How long a prompt may be, at four bytes a token: prompt.h.
  int max_prompt_tokens = 6000;

  // How long an answer may take altogether, with all tries; more than 0.
  absl::Duration timeout = absl::Seconds(25);
  absl::Duration connect_timeout = absl::Seconds(5);
  // How long the server may be silent, once it has begun.
  absl::Duration stall_timeout = absl::Seconds(15);
  // How often a question is sent, at least once, and the pause before the second time; each pause
  // is twice as long as the one before, less a random part of up to a half, and what the server
  // asks for (Retry-After) at least. A pause that is longer than the time that is left is not made.
  int max_tries = 3;
  absl::Duration first_pause = absl::Milliseconds(250);
  // Returns random numbers from 0 up to 1; called from any thread. If it is null, a generator of
  // its own is used.
  std::function<double()> random = nullptr;
  // A steady clock; if it is null, this machine's is used.
  std::function<absl::Duration()> now = nullptr;

  // The words that are said if there is no answer, and if an answer broke off.
  std::string fallback = "Sorry, I cannot think right now. Please ask me again.";
  std::string broken_off = " Sorry, I lost my thread.";
  // Told why an answer failed, with the server's words and without those of the conversation. From
  // any thread; must not block. May be null.
  std::function<void(const absl::Status&)> on_failure = nullptr;
};

// The counts of what happened so far.
struct ModelAgentStats {
  int64_t num_questions = 0;
  int64_t num_answers = 0;
  int64_t num_cancelled = 0;
  // The questions that were answered with the fallback.
  int64_t num_failed = 0;
  int64_t num_tried_again = 0;
  // Answers that were asked for again because a call in them was broken.
  int64_t num_broken_calls = 0;
  // Calls that were dropped because the same one was there already.
  int64_t num_repeated_calls = 0;
  // The tokens as servers count them; those of servers that do not count are missing.
  int64_t input_tokens = 0;
  int64_t output_tokens = 0;
};

class ModelAgent : public Agent {
 public:
  // Connects to nothing yet. `loop` must outlive the agent, which may go while questions are under
  // way. InvalidArgument for a URL, a key or a time that cannot be used, for a missing model, and
  // for a key that would be sent over a network without encryption.
  static absl::StatusOr<std::unique_ptr<ModelAgent>> Create(ModelAgentOptions options,
                                                            HttpLoop* loop);
  ~ModelAgent() override;

  int max_history_messages() const override;
  void Ask(AgentInput input, std::shared_ptr<AgentAnswer> answer) override;

  ModelAgentStats stats() const;

 private:
  class Shared;
  class Question;
  explicit ModelAgent(std::shared_ptr<Shared> shared);

  // The state that is shared with the questions under way.
  const std::shared_ptr<Shared> shared_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_AGENT_MODEL_MODEL_AGENT_H_
