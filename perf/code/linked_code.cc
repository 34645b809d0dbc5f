#include "perf/code/linked_code.h"

#include <cxxabi.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "perf/code/object_code.h"

namespace perf {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) {
    return absl::UnavailableError(absl::StrCat("cannot read ", path));
  }
  return content;
}

// Where a program that Bazel made is: "EXECROOT/bazel-out/k8-opt/bin/audio/audio_benchmark".
struct BuildPath {
  std::string execution_root;
  // "bazel-out/k8-opt/bin/", and what follows.
  std::string bin;
  std::string name;

  static std::optional<BuildPath> Of(absl::string_view path) {
    constexpr absl::string_view kOutput = "/bazel-out/";
    constexpr absl::string_view kBin = "/bin/";
    const size_t output = path.rfind(kOutput);
    if (output == absl::string_view::npos) return std::nullopt;
    const size_t bin = path.find(kBin, output + kOutput.size());
    if (bin == absl::string_view::npos) return std::nullopt;
    const size_t name = bin + kBin.size();
    return BuildPath{.execution_root = std::string(path.substr(0, output)),
                     .bin = std::string(path.substr(output + 1, name - output - 1)),
                     .name = std::string(path.substr(name))};
  }
};

// The one file NAME-N.params beside the program. Bazel chooses N.
std::optional<std::string> ParameterFileOf(const std::string& program) {
  const fs::path path(program);
  const std::string prefix = path.filename().string() + "-";
  std::optional<std::string> found;
  std::error_code error;
  for (fs::directory_iterator entries(path.parent_path(), error), end; !error && entries != end;
       entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    absl::string_view number = name;
    if (!absl::ConsumePrefix(&number, prefix) || !absl::ConsumeSuffix(&number, ".params") ||
        number.empty() || !absl::c_all_of(number, absl::ascii_isdigit)) {
      continue;
    }
    if (found.has_value()) return std::nullopt;
    found = entries->path().string();
  }
  if (error) return std::nullopt;
  return found;
}

// Libraries name it, but none calls it: the harness begins with it, and all of it is reached from
// there.
constexpr absl::string_view kMain = "main";

// When the linker takes an object.
enum class Taken { kAlways, kOnDemand, kWholeArchive };

struct LinkedFile {
  // As the link names it, relative to the execution root.
  std::string path;
  Taken taken = Taken::kAlways;
};

struct Link {
  BuildPath program;
  std::vector<LinkedFile> files;
  // All other arguments but for the program's path, sorted.
  std::vector<std::string> arguments;
};

// Reads the arguments one by one.
class LinkParser {
 public:
  explicit LinkParser(BuildPath program) { link_.program = std::move(program); }

  // No value if there is an argument whose meaning is not known, or if it is another program's.
  std::optional<Link> Parse(absl::string_view text) && {
    for (absl::string_view argument : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      if (!Add(std::string(argument))) return std::nullopt;
    }
    if (!is_named_ || names_next_) return std::nullopt;
    absl::c_sort(link_.arguments);
    return std::move(link_);
  }

 private:
  bool Add(const std::string& argument) {
    // Bazel quotes what a shell would read otherwise.
    if (argument.find_first_of("'\"\\") != std::string::npos) return false;
    if (names_next_) {
      names_next_ = false;
      is_named_ = true;
      return argument == link_.program.bin + link_.program.name;
    }
    if (argument == "-o") {
      if (is_named_) return false;
      names_next_ = true;
    } else if (argument == "-Wl,--start-lib") {
      taken_ = Taken::kOnDemand;
    } else if (argument == "-Wl,-whole-archive" || argument == "-Wl,--whole-archive") {
      taken_ = Taken::kWholeArchive;
    } else if (argument == "-Wl,--end-lib" || argument == "-Wl,-no-whole-archive" ||
               argument == "-Wl,--no-whole-archive") {
      taken_ = Taken::kAlways;
    } else if (argument[0] == '@') {
      return false;
    } else if (argument[0] == '-') {
      link_.arguments.push_back(argument);
      return AddFilesIn(argument);
    } else {
      if (!IsFile(argument)) return false;
      link_.files.push_back({.path = argument, .taken = taken_});
    }
    return true;
  }

