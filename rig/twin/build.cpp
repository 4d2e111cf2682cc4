#include "rig/twin/build.hpp"

#include <algorithm>
#include <stdexcept>

#include "rig/core/random.hpp"

namespace lockrig::twin {
namespace {

constexpr std::string_view kMagic = "LRFW";
constexpr std::size_t kText = 16;  // a text with its terminating zero
constexpr std::size_t kRecord =
    64;  // magic, behaviour at 4, model at 16, version at 32

void put(Bytes& body, std::size_t at, std::string_view text) {
  if (text.size() >= kText) {
    throw std::invalid_argument("a build's \"" + std::string(text) + "\" is too long");
  }
  std::copy(text.begin(), text.end(), body.begin() + static_cast<std::ptrdiff_t>(at));
}

std::string get(ByteView body, std::size_t at) {
  const auto field = body.subspan(at, kText);
  return std::string(field.begin(), std::find(field.begin(), field.end(), 0));
}

}  // namespace

const char* to_string(Behaviour behaviour) {
  switch (behaviour) {
    case Behaviour::good:
      return "good";
    case Behaviour::crash_at_start:
      return "crash-at-start";
    case Behaviour::hang_at_start:
      return "hang-at-start";
    case Behaviour::no_network:
      return "no-network";
  }
  return "?";
}

std::optional<Behaviour> behaviour_from(std::string_view name) {
  for (const Behaviour b : {Behaviour::good, Behaviour::crash_at_start,
                            Behaviour::hang_at_start, Behaviour::no_network}) {
    if (name == to_string(b)) return b;
  }
  return std::nullopt;
}

Bytes make_body(const Build& build, std::size_t size) {
  if (size < kRecord) throw std::invalid_argument("a body has at least 64 bytes");
  Bytes body(size, 0);
  put(body, 0, kMagic);
  body[4] = static_cast<std::uint8_t>(build.behaviour);
  put(body, 16, build.model);
  put(body, 32, build.version);
  Random filler(mix(mix(0, build.model), build.version));
  std::uint64_t word = 0;
  for (std::size_t i = kRecord; i < size; ++i) {
    if (i % 8 == 0) word = filler.next();
    body[i] = static_cast<std::uint8_t>(word >> (i % 8 * 8));
  }
  return body;
}

std::optional<Build> read_body(ByteView body) {
  if (body.size() < kRecord) return std::nullopt;
  if (!std::equal(kMagic.begin(), kMagic.end(), body.begin())) return std::nullopt;
  if (body[4] > static_cast<std::uint8_t>(Behaviour::no_network)) return std::nullopt;
  return Build{get(body, 16), get(body, 32), static_cast<Behaviour>(body[4])};
}

}  // namespace lockrig::twin
