#include "rig/core/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace lockrig {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(World, jumps_to_the_earliest_wake_up) {
  World world(1);
  world.run(world.sleep_for(10h, "an outage"), 11h, "test");
  EXPECT_EQ(world.now(), Instant(10h));
}

TEST(World, returns_what_the_task_returns) {
  World world(1);
  const auto task = [](World& w) -> Task<std::string> {
    co_await w.sleep_for(1s, "x");
    co_return "done";
  };
  EXPECT_EQ(world.run(task(world), 2s, "test"), "done");
}

TEST(World, says_who_waits_for_what_when_a_call_hits_its_limit) {
  World world(1);
  Signal rail(world);
  const auto task = [](Signal& s) -> Task<void> {
    co_await s.wait(kNever, "the rail to rise");
  };
  try {
    world.run(task(rail), 3s, "power on");
    FAIL() << "no limit";
  } catch (const LimitReached& limit) {
    EXPECT_THAT(limit.what(), HasSubstr("power on ran into its limit of 3.000 s"));
    EXPECT_THAT(limit.what(), HasSubstr("the rail to rise for ever (world_test.cpp:"));
  }
  EXPECT_EQ(world.now(), Instant(3s));
}

TEST(World, a_call_that_hit_its_limit_leaves_nothing_behind) {
  World world(1);
  Signal never(world);
  const auto task = [](Signal& s) -> Task<void> { co_await s.wait(kNever, "never"); };
  EXPECT_THROW(world.run(task(never), 1s, "first"), LimitReached);
  EXPECT_FALSE(never.awaited());
  EXPECT_EQ(world.waits(), "");
}

TEST(World, an_exception_leaves_the_call_that_ran_it) {
  World world(1);
  const auto task = [](World& w) -> Task<void> {
    co_await w.sleep_for(1ms, "x");
    throw std::runtime_error("cable");
  };
  EXPECT_THROW(world.run(task(world), 1s, "test"), std::runtime_error);
}

TEST(World, an_exception_of_a_spawned_task_leaves_the_call_too) {
  World world(1);
  Life life(world, "task");
  Timer early(world, "keeps the sleep a sleep", [] {});
  early.at(Instant(1ms));
  const auto task = [](World& w) -> Task<void> {
    co_await w.sleep_for(5ms, "x");
    throw std::runtime_error("cable");
  };
  life.spawn(task(world));
  EXPECT_THROW(world.run(world.sleep_for(1s, "call"), 2s, "test"), std::runtime_error);
  EXPECT_EQ(world.now(), Instant(5ms));
}

TEST(World, ties_resolve_by_order_of_insertion) {
  World world(1);
  Life life(world, "life");
  std::vector<int> order;
  const auto task = [](World& w, std::vector<int>& o, int n) -> Task<void> {
    co_await w.sleep_until(Instant(5ms), "tie");
    o.push_back(n);
  };
  Timer early(world, "keeps skip_to honest", [] {});
  early.at(Instant(1ms));
  for (int n = 0; n < 4; ++n) life.spawn(task(world, order, n));
  world.run(world.sleep_until(Instant(6ms), "end"), 1s, "test");
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3));
}

TEST(World, skipping_never_passes_another_wake_up) {
  World world(1);
  std::vector<std::pair<char, Instant>> seen;
  Timer timer(world, "timer", [&] { seen.emplace_back('t', world.now()); });
  timer.at(Instant(3ms));
  const auto task = [&](World& w) -> Task<void> {
    for (int i = 0; i < 5; ++i) {
      co_await w.sleep_for(1ms, "step");
      seen.emplace_back('s', w.now());
    }
  };
  world.run(task(world), 1s, "test");
  EXPECT_THAT(seen,
              ElementsAre(std::pair('s', Instant(1ms)), std::pair('s', Instant(2ms)),
                          std::pair('t', Instant(3ms)), std::pair('s', Instant(3ms)),
                          std::pair('s', Instant(4ms)), std::pair('s', Instant(5ms))));
}

