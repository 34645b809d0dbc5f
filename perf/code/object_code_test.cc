#include "perf/code/object_code.h"

#include <elf.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace perf {
namespace {

using testing::ElementsAre;
using testing::IsSupersetOf;
using testing::SizeIs;

std::string ArchiveOf(const std::string& variant) {
  std::ifstream file(absl::StrCat(getenv("TEST_SRCDIR"), "/", getenv("TEST_WORKSPACE"),
                                  "/perf/code/testdata/libproduct_", variant, ".a"),
                     std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_FALSE(bytes.empty()) << variant;
  return bytes;
}

// The one object in a variant's archive.
std::string ObjectOf(const std::string& variant) {
  const std::string archive = ArchiveOf(variant);
  const auto members = ArchiveMembers(archive);
  EXPECT_TRUE(members.has_value()) << variant;
  EXPECT_THAT(*members, SizeIs(1));
  return std::string(members->front());
}

std::string FormOf(const std::string& variant) {
  const std::optional<ObjectCode> code = ObjectCode::Parse(ObjectOf(variant));
  EXPECT_TRUE(code.has_value()) << variant;
  return code->Form();
}

class SameCodeTest : public testing::TestWithParam<std::string> {};

TEST_P(SameCodeTest, HasTheSameForm) {
  EXPECT_NE(ObjectOf(GetParam()), ObjectOf("plain"));
  EXPECT_EQ(FormOf(GetParam()), FormOf("plain"));
}

INSTANTIATE_TEST_SUITE_P(Variants, SameCodeTest, testing::Values("commented", "debug", "no_debug"),
                         [](const auto& info) { return info.param; });

class OtherCodeTest : public testing::TestWithParam<std::string> {};

TEST_P(OtherCodeTest, HasAnotherForm) { EXPECT_NE(FormOf(GetParam()), FormOf("plain")); }

INSTANTIATE_TEST_SUITE_P(Variants, OtherCodeTest,
                         testing::Values("binding", "bss", "call", "callee", "default_argument",
                                         "initialiser", "inlined", "jump_table", "literal", "o1",
                                         "table", "thread_local", "virtual_function",
                                         "virtual_table", "visibility"),
                         [](const auto& info) { return info.param; });

TEST(ObjectCodeTest, IntermediateCodeIsNotUnderstood) {
  EXPECT_FALSE(ObjectCode::Parse(ObjectOf("intermediate")).has_value());
}

TEST(ObjectCodeTest, SymbolsAreDefinedOrReferredTo) {
  const auto code = ObjectCode::Parse(ObjectOf("plain"));
  ASSERT_TRUE(code.has_value());
  std::vector<std::string> defined;
  for (const ObjectCode::Symbol& symbol : code->symbols()) {
    if (symbol.is_defined) defined.push_back(symbol.name);
  }
  EXPECT_THAT(defined, IsSupersetOf({"_ZN7product7ProductEi", "_ZN7product6SharedEi",
                                     "_ZN7product9of_threadE"}));
}

// A definition is that of the section and of what this reaches within the object, so it may be
// the same while another function of the object is not.
TEST(ObjectCodeTest, ADefinitionIsWhatASymbolReaches) {
  const auto definition = [](const std::string& variant, const std::string& name) {
    const auto code = ObjectCode::Parse(ObjectOf(variant));
    EXPECT_TRUE(code.has_value());
    const auto symbol = absl::c_find_if(
        code->symbols(), [&](const ObjectCode::Symbol& each) { return each.name == name; });
    EXPECT_NE(symbol, code->symbols().end());
    return code->DefinitionOf(symbol - code->symbols().begin());
  };
  const std::string call = "_ZN7product4CallEi";
  EXPECT_EQ(definition("callee", call).form, definition("plain", call).form);
  EXPECT_NE(definition("call", call).form, definition("plain", call).form);
  EXPECT_THAT(definition("plain", call).references, ElementsAre("_ZN7product5FirstEi"));
  // The table of a switch is a section of its own, and the function's.
  const std::string jump = "_ZN7product6SwitchEii";
  EXPECT_NE(definition("jump_table", jump).form, definition("plain", jump).form);
}

TEST(ObjectCodeTest, AnyBytesMayBeGiven) {
  const std::string object = ObjectOf("plain");
  for (size_t size = 0; size < object.size(); ++size) {
    // A copy of its own, so that a read beyond its end is one beyond the allocation's.
    const std::vector<char> cut(object.data(), object.data() + size);
    // The table of sections is at the end.
    ASSERT_FALSE(ObjectCode::Parse({cut.data(), cut.size()}).has_value()) << size;
  }
  for (size_t i = 0; i < object.size(); ++i) {
    for (const char byte : {'\x00', '\x01', '\x7f', '\xff'}) {
      std::string broken = object;
      broken[i] = byte;
      const auto code = ObjectCode::Parse(broken);
      if (!code.has_value()) continue;
      code->Form();
      for (size_t symbol = 0; symbol < code->symbols().size(); ++symbol) {
        if (code->symbols()[symbol].is_defined) code->DefinitionOf(symbol);
      }
    }
  }
}

// Many sections that are each the whole file would be much memory.
TEST(ObjectCodeTest, SectionsThatOverlapAreNotUnderstood) {
  std::string object = ObjectOf("plain");
  Elf64_Ehdr header = {};
  std::memcpy(&header, object.data(), sizeof(header));
  for (int i = 0; i < header.e_shnum; ++i) {
    char* const place = object.data() + header.e_shoff + i * sizeof(Elf64_Shdr);
    Elf64_Shdr section = {};
    std::memcpy(&section, place, sizeof(section));
    if (section.sh_type != SHT_PROGBITS) continue;
    section.sh_offset = 0;
    section.sh_size = object.size();
    std::memcpy(place, &section, sizeof(section));
  }
  EXPECT_FALSE(ObjectCode::Parse(object).has_value());
}

TEST(ArchiveTest, AnyBytesMayBeGiven) {
  const std::string archive = ArchiveOf("plain");
  // Two bytes less, as the last may be there to make the size even.
  for (size_t size = 0; size + 1 < archive.size(); ++size) {
    const std::vector<char> cut(archive.data(), archive.data() + size);
    const auto members = ArchiveMembers({cut.data(), cut.size()});
    ASSERT_TRUE(!members.has_value() || members->empty()) << size;
  }
  EXPECT_FALSE(ArchiveMembers("!<thin>\n").has_value());
  EXPECT_FALSE(ArchiveMembers(ObjectOf("plain")).has_value());
}

TEST(ProgramSymbolsTest, AreThoseOfALinkedProgram) {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto symbols = ProgramSymbols::Parse(bytes);
  ASSERT_TRUE(symbols.has_value());
  EXPECT_TRUE(absl::c_any_of(symbols->defined, [](const ProgramSymbols::Symbol& symbol) {
    return symbol.name == "main" && symbol.size > 0;
  }));
  EXPECT_FALSE(ProgramSymbols::Parse(ObjectOf("plain")).has_value());
  EXPECT_FALSE(ProgramSymbols::Parse(bytes.substr(0, bytes.size() / 2)).has_value());
}

}  // namespace
}  // namespace perf
