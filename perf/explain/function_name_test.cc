#include "perf/explain/function_name.h"

#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace perf {
namespace {

TEST(FunctionNameTest, BuildsHaveNamesInCommon) {
  const std::map<std::string, std::string> names = {
      {"perf::Work(int)", "perf::Work(int)"},
      {"perf::Work(int)'2", "perf::Work(int)"},
      {"perf::Work(int) [clone .isra.0]", "perf::Work(int)"},
      {"perf::Work(int) [clone .constprop.1] [clone .cold]", "perf::Work(int)"},
      {"work.part.0.cold", "work"},
      {"pthread_mutex_lock@@GLIBC_2.2.5", "pthread_mutex_lock"},
      {"___pthread_mutex_lock", "pthread_mutex_lock"},
      {"__memmove_sse2_unaligned_erms", "memcpy"},
      {"__memcpy_avx_unaligned", "memcpy"},
      {"__memset_evex_unaligned_erms", "memset"},
      {"__strlen_sse2", "strlen"},
      {"0x000000000009a5f0", "0x000000000009a5f0 in libc.so.6"},
      {"???", "??? in libc.so.6"},
      {"", " in libc.so.6"},
  };
  for (const auto& [name, plain] : names) {
    EXPECT_EQ(FunctionName(name, "/lib/libc.so.6"), plain) << name;
  }
}

TEST(FunctionNameTest, AProgramsOwnVersionsKeepTheirNames) {
  for (const char* name : {"strhash_avx2", "__memmove_sse2_unaligned_erms", "memscan_sse4"}) {
    EXPECT_EQ(FunctionName(name, "/bin/a"), name);
    EXPECT_EQ(FunctionName(name, "/bin/a.sorted"), name);
    EXPECT_NE(FunctionName(name, "/lib/liba.so"), name);
  }
}

TEST(FunctionNameTest, SharedLibrariesAreKnownByTheirNames) {
  for (const char* object : {"/lib/libc.so.6", "liba.so", "/lib/ld-linux-x86-64.so.2"}) {
    EXPECT_TRUE(IsSharedLibrary(object)) << object;
  }
  for (const char* object : {"/bin/a", "/lib.so.6/a", "a.sorted", "/bin/x.sock", "", "???"}) {
    EXPECT_FALSE(IsSharedLibrary(object)) << object;
  }
}

TEST(FunctionNameTest, ShortNamesAreThoseThatPeopleSay) {
  const std::map<std::string, std::string> names = {
      {"main", "main"},
      {"Dot16", "Dot16"},
      {"perf::Work(int)", "perf::Work"},
      {"bool perf::(anonymous namespace)::Resampler::Push<short>(absl::Span<short const>) const",
       "Resampler::Push"},
      {"(anonymous namespace)::Work(std::vector<int, std::allocator<int> > const&)", "Work"},
      {"std::vector<int, std::allocator<int> >::operator[](unsigned long)", "vector::operator[]"},
      {"a::B::operator()(int) const", "B::operator()"},
      {"a::B::operator<(a::B const&) const", "B::operator<"},
      {"std::ostream& operator<< <char>(std::ostream&, char const*)", "operator<<"},
      {"operator new(unsigned long)", "operator new"},
      {"a::B::operator bool() const", "B::operator bool"},
      {"a::operators::Apply(int)", "operators::Apply"},
      {"a::Work(int)::{lambda(int)#1}::operator()(int) const", "a::Work"},
      {"{lambda(int)#1}::operator()(int) const", "{lambda}::operator()"},
      {"a::{lambda(auto:1)#2}::operator()<int>(int) const", "{lambda}::operator()"},
      {"decltype ((a)+(b)) a::Add<int, int>(int, int)", "a::Add"},
      {"decltype(auto) a::b::Work<int>(int)", "b::Work"},
      {"decltype (({parm#1}.size)()) a::Size<a::B>(a::B&)", "a::Size"},
      {"decltypes::Work(int)", "decltypes::Work"},
      {"std::to_string[abi:cxx11](int)", "std::to_string"},
      {"0x9a5f0 in libc.so.6", "0x9a5f0 in libc.so.6"},
      // None that this understands.
      {"", ""},
      {"<<<", "<<<"},
      {"(", "("},
      {"::", "::"},
      {"operator", "operator"},
      {"{lambda(", "{lambda}"},
      {"decltype ((a", "decltype ((a"},
  };
  for (const auto& [name, short_name] : names) {
    EXPECT_EQ(ShortFunctionName(name), short_name) << name;
  }
}

TEST(FunctionNameTest, KindsOfFunctions) {
  const std::map<FunctionKind, std::vector<std::string>> kinds = {
      {FunctionKind::kAllocation,
       {"malloc", "free", "calloc", "realloc", "_int_malloc", "_int_free", "__libc_malloc",
        "malloc_consolidate", "operator new(unsigned long)", "operator new[](unsigned long)",
        "operator delete(void*, unsigned long)", "posix_memalign", "aligned_alloc"}},
      {FunctionKind::kCopy, {"memcpy", "memset", "memcmp", "strlen", "memchr", "mempcpy"}},
      {FunctionKind::kLock,
       {"pthread_mutex_lock", "pthread_mutex_unlock", "pthread_rwlock_rdlock",
        "absl::Mutex::Lock()", "absl::lts_20220623::Mutex::Unlock()", "__lll_lock_wait",
        "pthread_cond_wait", "absl::Mutex::ReaderLock()"}},
      {FunctionKind::kOther,
       {"main", "perf::free(int)", "Pool::malloc(int)", "memcpyer", "freedom", "a::Lock()", "",
        "operator+(A, B)", "0x9a5f0 in libc.so.6"}},
  };
  for (const auto& [kind, names] : kinds) {
    for (const std::string& name : names) EXPECT_EQ(KindOf(name), kind) << name;
  }
  EXPECT_TRUE(TakesMemory("malloc"));
  EXPECT_TRUE(TakesMemory("operator new[](unsigned long)"));
  EXPECT_FALSE(TakesMemory("free"));
  EXPECT_FALSE(TakesMemory("operator delete(void*)"));
  EXPECT_FALSE(TakesMemory("_int_malloc"));
  for (const char* name :
       {"pthread_mutex_lock", "pthread_mutex_trylock", "pthread_rwlock_wrlock", "pthread_spin_lock",
        "sem_wait", "absl::lts_20220623::Mutex::Lock()", "absl::Mutex::ReaderLock()",
        "absl::lts_20220623::base_internal::SpinLock::Lock()"}) {
    EXPECT_TRUE(TakesLock(name)) << name;
  }
  for (const char* name :
       {"pthread_mutex_unlock", "pthread_cond_wait", "pthread_cond_signal", "pthread_mutex_init",
        "pthread_mutex_destroy", "sem_post", "absl::lts_20220623::Mutex::Unlock()",
        "absl::lts_20220623::base_internal::SpinLock::Unlock()", "__lll_lock_wait"}) {
    EXPECT_FALSE(TakesLock(name)) << name;
  }
}

TEST(FunctionNameTest, TheStandardLibraryIsKnownByItsNamespaces) {
  for (const char* name :
       {"std::__cxx11::basic_string<char>::_M_create(unsigned long&, unsigned long)",
        "void std::vector<a::B>::_M_realloc_insert<a::B>(a::B&&)", "__gnu_cxx::x()"}) {
    EXPECT_TRUE(IsStandardLibrary(name)) << name;
  }
  for (const char* name : {"a::Work(std::string)", "std::string a::Work<std::string>()", "std", "x",
                           "standard::f()", "std_like::f()"}) {
    EXPECT_FALSE(IsStandardLibrary(name)) << name;
  }
}

}  // namespace
}  // namespace perf
