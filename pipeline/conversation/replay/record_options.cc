#include "pipeline/conversation/replay/record_options.h"

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace parlance::pipeline {
namespace {

int64_t Ns(absl::Duration duration) { return absl::ToInt64Nanoseconds(duration); }
absl::Duration Of(int64_t ns) {
  return ns == INT64_MAX ? absl::InfiniteDuration() : absl::Nanoseconds(ns);
}

}  // namespace

ConversationHeader HeaderOf(const ConversationOptions& options, absl::string_view detector) {
  ConversationHeader header;
  header.set_version(kConversationRecordVersion);
  header.set_detector(std::string(detector));
  header.set_input_sample_rate_hz(options.input_sample_rate_hz);
  header.set_draft_after(Ns(options.draft_after));
  header.set_hurry_after(Ns(options.hurry_after));
  header.set_waiting_after(Ns(options.waiting_after));
  header.set_waiting_text(options.waiting_text);
  header.set_apology(options.apology);
  header.set_not_stored_apology(options.not_stored_apology);
  header.set_recognition_timeout(Ns(options.recognition_timeout));
  header.set_agent_timeout(Ns(options.agent_timeout));
  header.set_tool_timeout(Ns(options.tool_timeout));
  header.set_synthesis_timeout(Ns(options.synthesis_timeout));
  header.set_store_timeout(Ns(options.store_timeout));
  header.set_max_answer_bytes(options.max_answer_bytes);
  header.set_num_messages(options.num_messages);
  header.set_protected_for(Ns(options.interruptible.protected_for));
  header.set_min_interruption(Ns(options.interruption.min_speech));
  for (const std::string& words : options.interruption.backchannels) {
    header.add_backchannels(words);
  }
  header.set_output_sample_rate_hz(options.output_sample_rate_hz);
  header.set_hears_echo(options.hears_echo);
  ConversationHeader::Endpointer& endpointer = *header.mutable_endpointer();
  endpointer.set_threshold(options.endpointer.threshold);
  endpointer.set_neg_threshold(options.endpointer.neg_threshold);
  endpointer.set_min_speech_duration(Ns(options.endpointer.min_speech_duration));
  endpointer.set_min_endpointing_delay(Ns(options.endpointer.min_endpointing_delay));
  endpointer.set_max_endpointing_delay(Ns(options.endpointer.max_endpointing_delay));
  endpointer.set_complete_delay(Ns(options.endpointer.complete_delay));
  endpointer.set_incomplete_delay(Ns(options.endpointer.incomplete_delay));
  endpointer.set_speech_pad(Ns(options.endpointer.speech_pad));
  endpointer.set_max_speech_duration(Ns(options.endpointer.max_speech_duration));
  endpointer.set_max_words_lag(Ns(options.endpointer.max_words_lag));
  return header;
}

ConversationOptions OptionsOf(const ConversationHeader& header) {
  ConversationOptions options;
  options.input_sample_rate_hz = header.input_sample_rate_hz();
  options.draft_after = Of(header.draft_after());
  options.hurry_after = Of(header.hurry_after());
  options.waiting_after = Of(header.waiting_after());
  options.waiting_text = header.waiting_text();
  options.apology = header.apology();
  options.not_stored_apology = header.not_stored_apology();
  options.recognition_timeout = Of(header.recognition_timeout());
  options.agent_timeout = Of(header.agent_timeout());
  options.tool_timeout = Of(header.tool_timeout());
  options.synthesis_timeout = Of(header.synthesis_timeout());
  options.store_timeout = Of(header.store_timeout());
  options.max_answer_bytes = header.max_answer_bytes();
  options.num_messages = header.num_messages();
  options.interruptible.protected_for = Of(header.protected_for());
  options.interruption.min_speech = Of(header.min_interruption());
  options.interruption.backchannels.assign(header.backchannels().begin(),
                                           header.backchannels().end());
  options.output_sample_rate_hz = header.output_sample_rate_hz();
  options.hears_echo = header.hears_echo();
  const ConversationHeader::Endpointer& endpointer = header.endpointer();
  options.endpointer.threshold = endpointer.threshold();
  options.endpointer.neg_threshold = endpointer.neg_threshold();
  options.endpointer.min_speech_duration = Of(endpointer.min_speech_duration());
  options.endpointer.min_endpointing_delay = Of(endpointer.min_endpointing_delay());
  options.endpointer.max_endpointing_delay = Of(endpointer.max_endpointing_delay());
  options.endpointer.complete_delay = Of(endpointer.complete_delay());
  options.endpointer.incomplete_delay = Of(endpointer.incomplete_delay());
  options.endpointer.speech_pad = Of(endpointer.speech_pad());
  options.endpointer.max_speech_duration = Of(endpointer.max_speech_duration());
  options.endpointer.max_words_lag =
      endpointer.max_words_lag() == 0 ? absl::Minutes(1) : Of(endpointer.max_words_lag());
  return options;
}

}  // namespace parlance::pipeline
