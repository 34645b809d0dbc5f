#include "perf/code/object_code.h"

#include <elf.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "perf/code/elf_file.h"

namespace perf {
namespace {

// Two kinds that <elf.h> of some versions lacks: tables for unwinding on x86-64, as Clang marks
// them, and a hint to the linker which addresses are compared.
constexpr uint32_t kX86Unwind = 0x70000001;
constexpr uint32_t kLlvmAddressSignificance = 0x6fff4c03;

// Numbers and texts so that no two sequences of them are the same bytes.
void WriteNumber(uint64_t number, std::string& form) {
  for (int shift = 0; shift < 64; shift += 8) form.push_back(static_cast<char>(number >> shift));
}
void WriteText(absl::string_view text, std::string& form) {
  WriteNumber(text.size(), form);
  form.append(text.data(), text.size());
}

// Kinds of sections that are known to hold nothing besides the tables that are read below.
bool IsKnownKind(uint32_t type) {
  switch (type) {
    case SHT_NULL:
    case SHT_PROGBITS:
    case SHT_SYMTAB:
    case SHT_STRTAB:
    case SHT_RELA:
    case SHT_NOTE:
    case SHT_NOBITS:
    case SHT_INIT_ARRAY:
    case SHT_FINI_ARRAY:
    case SHT_PREINIT_ARRAY:
    case SHT_GROUP:
    case kX86Unwind:
    case kLlvmAddressSignificance:
      return true;
    default:
      return false;
  }
}

bool IsIntermediateCode(absl::string_view name) {
  return absl::StartsWith(name, ".gnu.lto_") || absl::StartsWith(name, ".gnu.debuglto_") ||
         absl::StartsWith(name, ".llvm.lto");
}

}  // namespace

// Fills an object in steps, each of which fails on what it does not understand.
class ObjectCode::Parser {
 public:
  explicit Parser(const ElfFile& file, size_t num_bytes) : file_(file), num_bytes_(num_bytes) {}

  std::optional<ObjectCode> Parse() {
    const Elf64_Ehdr& header = file_.header();
    if (header.e_type != ET_REL) return std::nullopt;
    WriteNumber(header.e_machine, object_.header_);
    WriteNumber(header.e_flags, object_.header_);
    WriteNumber(header.e_ident[EI_OSABI], object_.header_);
    WriteNumber(header.e_ident[EI_ABIVERSION], object_.header_);
    if (!ReadSections() || !ReadSymbols() || !ReadRelocations() || !ReadGroups()) {
      return std::nullopt;
    }
    return std::move(object_);
  }

 private:
  bool ReadSections() {
    uint64_t num_bytes = 0;
    number_of_.resize(file_.sections().size());
    for (size_t i = 0; i < file_.sections().size(); ++i) {
      const Elf64_Shdr& from = file_.sections()[i];
      const std::optional<absl::string_view> name = file_.NameOf(from);
      if (!name.has_value() || !IsKnownKind(from.sh_type) || IsIntermediateCode(*name)) {
        return false;
      }
      if ((from.sh_flags & SHF_ALLOC) == 0) continue;
      const std::optional<absl::string_view> content = file_.Content(from);
      if (!content.has_value() || (from.sh_flags & SHF_COMPRESSED) != 0) return false;
      // Sections that overlap are no compiler's, and would make much of a small file.
      num_bytes += content->size();
      if (num_bytes > num_bytes_) return false;
      number_of_[i] = object_.sections_.size();
      Section& section = object_.sections_.emplace_back();
      section.name = std::string(*name);
      section.type = from.sh_type;
      section.flags = from.sh_flags;
      section.alignment = from.sh_addralign;
      section.entry_size = from.sh_entsize;
      section.size = from.sh_size;
      section.bytes = std::string(*content);
    }
    for (size_t i = 0; i < file_.sections().size(); ++i) {
      const Elf64_Shdr& from = file_.sections()[i];
      if (!number_of_[i].has_value() || (from.sh_flags & SHF_LINK_ORDER) == 0) continue;
      if (from.sh_link >= number_of_.size() || !number_of_[from.sh_link].has_value()) return false;
      object_.sections_[*number_of_[i]].follows = number_of_[from.sh_link];
    }
    return true;
  }