  // Files in "-Wl,--version-script=audio/a.lds" and "-Taudio/a.lds". What is in a folder of the
  // build's, where the linker looks for libraries, is not known.
  bool AddFilesIn(const std::string& argument) {
    constexpr size_t kOption = 2;
    std::vector<std::string> parts = absl::StrSplit(argument, absl::ByAnyChar(",="));
    if (argument.size() > kOption) parts.push_back(argument.substr(kOption));
    for (const std::string& part : parts) {
      if (part.empty()) continue;
      std::error_code error;
      if (IsFile(part)) {
        link_.files.push_back({.path = part, .taken = taken_});
      } else if (part[0] != '/' && fs::is_directory(Absolute(part), error)) {
        return false;
      }
    }
    return true;
  }

  fs::path Absolute(const std::string& path) const {
    return fs::path(link_.program.execution_root) / path;
  }

  bool IsFile(const std::string& path) const {
    std::error_code error;
    return fs::is_regular_file(Absolute(path), error);
  }

  Link link_;
  Taken taken_ = Taken::kAlways;
  bool names_next_ = false;
  bool is_named_ = false;
};

std::optional<Link> ReadLink(const std::string& program) {
  std::optional<BuildPath> path = BuildPath::Of(program);
  if (!path.has_value()) return std::nullopt;
  const std::optional<std::string> file = ParameterFileOf(program);
  if (!file.has_value()) return std::nullopt;
  const absl::StatusOr<std::string> text = ReadFile(*file);
  if (!text.ok()) return std::nullopt;
  return LinkParser(*std::move(path)).Parse(*text);
}

// An object file. Forms are numbered, so that equal ones have equal numbers.
struct KnownObject {
  struct Definition {
    int form = 0;
    std::vector<std::string> references;
  };

  int form = 0;
  // None if it is not understood; then `form` is that of the whole file.
  std::optional<ObjectCode> code;
  // What was asked for, by symbol.
  std::unordered_map<size_t, Definition> definitions;
};

struct NamedObject {
  std::string name;
  std::unique_ptr<KnownObject> object;
};

// One of a program's objects.
struct LinkedObject {
  // "audio/vad/neural_vad.o".
  std::string name;
  Taken taken = Taken::kAlways;
  bool is_harness = false;
  KnownObject* object = nullptr;
};

struct LinkedProgram {
  Link link;
  std::vector<LinkedObject> objects;
  ProgramSymbols symbols;
  bool is_understood = true;
};

// "audio/vad/_objs/neural_vad/neural_vad.o" without what Bazel adds.
std::string ShownPath(absl::string_view path) {
  constexpr absl::string_view kObjects = "/_objs/";
  const size_t objects = path.find(kObjects);
  if (objects == absl::string_view::npos) return std::string(path);
  const size_t slash = path.find('/', objects + kObjects.size());
  if (slash == absl::string_view::npos) return std::string(path);
  return absl::StrCat(path.substr(0, objects), path.substr(slash));
}

std::string Demangled(const std::string& name) {
  constexpr size_t kShown = 80;
  int status = 0;
  char* readable = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
  std::string text = status == 0 ? readable : name;
  std::free(readable);
  if (text.size() > kShown) text = absl::StrCat(text.substr(0, kShown), "…");
  return text;
}

CodeComparison Changed(std::string what) {
  return {.sameness = Sameness::kChanged, .what = std::move(what)};
}

std::string AndMore(size_t more) { return more == 0 ? "" : absl::StrCat(" and ", more, " more"); }

// A sorted list's first value that the other lacks.
std::optional<std::string> FirstLacking(const std::vector<std::string>& values,
                                        const std::vector<std::string>& other) {
  std::vector<std::string> lacking;
  std::set_difference(values.begin(), values.end(), other.begin(), other.end(),
                      std::back_inserter(lacking));
  if (lacking.empty()) return std::nullopt;
  return lacking.front();
}

}  // namespace

class LinkReader {
 public:
  // The objects of a file: itself, or an archive's members.
  absl::StatusOr<const std::vector<NamedObject>*> Objects(const std::string& path) {
    const auto [known, is_new] = objects_.try_emplace(path);
    if (!is_new) return &known->second;
    const absl::StatusOr<std::string> bytes = ReadFile(path);
    if (!bytes.ok()) {
      objects_.erase(known);
      return bytes.status();
    }
    const std::optional<std::vector<absl::string_view>> members = ArchiveMembers(*bytes);
    if (!members.has_value()) {
      known->second.push_back({.name = "", .object = MakeObject(*bytes)});
    } else {
      for (const absl::string_view member : *members) {
        known->second.push_back({.name = absl::StrCat("(", known->second.size() + 1, ")"),
                                 .object = MakeObject(member)});
      }
    }
    return &known->second;
  }

