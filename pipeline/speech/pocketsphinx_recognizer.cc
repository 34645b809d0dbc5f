#include "pipeline/speech/pocketsphinx_recognizer.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "pipeline/speech/pocketsphinx_release.h"

namespace parlance::pipeline {
namespace {

constexpr char kPhones[] =
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W "
    "Y Z "
    "ZH";
// Words of a single phone; no word of the dictionary has an underscore.
constexpr char kPhonePrefix[] = "phone_";
constexpr char kSearch[] = "commands";
// That of the grammar alone.
constexpr char kWordSearch[] = "words";

// Longer utterances are not heard a second time: no sentence of a grammar takes so long, and
// somebody waits.
constexpr size_t kMaxSecondHearing = 10 * 16000;
// PocketSphinx's scores are logarithms to its own base, shifted by so many bits.
constexpr int kScoreShift = 10;
// The confidence in the words of the second hearing is the logistic function of so much, so much
// more for each nat by which they explain a frame of speech better than the first hearing did, and
// for what Normalize returns: in noise the first hearing, without the normalisation of the
// variance, explains more than it should. Fitted to four human-like voices, five of formants and
// prompts, clean and in pink noise at 10 dB; moved so that 0.6 is where the words are right as
// often as not.
constexpr double kConfidenceOffset = -0.62;
constexpr double kConfidencePerNat = 1.94;
constexpr double kConfidencePerEnergy = -1.04;
// Words of fewer phones, as a share of those that the first hearing heard, leave out too much.
constexpr double kMinPhoneShare = 0.5;

struct DecoderDeleter {
  void operator()(ps_decoder_t* decoder) const { ps_free(decoder); }
};
struct ConfigDeleter {
  void operator()(PocketSphinxConfig* config) const { FreePocketSphinxConfig(config); }
};
using Decoder = std::unique_ptr<ps_decoder_t, DecoderDeleter>;

// A word as the dictionary says it. One that is said in several ways has several entries, "tomato"
// and "tomato(2)".
struct Pronunciation {
  std::string entry;
  // Separated by spaces.
  std::string phones;
};

absl::string_view WithoutNumber(absl::string_view entry) {
  return absl::EndsWith(entry, ")") ? entry.substr(0, entry.find('(')) : entry;
}

// Those of the words that the dictionary has, in its order: the first way of a word comes before
// its others. PocketSphinx would keep all 134,000 words in 22 MB for each decoder, and take most of
// its start to read them.
absl::StatusOr<std::vector<Pronunciation>> ReadPronunciations(const std::string& dictionary,
                                                              const std::set<std::string>& words) {
  std::ifstream file(dictionary);
  const absl::flat_hash_set<absl::string_view> wanted(words.begin(), words.end());
  std::vector<Pronunciation> found;
  std::string line;
  while (std::getline(file, line)) {
    const size_t end = std::min(line.find_first_of(" \t"), line.size());
    const auto entry = absl::string_view(line).substr(0, end);
    if (!wanted.contains(WithoutNumber(entry))) continue;
    found.push_back(
        {.entry = std::string(entry),
         .phones = std::string(absl::StripAsciiWhitespace(absl::string_view(line).substr(end)))});
  }
  if (file.bad()) return absl::UnavailableError(absl::StrCat("cannot read ", dictionary));
  return found;
}

int NumPhones(absl::string_view phones) {
  const std::vector<absl::string_view> parts = absl::StrSplit(phones, ' ', absl::SkipEmpty());
  return static_cast<int>(parts.size());
}

// How many phones each word has, said the first way.
using PhoneCounts = absl::flat_hash_map<std::string, int>;

// What ps_set_jsgf_string does, without its leak of the parsed grammar.
absl::Status AddGrammar(ps_decoder_t* decoder, const char* name, const std::string& text) {
  struct GrammarDeleter {
    void operator()(jsgf_t* grammar) const { jsgf_grammar_free(grammar); }
  };
  struct NetworkDeleter {
    void operator()(fsg_model_t* network) const { fsg_model_free(network); }
  };
  const std::unique_ptr<jsgf_t, GrammarDeleter> grammar(jsgf_parse_string(text.c_str(), nullptr));
  jsgf_rule_t* rule = grammar == nullptr ? nullptr : jsgf_get_public_rule(grammar.get());
  if (rule == nullptr) return absl::InvalidArgumentError("PocketSphinx cannot read the grammar");
  const std::unique_ptr<fsg_model_t, NetworkDeleter> network(
      jsgf_build_fsg(grammar.get(), rule, ps_get_logmath(decoder), LanguageWeight(decoder)));
  if (network == nullptr || !AddSearch(decoder, name, network.get())) {
    return absl::InvalidArgumentError("PocketSphinx does not take the grammar");
  }
  return absl::OkStatus();
}

class PocketSphinxRecognizer : public Recognizer {
 public:
  PocketSphinxRecognizer(Decoder decoder, PhoneCounts num_phones, double min_confidence)
      : decoder_(std::move(decoder)),
        num_phones_(std::move(num_phones)),
        min_confidence_(min_confidence),
        new_mean_(GetCepstralMean(decoder_.get())) {
    // The mean that it begins with may count as less than one that was set.
    ForgetSpeaker();
  }

