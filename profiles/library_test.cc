#include "profiles/library.h"

#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/result.h"
#include "model/base/test_matchers.h"
#include "model/step/machine.h"
#include "profiles/reader.h"
#include "profiles/test_profiles.h"
#include "profiles/writer.h"

namespace commplan::profiles {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::vector<std::string> Names(const std::vector<Listed>& listed) {
  std::vector<std::string> names;
  for (const Listed& one : listed) names.push_back(one.name);
  return names;
}

TEST(Library, FindsFilesByName) {
  const TestLibrary library = {{"hardware/base", kBase}, {"hardware/networks/net", kNet}};
  ASSERT_NE(library.get().Find("net"), nullptr);
  EXPECT_EQ(library.get().Find("net")->path, "hardware/networks/net.yaml");
  EXPECT_EQ(library.get().Find("hardware/base"), nullptr);
  EXPECT_EQ(library.get().Find("ne"), nullptr);
  EXPECT_EQ(library.get().Find(""), nullptr);
}

TEST(Library, ListsMachinesAndNetworksApart) {
  const std::string part = "schema: commplan/profile/1\nname: p\ntitle: P\npart: true\n";
  const TestLibrary library = {{"base", kBase}, {"net", kNet}, {"p", part}};
  const Result<Listing> listing = List(library.get());
  ASSERT_THAT(listing, IsOk());
  ASSERT_THAT(listing->machines, SizeIs(1));
  EXPECT_EQ(listing->machines[0].name, "base");
  EXPECT_EQ(listing->machines[0].title, "A machine for tests");
  EXPECT_EQ(listing->machines[0].path, "base.yaml");
  ASSERT_THAT(listing->networks, SizeIs(1));
  EXPECT_EQ(listing->networks[0].title, "a network");
}

TEST(Library, ListSaysWhichFileIsWrong) {
  const TestLibrary library = {{"base", kBase}, {"bad", "name: bad\n"}};
  EXPECT_THAT(List(library.get()),
              IsError(ErrorCode::kBadInput, HasSubstr("found no 'schema'"), At("bad.yaml", 1, 1)));
}

// ---- the files that the program ships with ----

TEST(ShippedLibrary, HoldsMachinesAndNetworks) {
  const Result<Listing> listing = List(ShippedLibrary());
  ASSERT_THAT(listing, IsOk());
  EXPECT_THAT(listing->machines, Not(IsEmpty()));
  EXPECT_THAT(listing->networks, Not(IsEmpty()));
}

TEST(ShippedLibrary, HasTheNamesThatScriptsRelyOn) {
  const Result<Listing> listing = List(ShippedLibrary());
  ASSERT_THAT(listing, IsOk());
  EXPECT_THAT(
      Names(listing->machines),
      ::testing::IsSupersetOf({"hgx-a100", "hgx-h100", "hgx-h200", "hgx-b200", "hgx-b300",
                               "gb200-nvl72", "mi300x-8", "l4-pcie", "l40s-pcie", "rtx-4090-pcie",
                               "rtx-pro-6000-pcie", "textbook-nvlink", "textbook-10gbe"}));
  EXPECT_THAT(Names(listing->networks), ::testing::Contains("ib-ndr"));
}

TEST(ShippedLibrary, NamesEachFileOnceAndAsTheFileSays) {
  const std::vector<LibraryFile>& files = ShippedLibrary().files();
  ASSERT_THAT(files, Not(IsEmpty()));
  for (std::size_t i = 0; i < files.size(); ++i) {
    SCOPED_TRACE(files[i].path);
    EXPECT_THAT(std::string(files[i].text),
                HasSubstr("\nname: " + std::string(files[i].name()) + "\n"));
    if (i == 0) continue;
    EXPECT_NE(files[i - 1].name(), files[i].name());
  }
}

// Every machine alone and with every network. A machine without network ports says so.
TEST(ShippedLibrary, EveryNameBecomesAMachine) {
  const Result<Listing> listing = List(ShippedLibrary());
  ASSERT_THAT(listing, IsOk());
  int joined = 0;
  for (const Listed& machine : listing->machines) {
    SCOPED_TRACE(machine.name);
    ASSERT_THAT(LoadMachine(machine.name, ShippedLibrary()), IsOk());
    const bool has_ports =
        LoadMachine(machine.name + "+" + listing->networks[0].name, ShippedLibrary()).ok();
    for (const Listed& network : listing->networks) {
      const std::string name = machine.name + "+" + network.name;
      SCOPED_TRACE(name);
      const Result<Machine> both = LoadMachine(name, ShippedLibrary());
      if (!has_ports) {
        EXPECT_THAT(both, IsError(ErrorCode::kBadInput, HasSubstr("it has no 'network_ports'")));
        continue;
      }
      ++joined;
      ASSERT_THAT(both, IsOk());
      EXPECT_GE(both->fabric.tiers.size(), 2U);
      EXPECT_EQ(both->name, name);
    }
  }
  EXPECT_GT(joined, 0);
}

TEST(ShippedLibrary, EveryMachineSurvivesWriting) {
  const Result<Listing> listing = List(ShippedLibrary());
  ASSERT_THAT(listing, IsOk());
  for (const Listed& machine : listing->machines) {
    SCOPED_TRACE(machine.name);
    const std::string text = Write(LoadMachine(machine.name, ShippedLibrary()).value());
    const Result<Machine> back = Read(text);
    ASSERT_THAT(back, IsOk());
    EXPECT_EQ(Write(*back), text);
  }
}

}  // namespace
}  // namespace commplan::profiles
