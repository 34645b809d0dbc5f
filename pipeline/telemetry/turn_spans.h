// A turn as a trace: a root span for the turn, a span for each time in which one thing was waited
// for (StageWait), and one for each tool call.
//
// The stages' spans follow one another without gaps, from the end of speech to the first sound of
// the answer; the durations of those of one stage are that stage's in TurnLatency. Tool calls have
// their own times, so those of a draft lie in the pause before its words were final.
//
// Names are those of OpenTelemetry's semantic conventions for generative AI where there are any:
//   root       invoke_agent          gen_ai.operation.name, gen_ai.conversation.id, error.type
//   stage      the stage's name      parlance.turn.stage; the agent's are of the operation chat
//   tool call  execute_tool NAME     gen_ai.tool.name, gen_ai.tool.call.id, error.type
// and parlance.turn.… for what those do not have. What was said is left out unless it is asked for:
// then there are gen_ai.input.messages and gen_ai.output.messages, as far as the answer was heard,
// gen_ai.tool.call.arguments and gen_ai.tool.call.result.
//
// Threads: plain functions, as far as `random` allows. Source: OpenTelemetry semantic conventions
// 1.37, docs/gen-ai/gen-ai-spans.md and gen-ai-agent-spans.md.
#ifndef PIPELINE_TELEMETRY_TURN_SPANS_H_
#define PIPELINE_TELEMETRY_TURN_SPANS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pipeline/conversation/conversation_actions.h"
#include "pipeline/telemetry/span.h"

namespace parlance::pipeline {

// 64 random bits with each call, for ids.
using RandomBits = std::function<uint64_t()>;

// The root comes first. `conversation_began`: the wall-clock time of the conversation's time zero.
// `with_content`: with what was said.
std::vector<Span> TurnSpans(absl::string_view session_id, absl::Time conversation_began,
                            const TurnReport& report, const RandomBits& random, bool with_content);

}  // namespace parlance::pipeline

#endif  // PIPELINE_TELEMETRY_TURN_SPANS_H_
