#include "rig/protocol/image.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "rig/protocol/image_layout.hpp"
#include "tests/protocol/image_fixture.hpp"

namespace lockrig::image {
namespace {

// Offsets in small_image(): 512 header, 5 body, 60 protected TLVs, 144 TLVs.
constexpr std::size_t kProtected = 512 + 5;
constexpr std::size_t kSeal = kProtected + 60;

Bytes part(const Bytes& bytes, std::size_t at, std::size_t size) {
  const auto start = bytes.begin() + static_cast<std::ptrdiff_t>(at);
  return {start, start + static_cast<std::ptrdiff_t>(size)};
}

TEST(Image, has_the_header_bytes_that_mcuboot_draws) {
  EXPECT_EQ(part(small_image(), 0, 32), (Bytes{0x3d, 0xb8, 0xf3, 0x96,  // magic
                                               0x00, 0x00, 0x00, 0x00,  // load address
                                               0x00, 0x02,  // header size 512
                                               0x3c, 0x00,  // protected TLVs 60
                                               0x05, 0x00, 0x00, 0x00,  // body
                                               0x00, 0x00, 0x00, 0x00,  // flags
                                               0x02, 0x04, 0x01, 0x02,  // 2.4.513
                                               0x11, 0x00, 0x00, 0x00,  // +17
                                               0x00, 0x00, 0x00, 0x00}));
}

TEST(Image, has_the_early_identity_behind_the_header_and_zeros_behind_that) {
  const Bytes image = small_image();
  Bytes expected = {'L',  'R',  'I',  'D',  0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66,
                    0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x60, 0x00,
                    0x60, 0x00, 0x60, 0x00, 0x60, 0x00, 0x60, 0x00, 0x60, 0x00, 0x60,
                    0x00, 0x60, 0x00, 0x03, 0x00, 0x00, 0x00, 0x18, 0x00, 0x00, 0x00};
  expected.resize(480);
  EXPECT_EQ(part(image, 32, 480), expected);
}

TEST(Image, has_the_tlv_bytes_that_mcuboot_draws) {
  const Bytes image = small_image();
  EXPECT_EQ(part(image, kProtected, 8),
            (Bytes{0x08, 0x69, 0x3c, 0x00, 0x74, 0x00, 0x10, 0x00}));
  EXPECT_EQ(part(image, kProtected + 24, 4), (Bytes{0x75, 0x00, 0x10, 0x00}));
  EXPECT_EQ(part(image, kProtected + 44, 16),
            (Bytes{0xa0, 0x00, 0x04, 0x00, 0x03, 0x00, 0x00, 0x00, 0x50, 0x00, 0x04,
                   0x00, 0x18, 0x00, 0x00, 0x00}));
  EXPECT_EQ(part(image, kSeal, 8),
            (Bytes{0x07, 0x69, 0x90, 0x00, 0x10, 0x00, 0x20, 0x00}));
  EXPECT_EQ(part(image, kSeal + 40, 4), (Bytes{0x01, 0x00, 0x20, 0x00}));
  EXPECT_EQ(part(image, kSeal + 76, 4), (Bytes{0x24, 0x00, 0x40, 0x00}));
  const Digest digest = sha256(ByteView(image).first(kSeal));
  EXPECT_EQ(part(image, kSeal + 8, 32), Bytes(digest.begin(), digest.end()));
}

TEST(Image, is_parsed_into_what_it_was_made_of) {
  const Bytes file = small_image();
  const auto parsed = parse(file);
  ASSERT_TRUE(std::holds_alternative<Parsed>(parsed));
  const auto& image = std::get<Parsed>(parsed);
  const Recipe recipe = small_recipe();
  EXPECT_EQ(image.header, (Header{0, 512, 60, 5, 0, recipe.version}));
  EXPECT_EQ(image.identity, recipe.identity);
  EXPECT_TRUE(std::ranges::equal(image.body, recipe.body));
  EXPECT_EQ(image.tlvs.size(), 7U);
  EXPECT_EQ(image.digest, sha256(image.covered));
  EXPECT_EQ(image.total_size, file.size());
  EXPECT_EQ(verify(file, trusted()), Fault::none);
}

TEST(Image, tells_its_identity_from_its_first_76_bytes) {
  const Bytes image = small_image();
  EXPECT_EQ(early_identity(ByteView(image).first(76)), small_recipe().identity);
  EXPECT_EQ(early_identity(ByteView(image).first(75)), std::nullopt);
  EXPECT_EQ(early_identity(Bytes(512, 0xff)), std::nullopt);
  EXPECT_EQ(parse_header(ByteView(image).first(32))->version, small_recipe().version);
  EXPECT_EQ(parse_header(ByteView(image).first(31)), std::nullopt);
}

TEST(Image, knows_where_it_ends_in_a_larger_slot) {
  const Bytes image = small_image();
  Bytes slot = image;
  slot.resize(4096, 0xff);
  EXPECT_EQ(total_size(slot), image.size());
  EXPECT_EQ(total_size(image), image.size());
  EXPECT_EQ(total_size(ByteView(image).first(image.size() - 1)), std::nullopt);
  EXPECT_EQ(total_size(Bytes(4096, 0xff)), std::nullopt);
  EXPECT_EQ(fault_of(slot), Fault::trailing_data);
}

// No byte is without effect: each is either checked, or covered by the signature.
TEST(Image, is_refused_after_any_single_bit_flip) {
  Bytes image = small_image();
  const PublicKeys keys = trusted();
  for (std::size_t bit = 0; bit < image.size() * 8; ++bit) {
    const auto mask = static_cast<std::uint8_t>(1 << bit % 8);
    image[bit / 8] ^= mask;
    ASSERT_NE(verify(image, keys), Fault::none) << "bit " << bit;
    image[bit / 8] ^= mask;
  }
  EXPECT_EQ(verify(image, keys), Fault::none);
}

TEST(Image, is_truncated_at_every_size_below_its_own) {
  const Bytes image = small_image();
  for (std::size_t size = 0; size < image.size(); ++size) {
    ASSERT_EQ(fault_of(ByteView(image).first(size)), Fault::truncated) << size;
  }
}

TEST(Image, without_the_magic_is_no_image) {
  EXPECT_EQ(fault_of(Bytes(1024, 0xff)), Fault::bad_magic);
  EXPECT_EQ(fault_of(Bytes(31, 0xff)), Fault::truncated);
}

TEST(Image, with_a_flag_a_size_or_a_block_of_another_family_is_refused) {
  for (const std::size_t at : {8UL, 16UL, 19UL, 32UL, 76UL, 511UL}) {
    Bytes image = small_image();
    image[at] ^= 0x10;
    reseal(image, release_key());
    EXPECT_EQ(verify(image, trusted()), Fault::bad_header) << at;
  }
}

TEST(Image, with_sizes_beyond_the_file_is_truncated) {
  Bytes image = small_image();
  store_u32(image, 12, 0xffffffff);
  EXPECT_EQ(fault_of(image), Fault::truncated);
  image = small_image();
  store_u16(image, kSeal + 2, 0xffff);
  EXPECT_EQ(fault_of(image), Fault::truncated);
}

TEST(Image, with_tlvs_that_do_not_fit_their_area_is_refused) {
  for (const std::size_t at : {kProtected, kProtected + 2, kProtected + 6, kSeal,
                               kSeal + 6, kSeal + 42, kSeal + 78}) {
    Bytes image = small_image();
    image[at] ^= 0x01;
    EXPECT_EQ(fault_of(image), Fault::bad_tlv) << at;
  }
}

TEST(Image, with_an_unprotected_tlv_that_is_unknown_or_doubled_is_refused) {
  for (const std::uint16_t type : {0x03, 0x10, 0x24, 0x74}) {
    Bytes image = small_image();
    store_u16(image, kSeal + 40, type);
    EXPECT_EQ(fault_of(image), Fault::bad_tlv) << type;
  }
}

TEST(Image, without_an_identity_in_the_protected_tlvs_is_refused) {
  Bytes image = small_image();
  store_u16(image, kProtected + 4, 0x00ff);
  reseal(image, release_key());
  EXPECT_EQ(verify(image, trusted()), Fault::identity_disagrees);
}

TEST(Image, with_two_vendors_is_refused) {
  Bytes image = small_image();
  store_u16(image, kProtected + 24, kTlvVendor);
  reseal(image, release_key());
  EXPECT_EQ(verify(image, trusted()), Fault::bad_tlv);
}

TEST(Image, must_fit_the_size_it_is_held_to) {
  const Bytes image = small_image();
  EXPECT_EQ(verify(image, trusted(), image.size()), Fault::none);
  EXPECT_EQ(verify(image, trusted(), image.size() - 1), Fault::oversize);
}

TEST(Image, is_trusted_for_any_of_several_keys_and_for_none) {
  const Bytes image = small_image();
  EXPECT_EQ(verify(image, {foreign_key().public_key(), release_key().public_key()}),
            Fault::none);
  EXPECT_EQ(verify(image, {foreign_key().public_key()}), Fault::unknown_key);
  EXPECT_EQ(verify(image, {}), Fault::unknown_key);
}

TEST(Image, signed_by_another_key_under_a_trusted_key_hash_is_refused) {
  Bytes image = small_image();
  const Digest digest = sha256(ByteView(image).first(kSeal));
  const Signature foreign = foreign_key().sign(digest);
  std::copy(foreign.begin(), foreign.end(), image.end() - 64);
  EXPECT_EQ(verify(image, trusted()), Fault::bad_signature);
}

}  // namespace
}  // namespace lockrig::image
