// A scripted lock behind a station's console, from the codecs alone: it answers as the
// service port should, and fails as told.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <nlohmann/json.hpp>

#include "rig/lock/client.hpp"
#include "rig/protocol/smp_message.hpp"
#include "rig/protocol/smp_upload.hpp"

namespace lockrig::lock {

using nlohmann::json;

inline Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::uint8_t>(i * 31 + i / 251);
  }
  return bytes;
}

inline json hash_of(std::uint8_t value) { return json::binary(Bytes(32, value)); }

/// What the fake does with one request instead of a right answer.
enum class Fault {
  silence,
  garbage,         // bytes that are no frame
  wrong_sequence,  // a right answer to another request
  truncated,       // half a frame
  bad_crc,
  bad_cbor,       // a whole frame around rubbish
  wrong_types,    // a map whose values are all null
  wrong_command,  // an answer with the right sequence to another command
  error_v1,
  error_v2,
  closed,  // the power is cut
};

class FakeLock {
 public:
  FakeLock(World& in, ByteStream& port, station::Console& line)
      : world(in), stream(port), console(line), life(in, "fake lock") {
    life.spawn(run());
  }

  Task<void> say(std::string text) {
    const Bytes bytes(text.begin(), text.end());
    co_await stream.write(bytes);
  }

  World& world;
  ByteStream& stream;
  station::Console& console;

  json params = {{"buf_size", 1024}, {"buf_count", 4}};
  std::vector<json> events;
  Duration chunk_time = 5ms;
  Duration erase_time = 1s;
  json match = true;  // null: says nothing about it
  std::size_t largest_message = 0;
  /// Of request number n, from 0.
  std::function<std::optional<Fault>(int n, const smp::Header&)> fault;
  /// Before an upload request is looked at; an answer given here is the answer.
  std::function<std::optional<json>(int n, const smp::UploadRequest&)> on_upload;

  /// Before any request is looked at; an answer given here is the answer.
  std::function<std::optional<json>(const smp::Header&, const json& body)>
      before_answer;

  int requests = 0;
  int uploads = 0;
  bool was_reset = false;
  std::vector<json> marked;
  Bytes received;
  std::size_t expected = 0;
  /// Requests that were here at once, at most.
  std::size_t most_at_once = 0;
  std::size_t at_once_before_header = 0;

 private:
  Task<void> run() {
    smp::LineDecoder decoder(65533);
    std::deque<Bytes> waiting;
    std::array<std::uint8_t, 4096> buffer;
    for (;;) {
      // All that has come in the meantime, then one request.
      const Instant until = waiting.empty() ? kNever : world.now();
      const ReadResult read = co_await stream.read_some(buffer, until);
      if (read.status == StreamStatus::ok) {
        decoder.feed(ByteView(buffer).first(read.count));
        while (auto message = decoder.next_message()) {
          waiting.push_back(std::move(*message));
        }
        continue;
      }
      if (waiting.empty()) co_return;
      most_at_once = std::max(most_at_once, waiting.size());
      if (received.empty()) {
        at_once_before_header = std::max(at_once_before_header, waiting.size());
      }
      const Bytes message = std::move(waiting.front());
      waiting.pop_front();
      co_await serve(message);
    }
  }

  Task<void> serve(const Bytes& message) {
    largest_message = std::max(largest_message, message.size());
    smp::Header header = *smp::decode_header(message);
    const int number = requests++;
    const auto what = fault ? fault(number, header) : std::nullopt;
    smp::Message response;
    response.header = smp::response_to(header);
    if (what == Fault::silence) co_return;
    if (what == Fault::closed) {
      console.set_live(false);
      co_return;
    }
    if (what == Fault::garbage) {
      co_await say("\x06\x09!!!\xff\x01\n\x04\x14QUJD\n~~~");
      co_return;
    }
    if (what == Fault::error_v1) {
      response.body = smp::error_v1(smp::kRcBadState);
    } else if (what == Fault::error_v2) {
      response.body = smp::error_v2(smp::kGroupLock, 1);
    } else if (what == Fault::wrong_types) {
      for (const char* key : {"r", "buf_size", "buf_count", "model", "events", "newest",
                              "images", "off", "nonce"}) {
        response.body[key] = nullptr;
      }
    } else {
      response.body = co_await answer(header, message);
    }
    if (what == Fault::wrong_sequence) response.header.sequence ^= 0x80;
    if (what == Fault::wrong_command) response.header.id ^= 0x40;
    Bytes encoded = smp::encode(response);
    if (what == Fault::bad_cbor) {
      encoded.resize(smp::kHeaderSize + 2);
      encoded[3] = 2;
      encoded[8] = encoded[9] = 0xff;
    }
    Bytes frame = smp::encode_frame(encoded);
    if (what == Fault::truncated) frame.resize(frame.size() / 2);
    if (what == Fault::bad_crc) frame[8] = frame[8] == 'A' ? 'B' : 'A';
    co_await stream.write(frame);
  }

