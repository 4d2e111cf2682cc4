// An image for a lock by its service port, as a technician does it: upload, mark to be
// tried, restart.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "rig/lock/client.hpp"

namespace lockrig::lock {

struct Push {
  /// The lock has taken the whole image and will try it at its next boot.
  bool accepted = false;
  /// Why the lock did not want it: "MODEL", "REVISION", "DOWNGRADE", "SIGNATURE",
  /// "FORMAT", "SIZE" or "STATE"; empty if it did, or if something else went wrong.
  std::string refusal;
  /// What else went wrong; with `accepted`, the restart did.
  std::optional<Failure> failure;
  std::size_t acknowledged = 0;
};

/// Of an error of the lock's own group, code 1 to 7; empty for any other error.
std::string refusal_name(const smp::Error& error);

/// Client and image outlive the call.
Task<Push> push_by_serial(Client& client, ByteView image, Progress progress);

/// The same by the boot loader's serial recovery: upload and restart. A lock without an
/// image that runs serves it; one that has one does while the key enter is held at
/// power on, and then waits 10 s for the first word (rig/twin/recovery.hpp).
/// `accepted`: the loader has the whole image; it judges it only when it boots. Client
/// and image outlive the call.
Task<Push> recover_by_serial(Client& client, const Bytes& image, Progress acknowledged);

}  // namespace lockrig::lock
