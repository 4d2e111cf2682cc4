#include "rig/protocol/image_mutate.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>

#include "rig/protocol/image.hpp"
#include "rig/protocol/image_create.hpp"
#include "rig/protocol/image_layout.hpp"

namespace lockrig::image {
namespace {

constexpr std::array kAll = {
    Mutation::truncate,   Mutation::flip_bit,       Mutation::append,
    Mutation::other_body, Mutation::patch_identity, Mutation::early_identity,
    Mutation::wrong_key,  Mutation::unsigned_image, Mutation::zero_signature,
    Mutation::oversize,   Mutation::downgrade,
};

// create() puts the signature last, and the digest first behind the protected TLVs.
constexpr std::size_t kSignatureEntry = kTlvEntrySize + std::tuple_size_v<Signature>;

void require(bool good, Mutation mutation, const char* what) {
  if (!good) {
    throw std::invalid_argument("mutation " + std::string(to_string(mutation)) + ": " +
                                what);
  }
}

void set_early_identity(Bytes& image, const Identity& identity) {
  const auto at = image.begin() + kEarlyOffset;
  std::copy(identity.vendor.bytes.begin(), identity.vendor.bytes.end(), at + 4);
  std::copy(identity.device_class.bytes.begin(), identity.device_class.bytes.end(),
            at + 20);
  store_u32(image, kEarlyOffset + 36, identity.hardware_mask);
  store_u32(image, kEarlyOffset + 40, identity.security_counter);
}

// Everything of the image with that identity, but the signature of the one before: as
// an attacker without the key leaves it.
Bytes with_foreign_signature(ByteView image, const Identity& identity) {
  // Any key will do to build it, for its KEYHASH and signature are replaced.
  static const SigningKey key = SigningKey::from_seed(std::array<std::uint8_t, 32>{});
  Recipe recipe = recipe_of(image);
  recipe.identity = identity;
  Bytes out = create(recipe, key);
  constexpr std::size_t kept =
      kTlvEntrySize + std::tuple_size_v<Digest> + kSignatureEntry;
  std::copy(image.end() - kept, image.end(), out.end() - kept);
  return out;
}

Bytes without_signature(ByteView image) {
  Bytes out(image.begin(), image.end() - kSignatureEntry);
  const auto header = parse_header(image);
  const std::size_t info =
      header->header_size + header->body_size + header->protected_tlv_size;
  store_u16(out, info + 2,
            static_cast<std::uint16_t>(load_u16(out, info + 2) - kSignatureEntry));
  return out;
}

}  // namespace

std::span<const Mutation> all_mutations() { return kAll; }

std::string_view to_string(Mutation mutation) {
  switch (mutation) {
    case Mutation::truncate:
      return "truncate";
    case Mutation::flip_bit:
      return "flip_bit";
    case Mutation::append:
      return "append";
    case Mutation::other_body:
      return "other_body";
    case Mutation::patch_identity:
      return "patch_identity";
    case Mutation::early_identity:
      return "early_identity";
    case Mutation::wrong_key:
      return "wrong_key";
    case Mutation::unsigned_image:
      return "unsigned_image";
    case Mutation::zero_signature:
      return "zero_signature";
    case Mutation::oversize:
      return "oversize";
    case Mutation::downgrade:
      return "downgrade";
  }
  return "unknown mutation";
}

std::optional<Mutation> mutation_named(std::string_view name) {
  const auto it = std::find_if(kAll.begin(), kAll.end(),
                               [name](Mutation m) { return to_string(m) == name; });
  return it == kAll.end() ? std::nullopt : std::optional(*it);
}

Bytes mutate(ByteView image, Mutation mutation, const MutationInputs& inputs) {
  const std::size_t number = inputs.number;
  Recipe recipe = recipe_of(image);
  require(image.size() == overhead() + recipe.body.size(), mutation,
          "needs an image with a signature and no TLVs but those of create()");
  Bytes out(image.begin(), image.end());
  const auto key = [&]() -> const SigningKey& {
    require(inputs.key != nullptr, mutation, "needs a signing key");
    return *inputs.key;
  };
  switch (mutation) {
    case Mutation::truncate:
      require(number < out.size(), mutation, "keeps fewer bytes than the image has");
      out.resize(number);
      return out;
    case Mutation::flip_bit:
      require(number / 8 < out.size(), mutation, "the bit is not in the image");
      out[number / 8] ^= static_cast<std::uint8_t>(1 << number % 8);
      return out;
    case Mutation::append:
      require(number > 0, mutation, "appends at least one byte");
      out.resize(out.size() + number);
      return out;
    case Mutation::other_body:
      recipe.body = recipe_of(inputs.other).body;
      return create(recipe, key());
    case Mutation::patch_identity:
      require(inputs.identity != recipe.identity, mutation, "needs another identity");
      return with_foreign_signature(image, inputs.identity);
    case Mutation::early_identity:
      require(inputs.identity != recipe.identity, mutation, "needs another identity");
      set_early_identity(out, inputs.identity);
      reseal(out, key());
      return out;
    case Mutation::wrong_key:
      reseal(out, key());
      return out;
    case Mutation::unsigned_image:
      return without_signature(image);
    case Mutation::zero_signature:
      std::fill(out.end() - std::tuple_size_v<Signature>, out.end(), 0);
      return out;
    case Mutation::oversize:
      require(number >= out.size(), mutation, "the image is larger already");
      recipe.body.resize(number + 1 - overhead(), 0xff);
      return create(recipe, key());
    case Mutation::downgrade:
      require(inputs.version < recipe.version, mutation, "needs a lower version");
      recipe.version = inputs.version;
      recipe.identity.security_counter = inputs.identity.security_counter;
      return create(recipe, key());
  }
  throw std::invalid_argument("unknown mutation");
}

}  // namespace lockrig::image
