// A small image and the keys that the image tests share.
#pragma once

#include <array>

#include "rig/protocol/image.hpp"
#include "rig/protocol/image_create.hpp"

namespace lockrig::image {

inline SigningKey test_key(std::uint8_t number) {
  std::array<std::uint8_t, 32> seed{};
  seed[0] = number;
  return SigningKey::from_seed(seed);
}

inline const SigningKey& release_key() {
  static const SigningKey key = test_key(1);
  return key;
}

inline const SigningKey& foreign_key() {
  static const SigningKey key = test_key(2);
  return key;
}

inline PublicKeys trusted() { return {release_key().public_key()}; }

inline Recipe small_recipe() {
  Recipe recipe;
  recipe.version = {2, 4, 513, 17};
  recipe.identity.vendor = *Uuid::parse("00112233-4455-6677-8899-aabbccddeeff");
  recipe.identity.device_class = *Uuid::parse("60006000-6000-6000-6000-600060006000");
  recipe.identity.hardware_mask = 3;
  recipe.identity.security_counter = 24;
  recipe.body = {0xde, 0xad, 0xbe, 0xef, 0x01};
  return recipe;
}

inline Bytes small_image() { return create(small_recipe(), release_key()); }

inline Fault fault_of(ByteView file) {
  const auto parsed = parse(file);
  const auto* fault = std::get_if<Fault>(&parsed);
  return fault ? *fault : Fault::none;
}

}  // namespace lockrig::image
