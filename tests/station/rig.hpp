// A station on a fake chip and a simulated console line, for the tests above Gpio.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rig/core/error.hpp"
#include "rig/station/station.hpp"
#include "tests/station/fake_chip.hpp"

namespace lockrig::station {

struct Rig {
  explicit Rig(const std::string& model, bool reset_key = false)
      : wiring(wiring_of(model)),
        map(mpsse::load_keypad_map(LOCKRIG_ROOT "/fixtures/boards/" + model +
                                   "/keypad.csv")),
        chip(world, wiring),
        station(world, chip, &line,
                {.name = "A1",
                 .wiring = wiring,
                 .keypad = map,
                 .reset_key = reset_key,
                 .fitted = {"smp"}}) {
    world.trace().keep_events();
    run(station.open());
  }

  template <typename T>
  T run(Task<T> task) {
    return world.run(std::move(task), kLimit, "test");
  }
  void run(Task<void> task) { world.run(std::move(task), kLimit, "test"); }
  void sleep(Duration d) { run(world.sleep_for(d, "test")); }

  World world{1};
  mpsse::Wiring wiring;
  mpsse::KeypadMap map;
  FakeChip chip;
  std::shared_ptr<Pipe> to_rig = std::make_shared<Pipe>(world, 100us, 0us);
  std::shared_ptr<Pipe> to_board = std::make_shared<Pipe>(world, 100us, 0us);
  PipeEnd line{to_rig, to_board};
  Station station;
};

}  // namespace lockrig::station
