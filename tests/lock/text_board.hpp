// A scripted board with a text console behind a station's console line.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "rig/core/stream.hpp"
#include "rig/lock/text_profile.hpp"
#include "rig/protocol/ymodem_receiver.hpp"
#include "rig/station/console.hpp"

namespace lockrig::lock {

struct TextBoard {
  TextBoard() { console.set_live(true); }

  /// Reads lines and answers them, as `answers` has it, from now on.
  void start() { life.spawn(serve()); }

  Task<void> say(std::string text) {
    const Bytes bytes(text.begin(), text.end());
    const ByteView all(bytes);
    const std::size_t at = std::min(split, all.size());
    co_await lock_end.write(all.first(at));
    if (at == all.size()) co_return;
    co_await world.sleep_for(5ms, "the other half of an answer");
    co_await lock_end.write(all.subspan(at));
  }
  void says(std::string text) { run(say(std::move(text))); }

  /// Power is cut: what leaves from now on vanishes.
  void die() {
    to_rig->connect(false);
    to_lock->connect(false);
    console.set_live(false);
  }
  void let_pass(Duration time) { run(world.sleep_for(time, "test")); }

  template <typename T>
  T run(Task<T> task) {
    return world.run(std::move(task), 1h, "test");
  }
  void run(Task<void> task) { world.run(std::move(task), 1h, "test"); }

  World world{1};
  std::shared_ptr<Pipe> to_rig = std::make_shared<Pipe>(world, 10us, 0us);
  std::shared_ptr<Pipe> to_lock = std::make_shared<Pipe>(world, 10us, 0us);
  PipeEnd rig_end{to_rig, to_lock};
  PipeEnd lock_end{to_lock, to_rig};
  station::Console console{world, rig_end, "A1"};

  /// By what was typed, without its line's end; "" for silence. Others get none.
  std::map<std::string, std::string> answers;
  bool echoes = false;
  /// An answer's first part, which comes 5 ms before the rest.
  std::size_t split = std::string::npos;
  /// Dies instead of answering line number n, from 0.
  int dies_at = -1;
  /// What "update" starts, after its echo.
  std::function<Task<void>()> loader;
  std::vector<std::string> typed;

 private:
  Task<void> serve() {
    std::string line;
    std::uint8_t byte;
    for (;;) {
      const ReadResult read = co_await lock_end.read_some({&byte, 1}, kNever);
      if (read.status != StreamStatus::ok) co_return;
      if (byte != '\r') {
        line += static_cast<char>(byte);
        continue;
      }
      const int number = static_cast<int>(typed.size());
      typed.push_back(line);
      if (number == dies_at) {
        die();
        co_return;
      }
      std::string answer = echoes ? line + "\r\n" : "";
      const bool loads = line == "update" && loader;
      if (const auto found = answers.find(line); found != answers.end()) {
        answer += found->second;
      }
      line.clear();
      co_await say(std::move(answer));
      if (loads) co_await loader();
    }
  }

  Life life{world, "text board"};
};

}  // namespace lockrig::lock