  absl::Status Start() override {
    if (in_utterance_) return absl::FailedPreconditionError("an utterance is going on");
    if (ps_start_utt(decoder_.get()) != 0) return absl::InternalError("PocketSphinx cannot start");
    in_utterance_ = true;
    num_samples_ = 0;
    sound_.clear();
    return absl::OkStatus();
  }

  absl::Status Process(absl::Span<const int16_t> samples) override {
    if (!in_utterance_) return absl::FailedPreconditionError("no utterance was started");
    if (samples.empty()) return absl::OkStatus();
    if (ps_process_raw(decoder_.get(), samples.data(), samples.size(), FALSE, FALSE) < 0) {
      return absl::InternalError("PocketSphinx cannot process");
    }
    num_samples_ += samples.size();
    if (num_samples_ <= kMaxSecondHearing) {
      sound_.insert(sound_.end(), samples.begin(), samples.end());
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Hypothesis> Partial() override {
    if (!in_utterance_) return absl::FailedPreconditionError("no utterance was started");
    return Best().hypothesis;
  }

  absl::StatusOr<Hypothesis> Finish() override {
    if (!in_utterance_) return absl::FailedPreconditionError("no utterance was started");
    in_utterance_ = false;
    if (ps_end_utt(decoder_.get()) != 0) return absl::InternalError("PocketSphinx cannot finish");
    const Path first = Best();
    if (!first.hypothesis.rejected || first.num_phones() == 0 || num_samples_ > kMaxSecondHearing) {
      return first.hypothesis;
    }
    return HearAgain(first);
  }

  void Cancel() override {
    // It fails only where there is nothing to end.
    if (in_utterance_) ps_end_utt(decoder_.get());
    in_utterance_ = false;
  }

  void ForgetSpeaker() override {
    Cancel();
    SetCepstralMean(decoder_.get(), new_mean_);
    // It keeps the level of the noise, too.
    ps_start_stream(decoder_.get());
  }

 private:
  // The best path of a search.
  struct Path {
    Hypothesis hypothesis = {};
    int num_word_phones = 0;
    int num_filler_phones = 0;
    int32 score = 0;

    int num_phones() const { return num_word_phones + num_filler_phones; }
  };

  // The words of the best path, and how much of it they are.
  Path Best() {
    Path path;
    const char* text = ps_get_hyp(decoder_.get(), &path.score);
    if (text == nullptr) return path;
    Hypothesis& hypothesis = path.hypothesis;
    for (const absl::string_view word :
         absl::StrSplit(absl::string_view(text), ' ', absl::SkipEmpty())) {
      const auto found = num_phones_.find(word);
      if (found == num_phones_.end()) {
        ++path.num_filler_phones;
        continue;
      }
      absl::StrAppend(&hypothesis.text, hypothesis.text.empty() ? "" : " ", word);
      path.num_word_phones += found->second;
    }
    if (hypothesis.text.empty()) return path;
    hypothesis.confidence = static_cast<double>(path.num_word_phones) / path.num_phones();
    hypothesis.rejected = hypothesis.confidence < min_confidence_;
    return path;
  }

  // Hears the utterance with the grammar alone.
  absl::StatusOr<Hypothesis> HearAgain(const Path& first) {
    if (!Search(decoder_.get(), kWordSearch)) {
      return absl::InternalError("PocketSphinx cannot search for words");
    }
    ps_start_stream(decoder_.get());
    const std::optional<double> energy = HearWhole(decoder_.get(), sound_);
    Path second;
    int num_frames = 0;
    if (energy.has_value()) {
      second = Best();
      num_frames = FramesOfWords();
    }
    if (!Search(decoder_.get(), kSearch) || !energy.has_value()) {
      return absl::InternalError("PocketSphinx cannot hear the utterance again");
    }
    if (second.hypothesis.text.empty() || num_frames == 0) return first.hypothesis;
    const double nats_per_score =
        logmath_log_to_ln(ps_get_logmath(decoder_.get()), 1 << kScoreShift);
    const double nats_per_frame = nats_per_score * (second.score - first.score) / num_frames;
    const double evidence =
        kConfidenceOffset + kConfidencePerNat * nats_per_frame + kConfidencePerEnergy * *energy;
    Hypothesis& hypothesis = second.hypothesis;
    const bool leaves_out_much = second.num_word_phones < kMinPhoneShare * first.num_phones();
    hypothesis.confidence = leaves_out_much ? 0 : 1 / (1 + std::exp(-evidence));
    hypothesis.rejected = hypothesis.confidence < min_confidence_;
    return hypothesis;
  }

  // How many frames the words of the best path last, without the silence around them.
  int FramesOfWords() {
    int num_frames = 0;
    for (ps_seg_t* segment = ps_seg_iter(decoder_.get()); segment != nullptr;
         segment = ps_seg_next(segment)) {
      if (!num_phones_.contains(WithoutNumber(ps_seg_word(segment)))) continue;
      int begin = 0;
      int last = 0;
      ps_seg_frames(segment, &begin, &last);
      num_frames += last - begin + 1;
    }
    return num_frames;
  }

  const Decoder decoder_;
  // All words but the fillers.
  const PhoneCounts num_phones_;
  const double min_confidence_;
  const CepstralMean new_mean_;
  bool in_utterance_ = false;
  // How long the utterance is, and the sound of its beginning.
  size_t num_samples_ = 0;
  std::vector<int16_t> sound_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Recognizer>> CreatePocketSphinxRecognizer(
    const Grammar& grammar, const PocketSphinxOptions& options) {
  const std::string acoustic_model = absl::StrCat(options.model_dir, "/en-us");
  const std::string dictionary = absl::StrCat(options.model_dir, "/cmudict-en-us.dict");
  for (const std::string& path : {absl::StrCat(acoustic_model, "/mdef"), dictionary}) {
    if (access(path.c_str(), R_OK) != 0) {
      return absl::NotFoundError(absl::StrCat(
          "there is no recognition model in ", options.model_dir, " (cannot read ", path, ": ",
          std::strerror(errno), "); on Debian the package pocketsphinx-en-us has it"));
    }
  }
  const absl::StatusOr<std::vector<Pronunciation>> pronunciations =
      ReadPronunciations(dictionary, grammar.words());
  if (!pronunciations.ok()) return pronunciations.status();
  PhoneCounts num_phones;
  for (const Pronunciation& word : *pronunciations) {
    num_phones.emplace(WithoutNumber(word.entry), NumPhones(word.phones));
  }
  for (const std::string& word : grammar.words()) {
    if (!num_phones.contains(word)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the dictionary ", dictionary, " does not have the word '", word, "'"));
    }
  }
  // It logs hundreds of lines otherwise; the status has what matters.
  err_set_logfp(nullptr);
  // The second and third pass cost a tenth of the utterance's time after its end, and the grammar
  // leaves them nothing to find.
  const std::unique_ptr<PocketSphinxConfig, ConfigDeleter> config(
      NewPocketSphinxConfig(acoustic_model));
  if (config == nullptr) return absl::InternalError("PocketSphinx does not take its options");
  Decoder decoder(ps_init(config.get()));
  if (decoder == nullptr) {
    return absl::InternalError(
        absl::StrCat("PocketSphinx cannot load the model in ", options.model_dir));
  }
  // The search's structures are built once, when the grammar is set.
  for (const Pronunciation& word : *pronunciations) {
    if (ps_add_word(decoder.get(), word.entry.c_str(), word.phones.c_str(), FALSE) < 0) {
      return absl::InvalidArgumentError(absl::StrCat("the model in ", options.model_dir,
                                                     " does not take '", word.entry,
                                                     "' of its dictionary, said ", word.phones));
    }
  }
  std::vector<std::string> phones;
  for (const absl::string_view phone : absl::StrSplit(absl::string_view(kPhones), ' ')) {
    phones.push_back(absl::StrCat(kPhonePrefix, absl::AsciiStrToLower(phone)));
    if (ps_add_word(decoder.get(), phones.back().c_str(), std::string(phone).c_str(), FALSE) < 0) {
      return absl::InternalError("PocketSphinx does not take the phones");
    }
  }
  const std::string header = absl::StrCat("#JSGF V1.0;\ngrammar ", kSearch, ";\n");
  const std::string with_phones =
      absl::StrCat(header, grammar.jsgf_rules(), "<filler> = (", absl::StrJoin(phones, " | "),
                   ")+;\n", "public <utterance> = /1.0/ <command> | /0.01/ <filler>;\n");
  const std::string words_only =
      absl::StrCat(header, grammar.jsgf_rules(), "public <utterance> = <command>;\n");
  for (const auto& [name, text] :
       {std::pair(kWordSearch, &words_only), std::pair(kSearch, &with_phones)}) {
    if (absl::Status added = AddGrammar(decoder.get(), name, *text); !added.ok()) return added;
  }
  if (!Search(decoder.get(), kSearch)) {
    return absl::InternalError("PocketSphinx does not take the grammar");
  }
  return std::make_unique<PocketSphinxRecognizer>(std::move(decoder), std::move(num_phones),
                                                  options.min_confidence);
}

}  // namespace parlance::pipeline
