// The lock's side of its web service: reports what it is, takes an update when one is
// offered, uploads its log, and tries again with back-off when nobody answers.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "rig/protocol/http.hpp"
#include "rig/twin/portal_contact.hpp"
#include "rig/twin/service_port.hpp"

namespace lockrig::twin {

class CheckIn {
 public:
  CheckIn(Peripherals& p, Settings& settings, AuditLog& log, BoltDrive& bolt,
          Updater& updater, const BootFacts& facts, bool radio_works,
          PortalContact& portal);

  /// Runs for the whole boot.
  Task<void> run();

  /// The portal has answered in this boot.
  bool succeeded() const { return succeeded_; }
  Signal& answered() { return answered_; }

 private:
  Task<bool> contact();
  Task<std::optional<nlohmann::json>> send_report(ByteStream& portal,
                                                  http::ResponseParser& parser);
  Task<bool> report(ByteStream& portal, http::ResponseParser& parser);
  Task<void> take_offer(ByteStream& portal, http::ResponseParser& parser,
                        const std::string& path, std::size_t size);
  Task<void> upload_log(ByteStream& portal, http::ResponseParser& parser,
                        std::uint32_t after);
  /// Somebody asked the portal to open the door, so long ago.
  Task<void> take_unlock(std::chrono::seconds age);
  Task<std::optional<http::Response>> exchange(ByteStream& portal,
                                               http::ResponseParser& parser,
                                               http::Request request);
  Duration jitter(Duration within) const;

  Peripherals& p_;
  Settings& settings_;
  AuditLog& log_;
  BoltDrive& bolt_;
  Updater& updater_;
  const BootFacts& facts_;
  bool radio_works_;
  PortalContact& portal_;
  Signal answered_;
  bool succeeded_ = false;
  // RAM of the defects.
  int failures_ = 0;               // since the last answer
  std::uint32_t upload_from_ = 0;  // what came before never goes up
};

}  // namespace lockrig::twin