  const KnownObject::Definition& Definition(KnownObject& object, size_t symbol) {
    const auto [known, is_new] = object.definitions.try_emplace(symbol);
    if (is_new) {
      ObjectCode::Definition definition = object.code->DefinitionOf(symbol);
      known->second = {.form = NumberOf(std::move(definition.form)),
                       .references = std::move(definition.references)};
    }
    return known->second;
  }

  // No value if it is not known what the program was linked of.
  absl::StatusOr<std::optional<LinkedProgram>> Program(const std::string& path,
                                                       const std::string& harness) {
    std::optional<Link> link = ReadLink(path);
    if (!link.has_value()) return std::nullopt;
    const absl::StatusOr<std::string> bytes = ReadFile(path);
    if (!bytes.ok()) return bytes.status();
    std::optional<ProgramSymbols> symbols = ProgramSymbols::Parse(*bytes);
    if (!symbols.has_value()) return std::nullopt;
    LinkedProgram program = {
        .link = *std::move(link), .objects = {}, .symbols = *std::move(symbols)};
    const bool has_harness =
        !harness.empty() && !absl::StartsWith(program.link.program.name, harness + "/");
    for (const LinkedFile& file : program.link.files) {
      absl::string_view name = file.path;
      absl::ConsumePrefix(&name, program.link.program.bin);
      const auto objects =
          Objects((fs::path(program.link.program.execution_root) / file.path).string());
      if (!objects.ok()) return objects.status();
      const bool is_archive = (*objects)->size() != 1 || !(*objects)->front().name.empty();
      const Taken taken =
          is_archive && file.taken == Taken::kAlways ? Taken::kOnDemand : file.taken;
      for (const NamedObject& object : **objects) {
        program.is_understood &= object.object->code.has_value();
        program.objects.push_back(
            {.name = ShownPath(name) + object.name,
             .taken = taken,
             .is_harness = has_harness && absl::StartsWith(name, harness + "/"),
             .object = object.object.get()});
      }
    }
    return program;
  }

 private:
  std::unique_ptr<KnownObject> MakeObject(absl::string_view bytes) {
    auto object = std::make_unique<KnownObject>();
    object->code = ObjectCode::Parse(bytes);
    // A form never begins as a file that is not understood does here.
    object->form = NumberOf(object->code.has_value() ? absl::StrCat("object:", object->code->Form())
                                                     : absl::StrCat("file:", bytes));
    return object;
  }

  int NumberOf(std::string form) {
    return forms_.emplace(std::move(form), static_cast<int>(forms_.size())).first->second;
  }

  std::unordered_map<std::string, int> forms_;
  std::map<std::string, std::vector<NamedObject>> objects_;
};

namespace {

// Compares two programs of which everything is known.
class ProgramComparison {
 public:
  ProgramComparison(const LinkedProgram& one, const LinkedProgram& other, std::string harness,
                    LinkReader& reader)
      : sides_{&one, &other}, harness_(std::move(harness)), reader_(reader) {}

  CodeComparison Compare() {
    has_harness_ = sides_[0]->is_understood && sides_[1]->is_understood;
    if (auto changed = CompareObjects()) return Changed(*changed);
    if (auto changed = CompareArguments()) return Changed(*changed);
    if (has_harness_) {
      if (auto changed = CompareDefinitions()) return Changed(*changed);
    } else if (OrderedForms(*sides_[0]) != OrderedForms(*sides_[1])) {
      return Changed("the order of linking changed");
    }
    if (auto changed = CompareSymbols()) return Changed(*changed);
    return {.sameness = Sameness::kUnchangedCode,
            .what = HarnessForms(*sides_[0]) == HarnessForms(*sides_[1])
                        ? "debug information"
                        : absl::StrCat("the harness (", harness_, ") and debug information")};
  }

 private:
  struct Defined {
    const LinkedObject* object = nullptr;
    size_t symbol = 0;
  };
  // By name, in the order of linking.
  using Definitions = std::unordered_map<std::string, std::vector<Defined>>;

  bool Counts(const LinkedObject& object) const { return !has_harness_ || !object.is_harness; }

  // How an object is linked, and what it is.
  using Item = std::pair<Taken, int>;
  static Item ItemOf(const LinkedObject& object) { return {object.taken, object.object->form}; }

  static std::vector<int> OrderedForms(const LinkedProgram& program) {
    std::vector<int> forms;
    for (const LinkedObject& object : program.objects) forms.push_back(object.object->form);
    return forms;
  }

