#include "perf/record/environment.h"

#include <string>

#include "gtest/gtest.h"

namespace perf {
namespace {

constexpr char kCpuinfo[] =
    "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\n"
    "model name\t: Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz\nstepping\t: 8\n"
    "cache size\t: 107520 KB\n\nprocessor\t: 1\nmodel\t\t: 1\n";

TEST(EnvironmentTest, ReadsCpuinfo) {
  EXPECT_EQ(CpuModel(kCpuinfo), "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz");
  EXPECT_EQ(CpuId(kCpuinfo), "family 6, model 143, stepping 8, cache 107520 KB");
  EXPECT_EQ(CpuModel("CPU implementer : 0x41\n"), "0x41");
  EXPECT_EQ(CpuModel(""), "unknown");
  EXPECT_EQ(CpuId(""), "");
}

Environment Machine() {
  Environment environment;
  environment.set_cpu_model(CpuModel(kCpuinfo));
  environment.set_cpu_id(CpuId(kCpuinfo));
  environment.set_num_cpus(4);
  environment.set_memory_bytes(int64_t{16} << 30);
  return environment;
}

TEST(EnvironmentTest, ASlugIsAFolderName) {
  const std::string slug = MachineSlug(Machine());
  EXPECT_EQ(slug.rfind("intel-xeon-platinum-8481c-4-cpus-", 0), 0u) << slug;
  EXPECT_EQ(slug.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-."), std::string::npos)
      << slug;
  EXPECT_EQ(MachineSlug(Environment()).rfind("unknown-0-cpus-", 0), 0u);
}

TEST(EnvironmentTest, ASlugTellsMachinesApart) {
  const std::string slug = MachineSlug(Machine());
  Environment other = Machine();
  other.set_load_average(3);
  other.set_kernel("6.2");
  other.set_memory_bytes(other.memory_bytes() - (100 << 20));
  EXPECT_EQ(MachineSlug(other), slug) << "what varies on one machine does not count";
  other = Machine();
  other.set_num_cpus(8);
  EXPECT_NE(MachineSlug(other), slug);
  other = Machine();
  other.set_cpu_id("family 6, model 85");
  EXPECT_NE(MachineSlug(other), slug);
  other = Machine();
  other.set_hypervisor("virtualised");
  EXPECT_NE(MachineSlug(other), slug);
  other = Machine();
  other.set_memory_bytes(int64_t{32} << 30);
  EXPECT_NE(MachineSlug(other), slug);
}

TEST(EnvironmentTest, DescribesThisProcess) {
  const Environment environment = CurrentEnvironment();
  EXPECT_GT(environment.num_cpus(), 0);
  EXPECT_GT(environment.memory_bytes(), 0);
  EXPECT_FALSE(environment.compiler().empty());
  EXPECT_FALSE(environment.compilation_mode().empty());
  EXPECT_TRUE(environment.smt().empty() || environment.smt() == "on" || environment.smt() == "off");
#if defined(__OPTIMIZE__)
  EXPECT_EQ(environment.build_flags().rfind("optimize", 0), 0) << environment.build_flags();
#endif
}

}  // namespace
}  // namespace perf
