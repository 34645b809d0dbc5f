#include "pipeline/runtime/testing/scripted_parts.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "pipeline/conversation/turn/turn_machine.h"

namespace parlance::pipeline {

std::string TextOfSound(absl::Span<const int16_t> samples) {
  std::string text;
  for (size_t i = 0; i < samples.size(); i += kSamplesOfCharacter) {
    text.push_back(static_cast<char>(samples[i]));
  }
  return text;
}

absl::StatusOr<AgentStep> ScriptedAgent::Decide(const AgentInput& input) {
  if (decide != nullptr) return decide(input);
  return AgentStep{.calls = {}, .reply = absl::StrCat("You said ", input.utterance.text, ".")};
}

void PatientAgent::Ask(AgentInput input, std::shared_ptr<AgentAnswer> answer) {
  Question question;
  question.input = std::move(input);
  answer->OnCancel([count = question.num_cancelled] { ++*count; });
  question.answer = std::move(answer);
  annotated::MutexLock lock(mutex_);
  questions_.push_back(std::move(question));
}

absl::Status LetterSynthesizer::Synthesize(absl::string_view text, const SpeechSink& sink) {
  constexpr size_t kCharactersOfChunk = 10;
  for (size_t begin = 0; begin < text.size(); begin += kCharactersOfChunk) {
    if (before != nullptr) {
      if (absl::Status may = before(text, begin * kSamplesOfCharacter); !may.ok()) return may;
    }
    while (is_waiting != nullptr && is_waiting()) {
      if (!sink({})) return absl::OkStatus();
    }
    const size_t end = std::min(begin + kCharactersOfChunk, text.size());
    std::vector<int16_t> samples;
    std::vector<WordMark> words;
    for (size_t i = begin; i < end; ++i) {
      samples.insert(samples.end(), kSamplesOfCharacter, static_cast<int16_t>(text[i]));
      if (text[i] == ' ' || (i > 0 && text[i - 1] != ' ')) continue;
      words.push_back({.sample = static_cast<int64_t>(i * kSamplesOfCharacter),
                       .text_begin = i,
                       .text_end = std::min(text.find(' ', i), text.size())});
    }
    if (!sink({.samples = samples, .words = words})) return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::StatusOr<session::Session> FaultyStore::CreateSession(const NewSession& session) {
  return store_.CreateSession(session);
}
absl::StatusOr<session::Session> FaultyStore::GetSession(absl::string_view session_id) {
  if (on_get_session != nullptr) on_get_session();
  return store_.GetSession(session_id);
}
absl::StatusOr<std::vector<session::Session>> FaultyStore::ListSessions(int limit,
                                                                        absl::string_view before) {
  return store_.ListSessions(limit, before);
}
absl::Status FaultyStore::RenameSession(absl::string_view session_id, absl::string_view title) {
  return store_.RenameSession(session_id, title);
}
absl::Status FaultyStore::CloseSession(absl::string_view session_id) {
  return store_.CloseSession(session_id);
}
absl::StatusOr<session::Session> FaultyStore::ResumeSession(absl::string_view session_id) {
  return store_.ResumeSession(session_id);
}
absl::Status FaultyStore::DeleteSession(absl::string_view session_id) {
  return store_.DeleteSession(session_id);
}
absl::StatusOr<int64_t> FaultyStore::PruneSessions(const Retention& retention) {
  return store_.PruneSessions(retention);
}
absl::StatusOr<int64_t> FaultyStore::AppendAll(absl::string_view session_id,
                                               absl::Span<const session::Message> messages) {
  return store_.AppendAll(session_id, messages);
}
absl::Status FaultyStore::Amend(absl::string_view session_id, const Amendment& amendment) {
  return store_.Amend(session_id, amendment);
}

absl::Status FaultyStore::AppendAsync(absl::string_view session_id,
                                      std::vector<session::Message> messages, AppendDone done) {
  annotated::MutexLock lock(mutex_);
  const Writes writes = writes_;
  const absl::Status failure = failure_;
  const bool at_once = fails_at_once_;
  lock.unlock();
  if (!failure.ok()) {
    if (at_once) return failure;
    done(failure);
    return absl::OkStatus();
  }
  if (writes == Writes::kByTheStore) {
    return store_.AppendAsync(session_id, std::move(messages), std::move(done));
  }
  const auto appended = store_.AppendAll(session_id, messages);
  if (writes == Writes::kAtOnce) done(appended);
  return absl::OkStatus();
}

absl::Status FaultyStore::AmendAsync(absl::string_view session_id, Amendment amendment,
                                     AmendDone done) {
  annotated::MutexLock lock(mutex_);
  const Writes writes = writes_;
  const absl::Status failure = failure_;
  const bool at_once = fails_at_once_;
  lock.unlock();
  if (!failure.ok()) {
    if (at_once) return failure;
    done(failure);
    return absl::OkStatus();
  }
  if (writes == Writes::kByTheStore) {
    return store_.AmendAsync(session_id, std::move(amendment), std::move(done));
  }
  const absl::Status amended = store_.Amend(session_id, amendment);
  if (writes == Writes::kAtOnce) done(amended);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<session::Message>> FaultyStore::History(absl::string_view session_id,
                                                                   const HistoryOptions& options) {
  return store_.History(session_id, options);
}
absl::StatusOr<std::vector<session::SessionStore::SearchHit>> FaultyStore::Search(
    absl::string_view words, absl::string_view session_id, int limit) {
  return store_.Search(words, session_id, limit);
}
absl::StatusOr<session::SessionStore::Stats> FaultyStore::GetStats() { return store_.GetStats(); }
absl::Status FaultyStore::CheckIntegrity() { return store_.CheckIntegrity(); }

void RecordingSink::Frame(absl::Span<const int16_t> samples) {
  if (closed.has_value()) ++num_after_closed;
  heard += TextOfSound(samples);
  num_samples += static_cast<int64_t>(samples.size());
  frame_sizes.push_back(samples.size());
  if (now != nullptr) frame_times.push_back(now());
  if (on_frame != nullptr) on_frame();
}

void RecordingSink::TurnDone(const TurnReport& report) {
  Log(absl::StrCat("turn ", report.turn, " ", TurnEndingName(report.ending), " '", report.heard,
                   "'"));
  turns.push_back(report);
}

void RecordingSink::Closed(const absl::Status& status) {
  Log("closed");
  closed = status;
  ++num_closed;
  is_closed.store(true, std::memory_order_release);
}

void RecordingSink::Log(std::string line) {
  if (closed.has_value()) ++num_after_closed;
  log.push_back(std::move(line));
}

}  // namespace parlance::pipeline
