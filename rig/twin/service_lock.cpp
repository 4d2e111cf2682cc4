#include "rig/twin/service_lock.hpp"

#include <algorithm>

#include "rig/protocol/hmac.hpp"

namespace lockrig::twin {
namespace {

void append(Bytes& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

/// Takes as long for one wrong byte as for all.
bool same(ByteView a, ByteView b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned>(a[i] ^ b[i]);
  }
  return difference == 0;
}

}  // namespace

ServiceLock::ServiceLock(World& world, const Unit& unit, std::uint32_t boots)
    : world_(world), unit_(unit), boots_(boots) {}

// From the unit and the boot, as check-in jitter is, so that a fork and a whole run
// agree; under the key, so that nobody else knows the next one and asks for its answer
// beforehand.
const smp::Nonce& ServiceLock::challenge() {
  const std::string& serial = unit_.serial;
  Bytes seed(serial.begin(), serial.end());
  append(seed, boots_);
  append(seed, ++challenges_);
  const image::Digest drawn = image::hmac_sha256(unit_.service_key, seed);
  smp::Nonce nonce;
  std::copy_n(drawn.begin(), nonce.size(), nonce.begin());
  return nonce_.emplace(nonce);
}

ServiceLock::Answer ServiceLock::unlock(ByteView mac) {
  if (world_.now() < deaf_until_) return Answer::not_heard;
  const bool good =
      nonce_ && same(mac, smp::service_mac(unit_.service_key, unit_.serial, *nonce_));
  nonce_.reset();
  if (good) {
    open_ = true;
    wrong_ = 0;
    return Answer::good;
  }
  if (++wrong_ == kWrongAnswers) {
    wrong_ = 0;
    deaf_until_ = world_.now() + kBackOff;
  }
  return Answer::wrong;
}

}  // namespace lockrig::twin
