#include "pipeline/speech/flite_synthesizer.h"

#include <flite/flite.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "third_party/annotated_mutex.h"

extern "C" {
cst_voice* register_cmu_us_kal16(const char* voxdir);
cst_voice* register_cmu_us_slt(const char* voxdir);
}

namespace parlance::pipeline {
namespace {

constexpr int kSampleRateHz = 16000;
constexpr size_t kMaxTextBytes = 10000;
constexpr size_t kMaxWordBytes = 200;
// What Flite cuts a text at.
constexpr char kWhiteSpace[] = " \t\n\r";

// Held while Flite works: its voices belong to the process, and are written to while they speak.
constinit annotated::Mutex flite_mutex;

// The text, with spaces for the rest of each piece without white space that is too long to be a
// word. Flite 2.2 writes the punctuation that a piece ends with into 256 bytes, however long it is;
// and what it spells takes it a time that grows with the square of its length, a minute for 9 kB.
std::string WithShortWords(absl::string_view text) {
  std::string safe(text);
  size_t length = 0;
  for (char& c : safe) {
    length = absl::string_view(kWhiteSpace).find(c) != absl::string_view::npos ? 0 : length + 1;
    if (length > kMaxWordBytes) c = ' ';
  }
  return safe;
}

// The sample that an item of the relation "Segment" ends at; 0 before the first.
int64_t EndOf(const cst_item* segment) {
  if (segment == nullptr) return 0;
  return std::lround(double{item_feat_float(segment, "end")} * kSampleRateHz);
}

// The first phone that is heard of a token; null if it has none.
const cst_item* FirstPhone(const cst_item* token) {
  for (const cst_item* word = item_daughter(token); word != nullptr; word = item_next(word)) {
    const cst_item* const syllable = item_daughter(item_as(word, "SylStructure"));
    if (const cst_item* const phone = item_daughter(syllable); phone != nullptr) {
      return item_as(phone, "Segment");
    }
  }
  return nullptr;
}

// The words of an utterance, which Flite has planned to its end before it makes the first sample.
// It cuts the text into tokens at white space, and leaves out those that are nothing but opening
// punctuation. A token's name is what is left of it without the punctuation at both ends, so each
// is at the next place in the text that has its name.
std::vector<WordMark> MarkWords(absl::string_view text, const cst_utterance* utterance) {
  std::vector<WordMark> marks;
  size_t end = 0;
  for (const cst_item* token = relation_head(utt_relation(utterance, "Token")); token != nullptr;
       token = item_next(token)) {
    const absl::string_view name = item_feat_string(token, "name");
    const size_t place = text.find(name, end);
    if (place == absl::string_view::npos) continue;
    const size_t space = text.substr(end, place - end).find_last_of(kWhiteSpace);
    const size_t begin = space == absl::string_view::npos ? end : end + space + 1;
    end = std::min(text.find_first_of(kWhiteSpace, place + name.size()), text.size());
    if (const cst_item* const phone = FirstPhone(token); phone != nullptr) {
      marks.push_back({.sample = EndOf(item_prev(phone)), .text_begin = begin, .text_end = end});
    }
  }
  return marks;
}

// What becomes of a text.
struct Speaking {
  absl::string_view text;
  const SpeechSink& sink;
  std::vector<WordMark> words = {};
  size_t num_words_given = 0;
  bool begun = false;
  bool wants_more = true;
};

int OnStream(const cst_wave* wave, int start, int size, int last,
             cst_audio_streaming_info_struct* info) {
  Speaking& speaking = *static_cast<Speaking*>(info->userdata);
  if (!speaking.begun) speaking.words = MarkWords(speaking.text, info->utt);
  speaking.begun = true;
  if (!speaking.wants_more || size <= 0) {
    return speaking.wants_more ? CST_AUDIO_STREAM_CONT : CST_AUDIO_STREAM_STOP;
  }
  const size_t first_word = speaking.num_words_given;
  for (size_t& next = speaking.num_words_given; next < speaking.words.size(); ++next) {
    WordMark& word = speaking.words[next];
    if (word.sample >= start + size) {
      // The sound may be some samples shorter than was planned.
      if (last == 0) break;
      word.sample = start + size - 1;
    }
  }
  speaking.wants_more = speaking.sink(
      {.samples = absl::MakeConstSpan(wave->samples + start, static_cast<size_t>(size)),
       .words = absl::MakeConstSpan(speaking.words)
                    .subspan(first_word, speaking.num_words_given - first_word)});
  return speaking.wants_more ? CST_AUDIO_STREAM_CONT : CST_AUDIO_STREAM_STOP;
}

class FliteSynthesizer : public Synthesizer {
 public:
  explicit FliteSynthesizer(cst_voice* voice) : voice_(voice) {}

  int sample_rate_hz() const override { return kSampleRateHz; }

  absl::Status Synthesize(absl::string_view text, const SpeechSink& sink) override {
    if (text.empty() || text.size() > kMaxTextBytes || text.find('\0') != absl::string_view::npos) {
      return absl::InvalidArgumentError(absl::StrCat("cannot say a text of ", text.size(),
                                                     " bytes; 1 to ", kMaxTextBytes,
                                                     " can be said, without NUL"));
    }
    const std::string safe = WithShortWords(text);
    Speaking speaking{.text = text, .sink = sink};
    const annotated::MutexLock lock(flite_mutex);
    cst_audio_streaming_info* info = new_audio_streaming_info();
    info->asc = OnStream;
    info->userdata = &speaking;
    // The voice owns `info` from here on, and frees it when the feature is removed.
    feat_set(voice_->features, "streaming_info", audio_streaming_info_val(info));
    cst_wave* wave = flite_text_to_wave(safe.c_str(), voice_);
    feat_remove(voice_->features, "streaming_info");
    if (wave == nullptr) return absl::InternalError("Flite gave no sound");
    delete_wave(wave);
    return absl::OkStatus();
  }

 private:
  cst_voice* const voice_ ABSL_PT_GUARDED_BY(flite_mutex);
};

}  // namespace

absl::StatusOr<std::unique_ptr<Synthesizer>> CreateFliteSynthesizer(absl::string_view voice) {
  const annotated::MutexLock lock(flite_mutex);
  static const bool initialized = [] {
    flite_init();
    return true;
  }();
  if (initialized && voice == "kal16") {
    // Voices are registered once, for the life of the process.
    static cst_voice* const kal16 = register_cmu_us_kal16(nullptr);
    return std::make_unique<FliteSynthesizer>(kal16);
  }
  if (voice == "slt") {
    static cst_voice* const slt = register_cmu_us_slt(nullptr);
    return std::make_unique<FliteSynthesizer>(slt);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("there is no voice '", voice, "'; there are: kal16, slt"));
}

}  // namespace parlance::pipeline
