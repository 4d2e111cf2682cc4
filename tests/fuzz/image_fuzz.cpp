// Parsing and verifying survive any file, and only the signed image verifies. The input
// is a list of edits to a good image, for no fuzzer finds a magic and a signature
// alone.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "rig/protocol/image.hpp"
#include "rig/protocol/image_create.hpp"

namespace {

using namespace lockrig::image;
using lockrig::Bytes;
using lockrig::ByteView;

void require(bool good) {
  if (!good) std::abort();
}

const SigningKey& key() {
  static const SigningKey key = SigningKey::from_seed(std::array<std::uint8_t, 32>{});
  return key;
}

void judge(ByteView file, const Bytes& good) {
  static const PublicKeys trusted = {key().public_key()};
  const bool is_good = std::equal(file.begin(), file.end(), good.begin(), good.end());
  require((verify(file, trusted) == Fault::none) == is_good);
  const auto parsed = parse(file);
  if (const auto* image = std::get_if<Parsed>(&parsed)) {
    require(total_size(file) == file.size());
    require(early_identity(file) == image->identity);
  }
  const auto end = total_size(file);
  require(!end || *end <= file.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Bytes good = create({{1, 2, 3, 4}, {}, Bytes(40, 0x5a)}, key());
  judge(ByteView(data, size), good);

  Bytes edited = good;
  for (; size >= 4; data += 4, size -= 4) {
    const std::size_t at = (data[1] << 8 | data[2]) % 1024;
    if (data[0] % 4 == 0) {
      edited.resize(at);
    } else if (at < edited.size()) {
      edited[at] = data[3];
    }
  }
  judge(edited, good);
  // Signed after the edit, so that what stands behind the digest is reached too.
  if (edited.size() >= overhead()) {
    reseal(edited, key());
    parse(edited);
    verify(edited, {key().public_key()});
  }
  return 0;
}
