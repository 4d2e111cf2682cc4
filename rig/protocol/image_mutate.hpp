// Images that a lock must refuse (or, re-signed, must take): made from good ones by one
// named mutation each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "rig/core/units.hpp"
#include "rig/protocol/image_identity.hpp"
#include "rig/protocol/signing.hpp"

namespace lockrig::image {

enum class Mutation {
  truncate,        ///< only the first `number` bytes
  flip_bit,        ///< bit `number` of the file, bit 0 being the lowest of byte 0
  append,          ///< `number` zero bytes behind the image
  other_body,      ///< the body of image `other`; signed with `key`
  patch_identity,  ///< `identity` in both places and a right digest, but the old
                   ///< signature
  early_identity,  ///< `identity` in the early block alone; signed with `key`
  wrong_key,       ///< signed with `key`, and saying so in KEYHASH
  unsigned_image,  ///< without the signature's TLV
  zero_signature,
  oversize,   ///< body padded with 0xff until it is larger than `number`; signed
  downgrade,  ///< `version` and the security counter of `identity`; signed with `key`
};

std::span<const Mutation> all_mutations();
/// The enumerator's name, as a command line takes it.
std::string_view to_string(Mutation mutation);
std::optional<Mutation> mutation_named(std::string_view name);

/// What a mutation needs, as said with each; the rest is ignored.
struct MutationInputs {
  std::size_t number = 0;
  ByteView other = {};
  Identity identity = {};
  Version version = {};
  const SigningKey* key = nullptr;
};

/// Throws std::invalid_argument if an input that the mutation needs is missing or out
/// of range, or if `image` (for other_body also `other`) is not as create() makes it.
Bytes mutate(ByteView image, Mutation mutation, const MutationInputs& inputs);

}  // namespace lockrig::image
