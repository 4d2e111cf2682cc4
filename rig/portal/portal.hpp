// The rig's stand-in for the locks' web service: hears their check-ins and logs, offers
// them images, and can be taken away.
//
//   POST /v1/check-in                 a lock's report; the answer is {"events_after"}
//                                     and, while there is one, {"offer": {"version",
//                                     "path", "size"}}
//                                     and, once, {"unlock": {"age_s"}} if somebody
//                                     wished the door open: how long ago
//   POST /v1/events                   events of its audit log
//   GET /v1/images/<serial>/<name>    the offered image, whole or by Range
//
// A malformed request is answered 400 and its connection closed. Every request is a
// note on the trace's channel "portal".
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rig/core/network.hpp"
#include "rig/portal/records.hpp"
#include "rig/protocol/http.hpp"

namespace lockrig::portal {

class Portal {
 public:
  /// Listens from now on. World and network outlive the portal.
  Portal(World& world, Network& network, std::string host, int port);
  Portal(const Portal&) = delete;
  Portal& operator=(const Portal&) = delete;

  /// False is an outage: new connections are refused and the open ones break, also in
  /// the middle of an answer. What it remembers and offers stays.
  void set_reachable(bool reachable);
  bool reachable() const { return listener_ != nullptr; }

  /// Offers an image to one lock at each of its check-ins, in place of an earlier one.
  /// It may be any bytes. std::invalid_argument for a serial or name that a path cannot
  /// carry as it is: letters, digits and "-._~+" can.
  void offer(const std::string& serial, const std::string& name,
             std::shared_ptr<const Bytes> image);
  void withdraw(const std::string& serial);
  /// Bytes of the image handed out to that lock since the newest offer to it.
  std::uint64_t served(const std::string& serial) const;
  /// How far into the image that lock came: the end of the farthest range it fetched.
  std::uint64_t reached(const std::string& serial) const;

  /// Somebody asks for the door to be opened: told to that lock at its next check-in,
  /// however late that is, with the wish's age. What it does is the lock's.
  void ask_unlock(const std::string& serial);

  /// To every request this and nothing else, whatever it asks for: a service that has
  /// gone wrong. nullopt: as it should be.
  void answer_all(std::optional<http::Response> response) {
    wrong_ = std::move(response);
  }
  /// When requests arrived, those that were answered wrongly too.
  const std::vector<Instant>& requests() const { return requests_; }

  /// The references hold until the next restore(), or, where there was nothing, until
  /// the lock's first request.
  const std::vector<CheckIn>& check_ins(const std::string& serial) const;
  const std::vector<LogEvent>& events(const std::string& serial) const;

  /// The first that arrives after the call; nullopt when `until` came first.
  Task<std::optional<CheckIn>> next_check_in(std::string serial, Instant until);

  /// All that it remembers, for snapshots. Offers are not part of it.
  const Records& records() const { return records_; }
  void restore(Records records) { records_ = std::move(records); }

 private:
  struct Offer {
    std::string path;
    std::string version;
    std::shared_ptr<const Bytes> image;  // null: withdrawn
    std::uint64_t served = 0;
    std::uint64_t reached = 0;
  };
  struct Answer {
    http::Response response;
    std::string detail;  // for the trace
  };

  Task<void> accept();
  Task<void> serve(std::unique_ptr<ByteStream> stream);
  Answer answer(const http::Request& request);
  Answer take_check_in(const http::Request& request);
  Answer take_events(const http::Request& request);
  Answer give_image(const http::Request& request);

  World& world_;
  Network& network_;
  std::string host_;
  int port_;
  Trace::Channel channel_;
  Records records_;
  std::map<std::string, Offer> offers_;     // by serial number
  std::map<std::string, Instant> unlocks_;  // likewise: since when it is wished
  std::optional<http::Response> wrong_;
  std::vector<Instant> requests_;
  Signal arrived_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Life> life_;  // while reachable: the connections
};

}  // namespace lockrig::portal