  bool ReadSymbols() {
    for (size_t i = 0; i < file_.sections().size(); ++i) {
      const Elf64_Shdr& section = file_.sections()[i];
      if (section.sh_type != SHT_SYMTAB) continue;
      if (symbol_table_.has_value()) return false;
      symbol_table_ = i;
      const std::optional<std::vector<Elf64_Sym>> symbols = file_.Entries<Elf64_Sym>(section);
      if (!symbols.has_value()) return false;
      for (const Elf64_Sym& symbol : *symbols) {
        if (!AddSymbol(symbol, section.sh_link)) return false;
      }
    }
    return true;
  }

  bool AddSymbol(const Elf64_Sym& from, size_t strings) {
    const std::optional<absl::string_view> name = file_.String(strings, from.st_name);
    if (!name.has_value()) return false;
    Entry& entry = object_.entries_.emplace_back();
    entry.name = std::string(*name);
    entry.binding = ELF64_ST_BIND(from.st_info);
    entry.type = ELF64_ST_TYPE(from.st_info);
    entry.visibility = from.st_other;
    entry.value = from.st_value;
    entry.size = from.st_size;
    if (from.st_shndx == SHN_UNDEF) {
      entry.place = Place::kUndefined;
    } else if (from.st_shndx == SHN_ABS) {
      entry.place = Place::kAbsolute;
    } else if (from.st_shndx == SHN_COMMON) {
      entry.place = Place::kCommon;
    } else if (from.st_shndx >= number_of_.size()) {
      return false;
    } else if (number_of_[from.st_shndx].has_value()) {
      entry.place = Place::kSection;
      entry.section = *number_of_[from.st_shndx];
    } else {
      entry.place = Place::kLeftOut;
    }
    if (entry.binding == STB_LOCAL) return true;
    // Others could then refer to what is left out here.
    if (entry.place == Place::kLeftOut) return false;
    object_.visible_.push_back(
        {.name = entry.name, .is_defined = entry.place != Place::kUndefined});
    object_.entry_of_.push_back(object_.entries_.size() - 1);
    return true;
  }

  bool ReadRelocations() {
    for (const Elf64_Shdr& from : file_.sections()) {
      if (from.sh_type != SHT_RELA) continue;
      if (from.sh_info >= number_of_.size()) return false;
      if (!number_of_[from.sh_info].has_value()) continue;
      const std::optional<std::vector<Elf64_Rela>> entries = file_.Entries<Elf64_Rela>(from);
      if (!entries.has_value() || from.sh_link != symbol_table_) return false;
      Section& section = object_.sections_[*number_of_[from.sh_info]];
      for (const Elf64_Rela& entry : *entries) {
        const uint32_t symbol = ELF64_R_SYM(entry.r_info);
        if (symbol >= object_.entries_.size()) return false;
        if (object_.entries_[symbol].place == Place::kLeftOut) return false;
        section.relocations.push_back({.offset = entry.r_offset,
                                       .type = static_cast<uint32_t>(ELF64_R_TYPE(entry.r_info)),
                                       .addend = entry.r_addend,
                                       .symbol = symbol});
      }
    }
    return true;
  }

  bool ReadGroups() {
    for (const Elf64_Shdr& from : file_.sections()) {
      if (from.sh_type != SHT_GROUP) continue;
      const std::optional<std::vector<Elf64_Word>> words = file_.Entries<Elf64_Word>(from);
      if (!words.has_value() || words->empty() || from.sh_link != symbol_table_ ||
          from.sh_info >= object_.entries_.size()) {
        return false;
      }
      Group group = {.signature = object_.entries_[from.sh_info].name,
                     .flags = words->front(),
                     .sections = {}};
      for (size_t i = 1; i < words->size(); ++i) {
        if ((*words)[i] >= number_of_.size()) return false;
        const std::optional<size_t> number = number_of_[(*words)[i]];
        // Debug information has groups of its own.
        if (!number.has_value()) continue;
        if (object_.sections_[*number].group.has_value()) return false;
        object_.sections_[*number].group = object_.groups_.size();
        group.sections.push_back(*number);
      }
      if (!group.sections.empty()) object_.groups_.push_back(std::move(group));
    }
    return true;
  }

