// Making signed images.
#pragma once

#include <cstddef>

#include "rig/core/units.hpp"
#include "rig/protocol/image_identity.hpp"
#include "rig/protocol/signing.hpp"

namespace lockrig::image {

struct Recipe {
  Version version;
  Identity identity;
  Bytes body;
};

/// What create() adds to the body: an image of exactly n bytes has a body of
/// n - overhead().
std::size_t overhead();

/// The same recipe and key always give the same bytes.
Bytes create(const Recipe& recipe, const SigningKey& key);

/// The recipe that makes `image` again. Throws std::invalid_argument if parse() finds a
/// fault in it.
Recipe recipe_of(ByteView image);

/// Makes digest, KEYHASH and signature right again after a change to anything before
/// them. REQUIRES: create() made `image`, and its sizes have not been changed.
void reseal(Bytes& image, const SigningKey& key);

}  // namespace lockrig::image