TEST(World, paced_time_waits_for_the_wall_and_reports_lateness) {
  World world(1, Pace::paced);
  World wall(1, Pace::wall);
  const Instant before = wall.now();
  world.run(world.sleep_for(20ms, "wall"), 1s, "test");
  EXPECT_GE(wall.now() - before, 19ms);
  EXPECT_EQ(world.now(), Instant(20ms));
  EXPECT_GE(world.clock().worst_lateness(), 0ns);
}

TEST(World, wall_time_is_the_hosts) {
  World world(1, Pace::wall);
  const Instant before = world.now();
  world.run(world.sleep_for(5ms, "wall"), 1s, "test");
  EXPECT_GE(world.now() - before, 5ms);
}

TEST(Signal, wakes_waiters_in_order_and_times_out_the_rest) {
  World world(1);
  Life life(world, "life");
  Signal signal(world);
  std::vector<std::string> seen;
  const auto task = [](Signal& s, std::vector<std::string>& out, std::string name,
                       Instant until) -> Task<void> {
    const bool notified = co_await s.wait(until, "signal");
    out.push_back(name + (notified ? " notified" : " late"));
  };
  life.spawn(task(signal, seen, "a", Instant(1s)));
  life.spawn(task(signal, seen, "b", kNever));
  life.spawn(task(signal, seen, "c", kNever));
  Timer timer(world, "notifier", [&] { signal.notify(); });
  timer.at(Instant(2s));
  world.run(world.sleep_for(3s, "end"), 10s, "test");
  EXPECT_THAT(seen, ElementsAre("a late", "b notified", "c notified"));
}

// A boot whose power goes: its tasks never go on, wherever they were.
TEST(Life, ending_it_stops_it_inside_whatever_it_did) {
  World world(1);
  auto life = std::make_unique<Life>(world, "boot");
  int steps = 0;
  const auto firmware = [](World& w, int& n) -> Task<void> {
    for (;;) {
      co_await w.sleep_for(10ms, "work");
      ++n;
    }
  };
  life->spawn(firmware(world, steps));
  Timer cut(world, "cut", [&] { world.end(std::move(life)); });
  cut.at(Instant(35ms));
  world.run(world.sleep_for(1s, "after"), 2s, "test");
  EXPECT_EQ(steps, 3);
  EXPECT_EQ(world.waits(), "");
}

TEST(Life, may_be_ended_by_one_of_its_own_tasks) {
  World world(1);
  auto life = std::make_unique<Life>(world, "boot");
  bool went_on = false;
  const auto firmware = [](World& w, std::unique_ptr<Life>& own,
                           bool& on) -> Task<void> {
    co_await w.sleep_for(1ms, "work");
    w.end(std::move(own));
    co_await w.never();
    on = true;
  };
  life->spawn(firmware(world, life, went_on));
  world.run(world.sleep_for(1s, "after"), 2s, "test");
  EXPECT_FALSE(went_on);
  EXPECT_EQ(life, nullptr);
}

TEST(Life, keeps_its_ram_until_its_tasks_are_gone) {
  World world(1);
  struct Ram {
    bool& gone;
    ~Ram() { gone = true; }
  };
  bool gone = false;
  auto life = std::make_unique<Life>(world, "boot");
  life->keep(std::make_shared<Ram>(gone));
  EXPECT_FALSE(gone);
  life.reset();
  EXPECT_TRUE(gone);
}

TEST(World, the_same_seed_gives_the_same_trace_on_any_thread) {
  const auto run = [](std::uint64_t seed) {
    World world(seed);
    const auto task = [](World& w) -> Task<void> {
      const auto line = w.trace().channel("power");
      for (int i = 0; i < 100; ++i) {
        co_await w.sleep_for(Duration(w.seed() % 997 + 1), "x");
        w.trace().edge(line, w.now(), i % 2 == 0);
      }
    };
    world.run(task(world), 1s, "test");
    return world.trace().hash();
  };
  const std::string here = run(7);
  std::string there;
  std::thread thread([&] { there = run(7); });
  thread.join();
  EXPECT_EQ(here, there);
  EXPECT_NE(here, run(8));
}

}  // namespace
}  // namespace lockrig