  const ElfFile& file_;
  const size_t num_bytes_;
  ObjectCode object_;
  // By the file's number of a section: its number among those that count.
  std::vector<std::optional<size_t>> number_of_;
  std::optional<size_t> symbol_table_;
};

std::optional<ObjectCode> ObjectCode::Parse(absl::string_view bytes) {
  const std::optional<ElfFile> file = ElfFile::Parse(bytes);
  if (!file.has_value()) return std::nullopt;
  return Parser(*file, bytes.size()).Parse();
}

template <typename NumberOf>
void ObjectCode::Write(const Section& section, NumberOf number_of, std::string& form) const {
  WriteText(section.name, form);
  for (const uint64_t number :
       {uint64_t{section.type}, section.flags, section.alignment, section.entry_size, section.size,
        uint64_t{section.follows.has_value()},
        section.follows.has_value() ? number_of(*section.follows) : uint64_t{0},
        uint64_t{section.relocations.size()}}) {
    WriteNumber(number, form);
  }
  WriteText(section.bytes, form);
  for (const Relocation& relocation : section.relocations) {
    const Entry& target = entries_[relocation.symbol];
    const bool is_local = target.binding == STB_LOCAL;
    for (const uint64_t number : {relocation.offset, uint64_t{relocation.type},
                                  static_cast<uint64_t>(relocation.addend), uint64_t{is_local}}) {
      WriteNumber(number, form);
    }
    if (!is_local) {
      WriteText(target.name, form);
      WriteNumber(target.binding, form);
      continue;
    }
    for (const uint64_t number :
         {static_cast<uint64_t>(target.place), uint64_t{target.type},
          target.place == Place::kSection ? number_of(target.section) : uint64_t{0},
          target.value}) {
      WriteNumber(number, form);
    }
  }
}

std::string ObjectCode::Form() const {
  std::string form = header_;
  WriteNumber(sections_.size(), form);
  for (const Section& section : sections_) {
    Write(
        section, [](size_t number) -> uint64_t { return number; }, form);
  }
  WriteNumber(groups_.size(), form);
  for (const Group& group : groups_) {
    WriteText(group.signature, form);
    WriteNumber(group.flags, form);
    WriteNumber(group.sections.size(), form);
    for (const size_t section : group.sections) WriteNumber(section, form);
  }
  // The order of symbols depends on what debug information names.
  std::vector<std::string> symbols;
  for (const Entry& entry : entries_) {
    if (entry.binding == STB_LOCAL) continue;
    std::string& symbol = symbols.emplace_back();
    WriteText(entry.name, symbol);
    for (const uint64_t number :
         {uint64_t{entry.binding}, uint64_t{entry.type}, uint64_t{entry.visibility},
          static_cast<uint64_t>(entry.place), uint64_t{entry.section}, entry.value, entry.size}) {
      WriteNumber(number, symbol);
    }
  }
  absl::c_sort(symbols);
  WriteNumber(symbols.size(), form);
  for (const std::string& symbol : symbols) WriteText(symbol, form);
  return form;
}

ObjectCode::Definition ObjectCode::DefinitionOf(size_t symbol) const {
  const Entry& entry = entries_[entry_of_[symbol]];
  Definition definition;
  std::string& form = definition.form;
  for (const uint64_t number :
       {uint64_t{entry.binding}, uint64_t{entry.type}, uint64_t{entry.visibility},
        static_cast<uint64_t>(entry.place), entry.value, entry.size}) {
    WriteNumber(number, form);
  }
  if (entry.place != Place::kSection) return definition;
  // Sections have the order in which they are reached, so that the rest of the object does not
  // matter.
  std::vector<size_t> reached;
  std::map<size_t, uint64_t> number_of;
  const auto reach = [&](size_t section) {
    const auto [found, inserted] = number_of.emplace(section, reached.size());
    if (inserted) reached.push_back(section);
    return found->second;
  };
  reach(entry.section);
  std::set<std::string> references;
  for (size_t i = 0; i < reached.size(); ++i) {
    const Section& section = sections_[reached[i]];
    if (section.group.has_value()) {
      // A group is taken or left as a whole.
      for (const size_t other : groups_[*section.group].sections) reach(other);
    }
    Write(section, reach, form);
    for (const Relocation& relocation : section.relocations) {
      const Entry& target = entries_[relocation.symbol];
      if (target.binding != STB_LOCAL) references.insert(target.name);
    }
  }
  definition.references.assign(references.begin(), references.end());
  return definition;
}

std::optional<std::vector<absl::string_view>> ArchiveMembers(absl::string_view bytes) {
  // <ar.h> has the fields, but no sizes to check them with.
  constexpr absl::string_view kMagic = "!<arch>\n";
  constexpr size_t kHeader = 60;
  constexpr size_t kName = 16;
  constexpr size_t kSize = 48;
  constexpr size_t kSizeDigits = 10;
  if (!absl::ConsumePrefix(&bytes, kMagic)) return std::nullopt;
  std::vector<absl::string_view> members;
  while (!bytes.empty()) {
    if (bytes.size() < kHeader || bytes.substr(kHeader - 2, 2) != "`\n") return std::nullopt;
    const absl::string_view name = bytes.substr(0, kName);
    uint64_t size = 0;
    if (!absl::SimpleAtoi(bytes.substr(kSize, kSizeDigits), &size)) return std::nullopt;
    bytes.remove_prefix(kHeader);
    if (size > bytes.size()) return std::nullopt;
    // BSD's way to write names, which are then a part of the content.
    if (absl::StartsWith(name, "#1/") || absl::StartsWith(name, "__.")) return std::nullopt;
    const bool is_index = absl::StartsWith(name, "/ ") || absl::StartsWith(name, "// ") ||
                          absl::StartsWith(name, "/SYM64/ ");
    if (!is_index) members.push_back(bytes.substr(0, size));
    bytes.remove_prefix(std::min<size_t>(size + size % 2, bytes.size()));
  }
  return members;
}

std::optional<ProgramSymbols> ProgramSymbols::Parse(absl::string_view bytes) {
  const std::optional<ElfFile> file = ElfFile::Parse(bytes);
  if (!file.has_value()) return std::nullopt;
  if (file->header().e_type != ET_EXEC && file->header().e_type != ET_DYN) return std::nullopt;
  ProgramSymbols found;
  for (const Elf64_Shdr& section : file->sections()) {
    if (section.sh_type != SHT_SYMTAB && section.sh_type != SHT_DYNSYM) continue;
    const std::optional<std::vector<Elf64_Sym>> symbols = file->Entries<Elf64_Sym>(section);
    if (!symbols.has_value()) return std::nullopt;
    for (const Elf64_Sym& symbol : *symbols) {
      if (ELF64_ST_BIND(symbol.st_info) == STB_LOCAL || symbol.st_shndx == SHN_UNDEF) continue;
      const std::optional<absl::string_view> name = file->String(section.sh_link, symbol.st_name);
      if (!name.has_value()) return std::nullopt;
      if (section.sh_type == SHT_DYNSYM) {
        found.exported.emplace(*name);
      } else {
        found.defined.insert({.name = std::string(*name),
                              .type = static_cast<uint32_t>(ELF64_ST_TYPE(symbol.st_info)),
                              .size = symbol.st_size});
      }
    }
  }
  if (found.defined.empty()) return std::nullopt;
  return found;
}

}  // namespace perf
