#include "rig/protocol/image_create.hpp"

#include <gtest/gtest.h>

#include "tests/protocol/image_fixture.hpp"

namespace lockrig::image {
namespace {

TEST(ImageCreate, always_gives_the_same_bytes) {
  EXPECT_EQ(small_image(), small_image());
}

TEST(ImageCreate, reaches_any_exact_total_size) {
  for (const std::size_t total : {overhead(), std::size_t{4096}, std::size_t{65536}}) {
    Recipe recipe = small_recipe();
    recipe.body.assign(total - overhead(), 0x5a);
    const Bytes image = create(recipe, release_key());
    EXPECT_EQ(image.size(), total);
    EXPECT_EQ(verify(image, trusted()), Fault::none);
  }
}

TEST(ImageCreate, a_recipe_can_be_read_back) {
  const Recipe recipe = recipe_of(small_image());
  EXPECT_EQ(create(recipe, release_key()), small_image());
  EXPECT_THROW(recipe_of(Bytes(600, 0xff)), std::invalid_argument);
}

TEST(ImageCreate, resealing_makes_a_changed_image_good_again) {
  Bytes image = small_image();
  image[513] ^= 0xff;
  EXPECT_EQ(verify(image, trusted()), Fault::hash_mismatch);
  reseal(image, release_key());
  EXPECT_EQ(verify(image, trusted()), Fault::none);
  Bytes scrap(100);
  EXPECT_THROW(reseal(scrap, release_key()), std::invalid_argument);
}

}  // namespace
}  // namespace lockrig::image
