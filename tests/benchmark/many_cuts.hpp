// A sweep of very many independent cuts, journalled as ./lockrig sweep does it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

namespace lockrig {

/// Judges that many cuts of an update on two threads, and says how long it took and
/// what memory it held after a tenth of them and at the end. Prints how far it is.
nlohmann::json many_cuts(std::uint64_t cuts);

}  // namespace lockrig
