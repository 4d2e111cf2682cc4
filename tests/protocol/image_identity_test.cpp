#include "rig/protocol/image_identity.hpp"

#include <gtest/gtest.h>

namespace lockrig::image {
namespace {

TEST(Version, is_read_and_written_as_imgtool_does) {
  EXPECT_EQ(Version::parse("2.4.0"), (Version{2, 4, 0, 0}));
  EXPECT_EQ(Version::parse("255.255.65535+4294967295"),
            (Version{255, 255, 65535, 4294967295}));
  EXPECT_EQ((Version{2, 4, 0, 0}).to_string(), "2.4.0");
  EXPECT_EQ((Version{2, 4, 10, 17}).to_string(), "2.4.10+17");
}

TEST(Version, refuses_anything_else) {
  for (const char* text :
       {"", "2", "2.4", "2.4.", "2.4.0 ", " 2.4.0", "2.4.0+", "256.0.0", "2.4.65536",
        "-1.0.0", "+1.0.0", "2.4.0+4294967296", "2.4.0.1", "v2.4.0", "0x2.4.0"}) {
    EXPECT_EQ(Version::parse(text), std::nullopt) << text;
  }
}

TEST(Version, is_ordered_by_its_parts_from_left_to_right) {
  const Version ordered[] = {{1, 9, 9, 9}, {2, 0, 0, 0}, {2, 0, 0, 1},
                             {2, 0, 1, 0}, {2, 1, 0, 0}, {10, 0, 0, 0}};
  for (std::size_t i = 0; i + 1 < std::size(ordered); ++i) {
    EXPECT_LT(ordered[i], ordered[i + 1]);
  }
}

TEST(Uuid, is_read_and_written_in_the_usual_form) {
  constexpr const char* text = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
  const auto uuid = Uuid::parse(text);
  ASSERT_TRUE(uuid);
  EXPECT_EQ(uuid->bytes[0], 0x6b);
  EXPECT_EQ(uuid->bytes[15], 0xc8);
  EXPECT_EQ(uuid->to_string(), text);
  EXPECT_EQ(Uuid::parse("6BA7B810-9DAD-11D1-80B4-00C04FD430C8"), uuid);
}

TEST(Uuid, refuses_anything_else) {
  for (const char* text :
       {"", "6ba7b810", "6ba7b810-9dad-11d1-80b4-00c04fd430c",
        "6ba7b8109dad11d180b400c04", "6ba7b810-9dad-11d1-80b4-00c04fd430c8 ",
        "6ba7b810-9dad-11d1-80b400-c04fd430c8", "gba7b810-9dad-11d1-80b4-00c04fd430c8",
        "6 a7b810-9dad-11d1-80b4-00c04fd430c8",
        "-6a7b810-9dad-11d1-80b4-00c04fd430c8"}) {
    EXPECT_EQ(Uuid::parse(text), std::nullopt) << text;
  }
}

TEST(Identity, fits_the_revisions_in_its_mask_and_no_others) {
  Identity identity;
  identity.hardware_mask = 0b101;
  EXPECT_TRUE(identity.fits_revision('A'));
  EXPECT_FALSE(identity.fits_revision('B'));
  EXPECT_TRUE(identity.fits_revision('C'));
  identity.hardware_mask = 0xffffffff;
  EXPECT_TRUE(identity.fits_revision('Z'));
  EXPECT_FALSE(identity.fits_revision('a'));
  EXPECT_FALSE(identity.fits_revision('@'));
}

}  // namespace
}  // namespace lockrig::image