  static std::multiset<int> HarnessForms(const LinkedProgram& program) {
    std::multiset<int> forms;
    for (const LinkedObject& object : program.objects) {
      if (object.is_harness) forms.insert(object.object->form);
    }
    return forms;
  }

  // The objects that count of one program, without those that the other has, too.
  std::vector<const LinkedObject*> Unmatched(const LinkedProgram& program,
                                             const LinkedProgram& other) const {
    std::multiset<Item> there;
    for (const LinkedObject& object : other.objects) {
      if (Counts(object)) there.insert(ItemOf(object));
    }
    std::vector<const LinkedObject*> unmatched;
    for (const LinkedObject& object : program.objects) {
      if (!Counts(object)) continue;
      const auto found = there.find(ItemOf(object));
      if (found == there.end()) {
        unmatched.push_back(&object);
      } else {
        there.erase(found);
      }
    }
    return unmatched;
  }

  std::optional<std::string> CompareObjects() const {
    const auto before = Unmatched(*sides_[0], *sides_[1]);
    const auto after = Unmatched(*sides_[1], *sides_[0]);
    std::set<std::string> earlier_names;
    for (const LinkedObject* object : before) earlier_names.insert(object->name);
    for (const LinkedObject* object : after) {
      if (earlier_names.count(object->name) > 0) {
        return absl::StrCat(object->name, " changed", AndMore(after.size() - 1));
      }
    }
    if (!after.empty()) {
      return absl::StrCat(after.front()->name, " is new", AndMore(after.size() - 1));
    }
    if (!before.empty()) {
      return absl::StrCat(before.front()->name, " is gone", AndMore(before.size() - 1));
    }
    return std::nullopt;
  }

  std::optional<std::string> CompareArguments() const {
    const auto& before = sides_[0]->link.arguments;
    const auto& after = sides_[1]->link.arguments;
    if (const auto added = FirstLacking(after, before)) {
      return absl::StrCat("the link's argument ", *added, " is new");
    }
    if (const auto removed = FirstLacking(before, after)) {
      return absl::StrCat("the link's argument ", *removed, " is gone");
    }
    return std::nullopt;
  }

  static Definitions DefinitionsIn(const LinkedProgram& program) {
    Definitions definitions;
    for (const LinkedObject& object : program.objects) {
      const std::vector<ObjectCode::Symbol>& symbols = object.object->code->symbols();
      for (size_t i = 0; i < symbols.size(); ++i) {
        if (symbols[i].is_defined) {
          definitions[symbols[i].name].push_back({.object = &object, .symbol = i});
        }
      }
    }
    return definitions;
  }

  static const std::vector<Defined>& Find(const Definitions& definitions, const std::string& name) {
    static const auto& none = *new std::vector<Defined>();
    const auto found = definitions.find(name);
    return found == definitions.end() ? none : found->second;
  }

  // The definitions of a name in the order of linking, without those that repeat an earlier one.
  std::vector<int> DistinctForms(const std::vector<Defined>& definitions) {
    std::vector<int> forms;
    for (const Defined& defined : definitions) {
      const int form = reader_.Definition(*defined.object->object, defined.symbol).form;
      if (!absl::c_linear_search(forms, form)) forms.push_back(form);
    }
    return forms;
  }

  bool SameDefinitions(const std::vector<Defined>& one, const std::vector<Defined>& other) {
    // Equal objects define the same, whatever that is.
    const auto same_object = [](const Defined& a, const Defined& b) {
      return a.object->object->form == b.object->object->form;
    };
    return absl::c_equal(one, other, same_object) || DistinctForms(one) == DistinctForms(other);
  }

