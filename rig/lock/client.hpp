// The conversation with the firmware of one station: SMP over its console, and the text
// that the lock prints in between.
//
// Every request has a limit; reads are repeated at most twice. An answer that is late
// is dropped by its sequence number. A console that fails (cable, adapter) is the rig's
// fault: RigError. All else that goes wrong is a Failure.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "rig/lock/answers.hpp"
#include "rig/lock/link.hpp"
#include "rig/lock/reply.hpp"
#include "rig/protocol/smp_header.hpp"

namespace lockrig::lock {

/// What an upload came to.
struct Upload {
  std::size_t acknowledged = 0;
  /// The lock says that it has the whole image and that it is good. A lock that says
  /// nothing about it counts as false.
  bool match = false;
};

/// Called at each advance, when the answer arrives: bytes that the lock has confirmed.
using Progress = std::function<void(std::size_t acknowledged)>;

/// REQUIRES: one call at a time. A call may be abandoned (its life ends): the next one
/// is not disturbed by it.
class Client {
 public:
  /// From the end of the request to its answer. Assumed: a page takes 5 ms to program.
  static constexpr Duration kLimit = 2s;
  /// The first chunk of an upload: the lock erases its slot, 18 sectors of at most
  /// 400 ms (protocols.md, "NOR flash").
  static constexpr Duration kEraseLimit = 10s;

  /// World and console outlive the client. `station` names it in a RigError.
  Client(World& world, station::Console& console, std::string station);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// The lock's echo of the text; malformed if it is another.
  Task<Reply<std::string>> echo(std::string text);
  /// Asked once after each boot that the client sees, then remembered. kDefaultParams
  /// for a lock that refuses the question.
  Task<Reply<Params>> params();
  Task<Reply<State>> state();
  /// All events after that sequence, oldest first.
  Task<Reply<std::vector<LogEvent>>> log(std::uint32_t after);
  Task<Reply<std::vector<ImageSlot>>> images();
  /// The lock restarts once it has answered.
  Task<Reply<Done>> reset();
  /// Marks the image with this hash to be tried at the next boot.
  Task<Reply<Done>> test(image::Digest hash);
  /// Sends a whole image, as many chunks ahead as the lock has buffers. `image`
  /// outlives the call; std::invalid_argument if it is empty or above 4 GiB. On a
  /// failure `progress` has told how far it came.
  Task<Reply<Upload>> upload(ByteView image, Progress progress);

  /// The oldest line of text that was not fetched yet (banner.hpp reads the one of a
  /// boot). nullopt when `until` came first, or at once when the console is dead and
  /// has nothing more.
  Task<std::optional<std::string>> next_text(Instant until) {
    return link_.next_text(until);
  }

  /// Forgets what has come so far: text from now on is news. To be called before power
  /// is switched on, or the last words before a cut stand before the banner.
  void discard() { link_.discard(); }

 private:
  struct Request {
    const char* name;
    smp::Op op;
    std::uint16_t group;
    std::uint8_t id;
    int tries;
  };
  Task<Reply<nlohmann::json>> exchange(Request request, nlohmann::json body);
  /// The answer as it came, its header looked at.
  Task<Reply<Bytes>> ask(Request request, nlohmann::json body);
  Task<Reply<Bytes>> try_once(Request request, const nlohmann::json& body);
  static Reply<nlohmann::json> read(const Request& request, ByteView message);

  Link link_;
  std::optional<Params> params_;
  int params_boot_ = 0;  // Link::boots_seen() when they were asked
};

}  // namespace lockrig::lock
