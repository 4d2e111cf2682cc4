#include "rig/twin/defects.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace lockrig::twin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

TEST(Defects, are_those_that_were_seeded) {
  const Defects defects({"no-rollback"});
  EXPECT_TRUE(defects.has(kNoRollback));
  EXPECT_FALSE(defects.has(kSharedCodes));
}

TEST(Defects, note_what_was_asked_whatever_the_answer) {
  const Defects defects({"no-rollback"});
  EXPECT_THAT(defects.consulted(), IsEmpty());
  defects.has(kTornSettings);
  defects.has(kNoRollback);
  defects.has(kTornSettings);
  EXPECT_THAT(defects.consulted(), ElementsAre("no-rollback", "torn-settings"));
}

TEST(Defects, refuse_a_name_and_list_those_there_are) {
  try {
    const Defects defects({"no-such"});
    FAIL() << "a defect that nobody knows was seeded";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("no defect no-such"));
    for (const std::string_view each : kAll) {
      EXPECT_THAT(error.what(), HasSubstr(std::string(each)));
    }
  }
}

TEST(Defects, are_the_rows_of_the_file) {
  std::ifstream file(LOCKRIG_ROOT "/fixtures/defects.csv");
  std::vector<std::string> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) rows.push_back(line.substr(0, line.find(',')));
  EXPECT_THAT(rows, UnorderedElementsAreArray(std::begin(kAll), std::end(kAll)));
}

}  // namespace
}  // namespace lockrig::twin
