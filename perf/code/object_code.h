// The parts of an object file that can come to run, so without debug information.
#ifndef PERF_CODE_OBJECT_CODE_H_
#define PERF_CODE_OBJECT_CODE_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/string_view.h"

namespace perf {

// The sections of an object file that occupy memory, with their relocations, the symbols, and the
// COMDAT groups. A form is a text of all that: two objects whose forms are equal give a linker the
// same. It is the content itself and no digest of it, so that nothing collides. Immutable.
class ObjectCode {
 public:
  // A symbol that other objects can see.
  struct Symbol {
    std::string name;
    bool is_defined = false;
  };

  // The definition of a symbol: the form of its section and of those that its section refers to
  // within the object; and the other objects' symbols which these refer to, sorted.
  struct Definition {
    std::string form;
    std::vector<std::string> references;
  };

  // Any bytes may be given. There is no value for what is not an object file of 64 bits, least
  // significant byte first, and for objects with anything in them whose meaning is not known here:
  // intermediate code (LTO), compressed sections, kinds of sections that others may have.
  static std::optional<ObjectCode> Parse(absl::string_view bytes);

  // Sections have their order in the file; names of local symbols, files and debug sections are no
  // part of it.
  std::string Form() const;

  const std::vector<Symbol>& symbols() const { return visible_; }

  // Returns what defines symbols()[symbol]. Requires that it is defined.
  Definition DefinitionOf(size_t symbol) const;

 private:
  class Parser;

  struct Relocation {
    uint64_t offset = 0;
    uint32_t type = 0;
    int64_t addend = 0;
    // An index of `entries_`.
    uint32_t symbol = 0;
  };

  struct Section {
    std::string name;
    uint32_t type = 0;
    uint64_t flags = 0;
    uint64_t alignment = 0;
    uint64_t entry_size = 0;
    uint64_t size = 0;
    std::string bytes;
    std::vector<Relocation> relocations;
    // The section whose order it takes (SHF_LINK_ORDER), and its group.
    std::optional<size_t> follows;
    std::optional<size_t> group;
  };

  struct Group {
    std::string signature;
    uint32_t flags = 0;
    std::vector<size_t> sections;
  };

  enum class Place { kUndefined, kSection, kAbsolute, kCommon, kLeftOut };

  struct Entry {
    std::string name;
    unsigned binding = 0;
    unsigned type = 0;
    unsigned visibility = 0;
    Place place = Place::kUndefined;
    size_t section = 0;
    uint64_t value = 0;
    uint64_t size = 0;
  };

  ObjectCode() = default;

  // Writes a section. `number_of` says which number another section has in this form.
  template <typename NumberOf>
  void Write(const Section& section, NumberOf number_of, std::string& form) const;

  // Machine and ABI.
  std::string header_;
  // The sections that count, in the file's order.
  std::vector<Section> sections_;
  std::vector<Group> groups_;
  std::vector<Entry> entries_;
  std::vector<Symbol> visible_;
  // The index of `entries_` for each of `visible_`.
  std::vector<size_t> entry_of_;
};

// The object files in an archive, in its order. No value for what is not a System V archive with
// all of its members in it.
std::optional<std::vector<absl::string_view>> ArchiveMembers(absl::string_view bytes);

// The symbols of a linked program.
struct ProgramSymbols {
  struct Symbol {
    std::string name;
    unsigned type = 0;
    uint64_t size = 0;

    friend bool operator<(const Symbol& a, const Symbol& b) {
      return std::tie(a.name, a.type, a.size) < std::tie(b.name, b.type, b.size);
    }
    friend bool operator==(const Symbol& a, const Symbol& b) {
      return std::tie(a.name, a.type, a.size) == std::tie(b.name, b.type, b.size);
    }
  };

  // Defined in it; local ones are left out.
  std::set<Symbol> defined;
  // The names of symbols that shared libraries get from the program when they ask for these names.
  std::set<std::string> exported;

  // No value for what is not a linked program, or is stripped of its symbols.
  static std::optional<ProgramSymbols> Parse(absl::string_view bytes);
};

}  // namespace perf

#endif  // PERF_CODE_OBJECT_CODE_H_
