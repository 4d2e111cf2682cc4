#include "rig/twin/key_multiplexer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace lockrig::twin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Change = std::pair<int, bool>;

struct Recorded {
  std::vector<Change> changes;
  KeyMultiplexer multiplexer{
      [this](int n, bool closed) { changes.emplace_back(n, closed); }};
};

TEST(KeyMultiplexer, closes_the_addressed_contact_while_strobed) {
  for (int address = 0; address < 16; ++address) {
    Recorded r;
    r.multiplexer.set(address, false);
    r.multiplexer.set(address, true);
    r.multiplexer.set(address, false);
    EXPECT_THAT(r.changes, ElementsAre(Change{address, true}, Change{address, false}));
  }
}

TEST(KeyMultiplexer, addresses_alone_close_nothing) {
  Recorded r;
  for (int address = 0; address < 16; ++address) r.multiplexer.set(address, false);
  EXPECT_THAT(r.changes, IsEmpty());
}

TEST(KeyMultiplexer, a_select_that_changes_while_strobed_presses_another_key) {
  Recorded r;
  r.multiplexer.set(7, true);
  r.multiplexer.set(15, true);
  EXPECT_THAT(r.changes,
              ElementsAre(Change{7, true}, Change{7, false}, Change{15, true}));
}

}  // namespace
}  // namespace lockrig::twin