  // Looks at the symbols that several objects define, and at those of the harness that others may
  // be given.
  std::optional<std::string> CompareDefinitions() {
    if (OrderedForms(*sides_[0]) == OrderedForms(*sides_[1])) return std::nullopt;
    const std::array<Definitions, 2> definitions = {DefinitionsIn(*sides_[0]),
                                                    DefinitionsIn(*sides_[1])};
    const auto is_of_harness = [](const Defined& defined) { return defined.object->is_harness; };
    std::set<std::string> names;
    std::set<std::string> names_of_harness;
    for (const Definitions& side : definitions) {
      for (const auto& [name, defined] : side) {
        const auto num_of_harness = absl::c_count_if(defined, is_of_harness);
        if (num_of_harness > 0) names_of_harness.insert(name);
        if (static_cast<int64_t>(defined.size()) - num_of_harness > 1) names.insert(name);
      }
    }
    std::vector<std::string> pending(names.begin(), names.end());
    const auto add = [&](const std::string& name) {
      if (names.insert(name).second) pending.push_back(name);
    };
    for (const std::string& name : names_of_harness) {
      const bool is_given = name != kMain && (sides_[0]->symbols.exported.count(name) > 0 ||
                                              sides_[1]->symbols.exported.count(name) > 0);
      const bool is_of_others = absl::c_any_of(definitions, [&](const Definitions& side) {
        return !absl::c_all_of(Find(side, name), is_of_harness);
      });
      if (is_given || is_of_others) add(name);
    }
    while (!pending.empty()) {
      const std::string name = std::move(pending.back());
      pending.pop_back();
      if (!SameDefinitions(Find(definitions[0], name), Find(definitions[1], name))) {
        return absl::StrCat("the linked ", Demangled(name), " may be another");
      }
      for (const Definitions& side : definitions) {
        for (const Defined& defined : Find(side, name)) {
          if (!defined.object->is_harness) continue;
          for (const std::string& reference :
               reader_.Definition(*defined.object->object, defined.symbol).references) {
            if (names_of_harness.count(reference) > 0) add(reference);
          }
        }
      }
    }
    return std::nullopt;
  }

  // The program's symbols that objects other than the harness's define.
  std::set<ProgramSymbols::Symbol> SymbolsThatCount(const LinkedProgram& program) const {
    std::set<std::string> names;
    for (const LinkedObject& object : program.objects) {
      if (!Counts(object) || !object.object->code.has_value()) continue;
      for (const ObjectCode::Symbol& symbol : object.object->code->symbols()) {
        if (symbol.is_defined) names.insert(symbol.name);
      }
    }
    std::set<ProgramSymbols::Symbol> symbols;
    for (const ProgramSymbols::Symbol& symbol : program.symbols.defined) {
      if (names.count(symbol.name) > 0) symbols.insert(symbol);
    }
    return symbols;
  }

  std::optional<std::string> CompareSymbols() const {
    const auto before = SymbolsThatCount(*sides_[0]);
    const auto after = SymbolsThatCount(*sides_[1]);
    std::vector<ProgramSymbols::Symbol> differences;
    absl::c_set_symmetric_difference(before, after, std::back_inserter(differences));
    if (differences.empty()) return std::nullopt;
    return absl::StrCat("the linked ", Demangled(differences.front().name), " is another");
  }

  const std::array<const LinkedProgram*, 2> sides_;
  const std::string harness_;
  LinkReader& reader_;
  bool has_harness_ = false;
};

}  // namespace

CodeComparer::CodeComparer(std::string harness)
    : harness_(std::move(harness)), reader_(std::make_unique<LinkReader>()) {}

CodeComparer::~CodeComparer() = default;

absl::StatusOr<CodeComparison> CodeComparer::Compare(const std::string& one,
                                                     const std::string& other) {
  const absl::StatusOr<bool> same = SameBytes(one, other);
  if (!same.ok()) return same.status();
  if (*same) return CodeComparison{};
  const auto first = reader_->Program(one, harness_);
  if (!first.ok()) return first.status();
  const auto second = reader_->Program(other, harness_);
  if (!second.ok()) return second.status();
  if (!first->has_value() || !second->has_value()) return Changed("the program changed");
  return ProgramComparison(**first, **second, harness_, *reader_).Compare();
}

bool HasLinkParameters(const std::string& program) {
  return BuildPath::Of(program).has_value() && ParameterFileOf(program).has_value();
}

absl::StatusOr<bool> SameBytes(const std::string& one, const std::string& other) {
  if (one == other) return true;
  std::error_code error;
  std::error_code other_error;
  const uintmax_t size = fs::file_size(one, error);
  const uintmax_t other_size = fs::file_size(other, other_error);
  if (error || other_error) {
    return absl::UnavailableError(absl::StrCat("cannot read ", error ? one : other));
  }
  if (size != other_size) return false;
  std::ifstream first(one, std::ios::binary);
  std::ifstream second(other, std::ios::binary);
  std::array<char, 65536> first_bytes{};
  std::array<char, 65536> second_bytes{};
  while (first && second) {
    first.read(first_bytes.data(), first_bytes.size());
    second.read(second_bytes.data(), second_bytes.size());
    if (first.gcount() != second.gcount() ||
        !std::equal(first_bytes.begin(), first_bytes.begin() + first.gcount(),
                    second_bytes.begin())) {
      return false;
    }
  }
  if (!first.eof() || !second.eof()) {
    return absl::UnavailableError(absl::StrCat("cannot read ", one));
  }
  return true;
}

}  // namespace perf
