#include "perf/record/environment.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace perf {
namespace {

using ::testing::StartsWith;

constexpr char kCpuinfo[] =
    "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\n"
    "model name\t: Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz\nstepping\t: 8\n"
    "cache size\t: 107520 KB\n\nprocessor\t: 1\nmodel\t\t: 1\n";

TEST(EnvironmentTest, ReadsCpuinfo) {
  EXPECT_EQ(CpuModel(kCpuinfo), "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz");
  EXPECT_EQ(CpuId(kCpuinfo), "family 6, model 143, stepping 8, cache 107520 KB");
  EXPECT_EQ(CpuModel("CPU implementer : 0x41\n"), "0x41");
  // ARM's have no name, and what tells them apart is the part.
  EXPECT_EQ(CpuId("CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x1\n"
                  "CPU part\t: 0xd0c\nCPU revision\t: 1\n"),
            "part 0xd0c, variant 0x1, revision 1");
  EXPECT_EQ(CpuModel(""), "unknown");
  EXPECT_EQ(CpuId(""), "");
}

Environment Machine() {
  Environment environment;
  environment.set_cpu_model(CpuModel(kCpuinfo));
  environment.set_cpu_id(CpuId(kCpuinfo));
  environment.set_num_cpus(4);
  environment.set_memory_bytes(25'276'510'208);
  environment.set_architecture("x86_64");
  environment.set_hypervisor("virtualised");
  return environment;
}

TEST(EnvironmentTest, ASlugIsAFolderName) {
  const std::string slug = MachineSlug(Machine());
  EXPECT_THAT(slug, StartsWith("intel-xeon-platinum-8481c-4-cpus-"));
  EXPECT_EQ(slug.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-."), std::string::npos)
      << slug;
  EXPECT_THAT(MachineSlug(Environment()), StartsWith("unknown-0-cpus-"));
}

struct SlugCase {
  std::string name;
  std::function<void(Environment&)> change;
  // Whether the changed machine is still one of the kind.
  bool same;
};

class MachineSlugTest : public testing::TestWithParam<SlugCase> {};

TEST_P(MachineSlugTest, NamesAKindOfMachines) {
  Environment other = Machine();
  GetParam().change(other);
  EXPECT_EQ(MachineSlug(other) == MachineSlug(Machine()), GetParam().same)
      << MachineSlug(other) << " beside " << MachineSlug(Machine());
}

INSTANTIATE_TEST_SUITE_P(
    All, MachineSlugTest,
    testing::ValuesIn(std::vector<SlugCase>{
        {"Itself", [](Environment&) {}, true},
        // Two virtual machines of one kind, started one after the other.
        {"ALittleLessMemory", [](Environment& other) { other.set_memory_bytes(24'912'000'000); },
         true},
        {"AllOfTheMemory", [](Environment& other) { other.set_memory_bytes(int64_t{24} << 30); },
         true},
        {"ALittleMoreMemory", [](Environment& other) { other.set_memory_bytes(26'400'000'000); },
         true},
        {"LessMemory", [](Environment& other) { other.set_memory_bytes(int64_t{16} << 30); },
         false},
        {"MoreMemory", [](Environment& other) { other.set_memory_bytes(int64_t{32} << 30); },
         false},
        {"ABusierMachine", [](Environment& other) { other.set_load_average(3); }, true},
        {"AnotherKernel", [](Environment& other) { other.set_kernel("6.2"); }, true},
        {"AnotherCompiler", [](Environment& other) { other.set_compiler("clang 14"); }, true},
        {"AnotherGovernor", [](Environment& other) { other.set_scaling_governor("powersave"); },
         true},
        {"MoreCpus", [](Environment& other) { other.set_num_cpus(8); }, false},
        {"AnotherCpuName", [](Environment& other) { other.set_cpu_model("Another CPU"); }, false},
        // Virtual machines hide the name, so that only the id tells.
        {"AnotherCpuOfTheName", [](Environment& other) { other.set_cpu_id("family 6, model 85"); },
         false},
        {"AnotherArchitecture", [](Environment& other) { other.set_architecture("aarch64"); },
         false},
        {"NotVirtualised", [](Environment& other) { other.clear_hypervisor(); }, false},
    }),
    [](const testing::TestParamInfo<SlugCase>& test_case) { return test_case.param.name; });

struct MemoryCase {
  int64_t bytes;
  double gib;
};

class MemoryClassTest : public testing::TestWithParam<MemoryCase> {};

TEST_P(MemoryClassTest, IsTheSizeThatIsSold) {
  EXPECT_EQ(MemoryClassGib(GetParam().bytes), GetParam().gib);
}

INSTANTIATE_TEST_SUITE_P(All, MemoryClassTest,
                         testing::ValuesIn(std::vector<MemoryCase>{
                             {0, 1},
                             {int64_t{1} << 30, 1},
                             {1'500'000'000, 1.5},
                             {int64_t{3} << 29, 1.5},
                             {int64_t{2} << 30, 2},
                             {16'500'000'000, 16},
                             {int64_t{16} << 30, 16},
                             {25'276'510'208, 24},
                             {24'300'000'000, 24},
                             {int64_t{32} << 30, 32},
                             {int64_t{1} << 40, 1024},
                         }));

TEST(EnvironmentTest, DescribesThisProcess) {
  const Environment environment = CurrentEnvironment();
  EXPECT_GT(environment.num_cpus(), 0);
  EXPECT_GT(environment.memory_bytes(), 0);
  EXPECT_FALSE(environment.compiler().empty());
  EXPECT_FALSE(environment.architecture().empty());
  EXPECT_FALSE(environment.compilation_mode().empty());
  EXPECT_TRUE(environment.smt().empty() || environment.smt() == "on" || environment.smt() == "off");
  if (environment.compilation_mode() == "opt") {
    EXPECT_THAT(environment.build_flags(), StartsWith("optimize"));
  }
}

TEST(EnvironmentTest, APoolsNameTakesTheMachinesPlace) {
  Environment environment;
  environment.set_cpu_model("Imaginary CPU");
  environment.set_pool("ci-pool");
  EXPECT_EQ(MachineSlug(environment), "ci-pool");
}

}  // namespace
}  // namespace perf
