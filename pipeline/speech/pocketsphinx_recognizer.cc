#include "pipeline/speech/pocketsphinx_recognizer.h"

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

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

// How many phones a word has; 0 if the dictionary does not have it.
int NumPhones(ps_decoder_t* decoder, const std::string& word) {
  char* phones = ps_lookup_word(decoder, word.c_str());
  if (phones == nullptr) return 0;
  const std::vector<absl::string_view> parts =
      absl::StrSplit(absl::string_view(phones), ' ', absl::SkipEmpty());
  const int count = static_cast<int>(parts.size());
  FreeLookedUp(phones);
  return count;
}

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
  PocketSphinxRecognizer(Decoder decoder, double min_confidence)
      : decoder_(std::move(decoder)), min_confidence_(min_confidence) {}

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

  absl::StatusOr<Hypothesis> Finish() override {
    if (!in_utterance_) return absl::FailedPreconditionError("no utterance was started");
    in_utterance_ = false;
    Hypothesis hypothesis;
    if (ps_end_utt(decoder_.get()) != 0) return absl::InternalError("PocketSphinx cannot finish");
    int32 score = 0;
    const char* text = ps_get_hyp(decoder_.get(), &score);
    if (text == nullptr) return hypothesis;
    int num_word_phones = 0;
    int num_filler_phones = 0;
    std::vector<std::string> words;
    for (const absl::string_view word :
         absl::StrSplit(absl::string_view(text), ' ', absl::SkipEmpty())) {
      if (absl::StartsWith(word, kPhonePrefix)) {
        ++num_filler_phones;
        continue;
      }
      words.emplace_back(word);
      num_word_phones += NumPhones(decoder_.get(), words.back());
    }
    if (words.empty()) return hypothesis;
    hypothesis.text = absl::StrJoin(words, " ");
    hypothesis.confidence =
        static_cast<double>(num_word_phones) / (num_word_phones + num_filler_phones);
    hypothesis.rejected = hypothesis.confidence < min_confidence_;
    return hypothesis;
  }

 private:
  const Decoder decoder_;
  const double min_confidence_;
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
  // It logs hundreds of lines otherwise; the status has what matters.
  err_set_logfp(nullptr);
  // The second and third pass cost a tenth of the utterance's time after its end, and the grammar
  // leaves them nothing to find.
  const std::unique_ptr<PocketSphinxConfig, ConfigDeleter> config(
      NewPocketSphinxConfig(acoustic_model, dictionary));
  if (config == nullptr) return absl::InternalError("PocketSphinx does not take its options");
  Decoder decoder(ps_init(config.get()));
  if (decoder == nullptr) {
    return absl::InternalError(
        absl::StrCat("PocketSphinx cannot load the model in ", options.model_dir));
  }
  for (const std::string& word : grammar.words()) {
    if (NumPhones(decoder.get(), word) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("the dictionary ", dictionary, " does not have the word '", word, "'"));
    }
  }
  std::vector<std::string> phones;
  for (const absl::string_view phone : absl::StrSplit(absl::string_view(kPhones), ' ')) {
    phones.push_back(absl::StrCat(kPhonePrefix, absl::AsciiStrToLower(phone)));
    // The search's structures are built once, when the grammar is set.
    if (ps_add_word(decoder.get(), phones.back().c_str(), std::string(phone).c_str(), FALSE) < 0) {
      return absl::InternalError("PocketSphinx does not take the phones");
    }
  }
  const std::string jsgf =
      absl::StrCat("#JSGF V1.0;\ngrammar ", kSearch, ";\n", grammar.jsgf_rules(), "<filler> = (",
                   absl::StrJoin(phones, " | "), ")+;\n",
                   "public <utterance> = /1.0/ <command> | /0.01/ <filler>;\n");
  if (absl::Status set = SetGrammar(decoder.get(), jsgf); !set.ok()) return set;
  return std::make_unique<PocketSphinxRecognizer>(std::move(decoder), options.min_confidence);
}

}  // namespace parlance::pipeline
