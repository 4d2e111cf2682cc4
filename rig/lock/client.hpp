// A firmware that speaks SMP over its console, with lines of text in between.
//
// Every request has a limit; reads are repeated at most twice. An answer that is late
// is dropped by its sequence number. A console that fails (cable, adapter) is the rig's
// fault: RigError. All else that goes wrong is a Failure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "rig/lock/firmware.hpp"
#include "rig/lock/link.hpp"
#include "rig/protocol/smp_header.hpp"

namespace lockrig::lock {

/// What an upload came to.
struct Upload {
  std::size_t acknowledged = 0;
  /// The lock says that it has the whole image and that it is good. A lock that says
  /// nothing about it counts as false.
  bool match = false;
};

/// The service key of one unit. It is never printed, and never on the line
/// (protocol/service_key.hpp).
struct Credential {
  Bytes key;
  std::string serial;
};

class Client final : public Firmware {
 public:
  /// From the end of the request to its answer. Assumed: a page takes 5 ms to program.
  static constexpr Duration kLimit = 2s;
  /// The first chunk of an upload: the lock erases its slot, 18 sectors of at most
  /// 400 ms (protocols.md, "NOR flash").
  static constexpr Duration kEraseLimit = 10s;

  /// World and console outlive the client. `station` names it in a RigError. With a
  /// credential it unlocks the service port before the first write of each boot that it
  /// sees; without one it writes, and says how that was refused.
  Client(World& world, station::Console& console, std::string station,
         std::optional<Credential> credential = std::nullopt);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool tells(Topic) const override { return true; }
  Task<std::optional<Banner>> next_start(Instant until) override;

  /// The lock's echo of the text; malformed if it is another.
  Task<Reply<std::string>> echo(std::string text);
  /// Asked once after each boot that the client sees, then remembered. kDefaultParams
  /// for a lock that refuses the question.
  Task<Reply<Params>> params();
  Task<Reply<State>> state() override;
  Task<Reply<std::vector<LogEvent>>> log(std::uint32_t after) override;
  Task<Reply<std::vector<ImageSlot>>> images() override;
  void show(Shows shows) override;
  /// Shows its credential, once in each boot; nothing without one. A lock that does not
  /// know the question demands none.
  Task<Reply<Done>> unlock();
  /// The lock restarts once it has answered.
  Task<Reply<Done>> reset();
  /// Marks the image with this hash to be tried at the next boot.
  Task<Reply<Done>> test(image::Digest hash);
  /// Sends a whole image, as many chunks ahead as the lock has buffers. `image`
  /// outlives the call; std::invalid_argument if it is empty or above 4 GiB. On a
  /// failure `progress` has told how far it came.
  Task<Reply<Upload>> upload(ByteView image, Progress progress);

  /// Upload, mark to be tried, restart.
  Task<Push> push(ByteView image, Progress progress) override;
  /// Upload and restart, by the boot loader's serial recovery, which asks for no key
  /// (nor does MCUboot's). A lock without an image that runs serves it; one that has
  /// one does while the key enter is held at power on, and then waits 10 s for the
  /// first word (rig/twin/recovery.hpp).
  Task<Push> recover(ByteView image, Progress progress) override;

  Task<std::optional<std::string>> next_text(Instant until) override {
    return link_.next_text(until);
  }
  void discard() override { link_.discard(); }

 private:
  struct Request {
    const char* name;
    smp::Op op;
    std::uint16_t group;
    std::uint8_t id;
    int tries;
  };
  // Writes to a port that is open.
  Task<Reply<Done>> mark(image::Digest hash);
  Task<Reply<Done>> restart();
  Task<Reply<Upload>> transfer(ByteView image, Progress progress);

  Task<Push> hand_over(ByteView image, Progress progress, bool& match);
  Task<void> take_effect(Push& push);

  Task<Reply<nlohmann::json>> exchange(Request request, nlohmann::json body);
  /// The answer as it came, its header looked at.
  Task<Reply<Bytes>> ask(Request request, nlohmann::json body);
  Task<Reply<Bytes>> try_once(Request request, const nlohmann::json& body);
  static Reply<nlohmann::json> read(const Request& request, ByteView message);

  Link link_;
  std::optional<Params> params_;
  int params_boot_ = 0;  // Link::boots_seen() when they were asked
  std::optional<Credential> credential_;
  Shows shows_ = Shows::own;
  std::optional<int> unlocked_boot_;  // Link::boots_seen() when that was done
};

}  // namespace lockrig::lock
