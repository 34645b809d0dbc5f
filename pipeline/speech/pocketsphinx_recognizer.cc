#include "pipeline/speech/pocketsphinx_recognizer.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <memory>
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
absl::Status SetGrammar(ps_decoder_t* decoder, const std::string& text) {
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
  if (network == nullptr || !Search(decoder, kSearch, network.get())) {
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
    return absl::OkStatus();
  }

  absl::Status Process(absl::Span<const int16_t> samples) override {
    if (!in_utterance_) return absl::FailedPreconditionError("no utterance was started");
    if (samples.empty()) return absl::OkStatus();
    if (ps_process_raw(decoder_.get(), samples.data(), samples.size(), FALSE, FALSE) < 0) {
      return absl::InternalError("PocketSphinx cannot process");
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Hypothesis> Partial() override {
    if (!in_utterance_) return absl::FailedPreconditionError("no utterance was started");
    return Best();
  }

  absl::StatusOr<Hypothesis> Finish() override {
    if (!in_utterance_) return absl::FailedPreconditionError("no utterance was started");
    in_utterance_ = false;
    if (ps_end_utt(decoder_.get()) != 0) return absl::InternalError("PocketSphinx cannot finish");
    return Best();
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
  // The words of the best path, and how much of it they are.
  Hypothesis Best() {
    Hypothesis hypothesis;
    int32 score = 0;
    const char* text = ps_get_hyp(decoder_.get(), &score);
    if (text == nullptr) return hypothesis;
    int num_word_phones = 0;
    int num_filler_phones = 0;
    for (const absl::string_view word :
         absl::StrSplit(absl::string_view(text), ' ', absl::SkipEmpty())) {
      const auto found = num_phones_.find(word);
      if (found == num_phones_.end()) {
        ++num_filler_phones;
        continue;
      }
      absl::StrAppend(&hypothesis.text, hypothesis.text.empty() ? "" : " ", word);
      num_word_phones += found->second;
    }
    if (hypothesis.text.empty()) return hypothesis;
    hypothesis.confidence =
        static_cast<double>(num_word_phones) / (num_word_phones + num_filler_phones);
    hypothesis.rejected = hypothesis.confidence < min_confidence_;
    return hypothesis;
  }

  const Decoder decoder_;
  // All words but the fillers.
  const PhoneCounts num_phones_;
  const double min_confidence_;
  const CepstralMean new_mean_;
  bool in_utterance_ = false;
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
  const std::string jsgf =
      absl::StrCat("#JSGF V1.0;\ngrammar ", kSearch, ";\n", grammar.jsgf_rules(), "<filler> = (",
                   absl::StrJoin(phones, " | "), ")+;\n",
                   "public <utterance> = /1.0/ <command> | /0.01/ <filler>;\n");
  if (absl::Status set = SetGrammar(decoder.get(), jsgf); !set.ok()) return set;
  return std::make_unique<PocketSphinxRecognizer>(std::move(decoder), std::move(num_phones),
                                                  options.min_confidence);
}

}  // namespace parlance::pipeline
