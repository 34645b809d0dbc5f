#include "tools/json_schema/uri_reference.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace parlance::tools {
namespace {

// RFC 3986, 5.4.
TEST(UriReferenceTest, ResolvesAsTheStandardsExamples) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
  };
  for (const auto& [reference, expected] : cases) {
    EXPECT_EQ(ResolveUri("http://a/b/c/d;p?q", reference), expected) << reference;
  }
}

TEST(UriReferenceTest, ResolvesAgainstOtherBases) {
  EXPECT_EQ(ResolveUri("", "a.json"), "a.json");
  EXPECT_EQ(ResolveUri("", ""), "");
  EXPECT_EQ(ResolveUri("dir/a.json", "b.json"), "dir/b.json");
  EXPECT_EQ(ResolveUri("http://a", "b"), "http://a/b");
  EXPECT_EQ(ResolveUri("urn:uuid:1", ""), "urn:uuid:1");
  EXPECT_EQ(ResolveUri("urn:uuid:1", "urn:uuid:2"), "urn:uuid:2");
}

TEST(UriReferenceTest, SplitsFragments) {
  EXPECT_EQ(SplitFragment("a#b#c").absolute, "a");
  EXPECT_EQ(SplitFragment("a#b#c").fragment, "b#c");
  EXPECT_EQ(SplitFragment("a").fragment, "");
}

TEST(UriReferenceTest, DecodesPercents) {
  EXPECT_EQ(PercentDecoded("a%22b%C3%bc%25"), "a\"bü%");
  EXPECT_EQ(PercentDecoded("%2"), std::nullopt);
  EXPECT_EQ(PercentDecoded("%"), std::nullopt);
  EXPECT_EQ(PercentDecoded("%zz"), std::nullopt);
}

}  // namespace
}  // namespace parlance::tools