  Task<json> answer(smp::Header header, const Bytes& message) {
    if (before_answer) {
      if (auto given = before_answer(header, smp::decode(message)->body)) {
        co_return *given;
      }
    }
    if (header.group == smp::kGroupImage && header.id == smp::kImageUpload) {
      co_return co_await upload(*smp::decode_upload(message));
    }
    const json body = smp::decode(message)->body;
    if (header.group == smp::kGroupOs && header.id == smp::kOsEcho) {
      co_return json{{"r", body["d"]}};
    }
    if (header.group == smp::kGroupOs && header.id == smp::kOsParams) co_return params;
    if (header.group == smp::kGroupOs && header.id == smp::kOsReset) {
      was_reset = true;
      co_return json::object();
    }
    if (header.group == smp::kGroupLock && header.id == smp::kLockState) {
      co_return json{{"model", "6000i"}, {"rev", "A"},     {"serial", "S1"},
                     {"version", "2.3"}, {"boots", 5},     {"cause", "power_on"},
                     {"trial", false},   {"locked", true}, {"set_up", true},
                     {"codes", 3},       {"wrong", 1},     {"lock_out", 30},
                     {"log", 41}};
    }
    if (header.group == smp::kGroupLock && header.id == smp::kLockLog) {
      co_return page(body["after"]);
    }
    if (header.group == smp::kGroupImage && header.id == smp::kImageState) {
      if (header.op == smp::Op::write) marked.push_back(body);
      co_return json{{"images",
                      {{{"slot", 0},
                        {"version", "2.3.0"},
                        {"hash", hash_of(7)},
                        {"active", true},
                        {"confirmed", true},
                        {"pending", false}},
                       {{"slot", 1}, {"version", "2.4.0"}, {"hash", hash_of(9)}}}}};
    }
    co_return smp::error_v1(smp::kRcNotSupported);
  }

  json page(std::uint32_t after) const {
    json found = json::array();
    for (const json& event : events) {
      if (event["n"] > after && found.size() < 12) found.push_back(event);
    }
    return {{"events", found},
            {"newest", events.empty() ? json(0) : events.back()["n"]}};
  }

  Task<json> upload(smp::UploadRequest request) {
    const int number = uploads++;
    if (on_upload) {
      if (auto given = on_upload(number, request)) co_return *given;
    }
    if (request.off == 0) {
      received.clear();
      expected = *request.len;
      co_await world.sleep_for(erase_time, "an erase");
    } else if (request.off != received.size()) {
      co_return json{{"off", received.size()}};
    }
    co_await world.sleep_for(chunk_time, "a chunk to be programmed");
    received.insert(received.end(), request.data.begin(), request.data.end());
    json reply = {{"off", received.size()}};
    if (received.size() == expected && !match.is_null()) reply["match"] = match;
    co_return reply;
  }

  Life life;
};

/// A client, its console and a fake lock on one line.
struct Pair {
  explicit Pair(Duration byte_period = 10us)
      : to_rig(std::make_shared<Pipe>(world, byte_period, 0us)),
        to_lock(std::make_shared<Pipe>(world, byte_period, 0us)) {
    console.set_live(true);
  }

  template <typename T>
  T run(Task<T> task) {
    return world.run(std::move(task), 1h, "test");
  }
  /// What was said has arrived.
  void settle() { run(world.sleep_for(1ms, "test")); }
  void run(Task<void> task) { world.run(std::move(task), 1h, "test"); }

  World world{1};
  std::shared_ptr<Pipe> to_rig;
  std::shared_ptr<Pipe> to_lock;
  PipeEnd rig_end{to_rig, to_lock};
  PipeEnd lock_end{to_lock, to_rig};
  station::Console console{world, rig_end, "A1"};
  FakeLock lock{world, lock_end, console};
  Client client{world, console, "A1"};
};

/// The value, or a failed test that says what came instead.
template <typename T>
T value_of(Reply<T> reply) {
  if (const auto* failure = std::get_if<Failure>(&reply)) {
    ADD_FAILURE() << to_string(failure->kind) << ": " << failure->what;
    return T{};
  }
  return std::get<T>(std::move(reply));
}

}  // namespace lockrig::lock
