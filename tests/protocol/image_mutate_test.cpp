#include "rig/protocol/image_mutate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/protocol/image_fixture.hpp"

namespace lockrig::image {
namespace {

Fault verdict(Mutation mutation, const MutationInputs& inputs) {
  return verify(mutate(small_image(), mutation, inputs), trusted());
}

MutationInputs with_number(std::size_t number) {
  MutationInputs inputs;
  inputs.number = number;
  return inputs;
}

MutationInputs with_key(const SigningKey& key) {
  MutationInputs inputs;
  inputs.key = &key;
  return inputs;
}

Identity other_model() {
  Identity identity = small_recipe().identity;
  identity.device_class = *Uuid::parse("70007000-7000-7000-7000-700070007000");
  return identity;
}

TEST(ImageMutate, every_mutation_has_a_name_of_its_own) {
  std::set<std::string_view> names;
  for (const Mutation mutation : all_mutations()) {
    names.insert(to_string(mutation));
    EXPECT_EQ(mutation_named(to_string(mutation)), mutation);
  }
  EXPECT_EQ(names.size(), 11U);
  EXPECT_EQ(mutation_named("frobnicate"), std::nullopt);
}

TEST(ImageMutate, truncate_keeps_that_many_bytes) {
  const Bytes image = mutate(small_image(), Mutation::truncate, with_number(600));
  EXPECT_EQ(image.size(), 600U);
  EXPECT_EQ(verify(image, trusted()), Fault::truncated);
}

TEST(ImageMutate, flip_bit_changes_one_bit_of_the_body) {
  EXPECT_EQ(verdict(Mutation::flip_bit, with_number(512 * 8 + 3)),
            Fault::hash_mismatch);
  const Bytes image =
      mutate(small_image(), Mutation::flip_bit, with_number(512 * 8 + 3));
  EXPECT_EQ(image[512], 0xde ^ 0x08);
}

TEST(ImageMutate, append_leaves_trailing_data) {
  EXPECT_EQ(verdict(Mutation::append, with_number(1)), Fault::trailing_data);
}

TEST(ImageMutate, other_body_is_good_under_this_identity) {
  Recipe recipe = small_recipe();
  recipe.identity = other_model();
  recipe.version = {9, 9, 9, 9};
  recipe.body = Bytes(100, 0x77);
  const Bytes other = create(recipe, foreign_key());
  MutationInputs inputs = with_key(release_key());
  inputs.other = other;
  const Bytes image = mutate(small_image(), Mutation::other_body, inputs);
  EXPECT_EQ(verify(image, trusted()), Fault::none);
  const Recipe made = recipe_of(image);
  EXPECT_EQ(made.body, recipe.body);
  EXPECT_EQ(made.identity, small_recipe().identity);
  EXPECT_EQ(made.version, small_recipe().version);
}

TEST(ImageMutate, patch_identity_agrees_with_itself_but_not_with_its_signature) {
  MutationInputs inputs;
  inputs.identity = other_model();
  const Bytes image = mutate(small_image(), Mutation::patch_identity, inputs);
  EXPECT_EQ(early_identity(image), other_model());
  EXPECT_EQ(recipe_of(image).identity, other_model());
  EXPECT_EQ(verify(image, trusted()), Fault::bad_signature);
}

TEST(ImageMutate, early_identity_is_found_out_by_the_protected_tlvs) {
  MutationInputs inputs = with_key(release_key());
  inputs.identity = other_model();
  const Bytes image = mutate(small_image(), Mutation::early_identity, inputs);
  EXPECT_EQ(early_identity(image), other_model());
  EXPECT_EQ(verify(image, trusted()), Fault::identity_disagrees);
}

TEST(ImageMutate, wrong_key_is_unknown_to_who_does_not_trust_it) {
  const Bytes image =
      mutate(small_image(), Mutation::wrong_key, with_key(foreign_key()));
  EXPECT_EQ(verify(image, trusted()), Fault::unknown_key);
  EXPECT_EQ(verify(image, {foreign_key().public_key()}), Fault::none);
}

TEST(ImageMutate, unsigned_image_is_whole_but_for_its_signature) {
  const Bytes image = mutate(small_image(), Mutation::unsigned_image, {});
  EXPECT_EQ(fault_of(image), Fault::none);
  EXPECT_EQ(verify(image, trusted()), Fault::unsigned_image);
}

TEST(ImageMutate, zero_signature_is_a_bad_one) {
  EXPECT_EQ(verdict(Mutation::zero_signature, {}), Fault::bad_signature);
}

TEST(ImageMutate, oversize_is_one_byte_too_large_and_else_good) {
  MutationInputs inputs = with_key(release_key());
  inputs.number = 65536;
  const Bytes image = mutate(small_image(), Mutation::oversize, inputs);
  EXPECT_EQ(image.size(), 65537U);
  EXPECT_EQ(verify(image, trusted(), 65536), Fault::oversize);
  EXPECT_EQ(verify(image, trusted()), Fault::none);
}

TEST(ImageMutate, downgrade_is_good_and_old) {
  MutationInputs inputs = with_key(release_key());
  inputs.version = {1, 0, 0, 0};
  inputs.identity.security_counter = 10;
  const Bytes image = mutate(small_image(), Mutation::downgrade, inputs);
  EXPECT_EQ(verify(image, trusted()), Fault::none);
  const Recipe made = recipe_of(image);
  EXPECT_EQ(made.version, (Version{1, 0, 0, 0}));
  EXPECT_EQ(made.identity.security_counter, 10U);
  EXPECT_EQ(made.identity.device_class, small_recipe().identity.device_class);
  EXPECT_EQ(made.body, small_recipe().body);
}

TEST(ImageMutate, refuses_inputs_that_would_change_nothing_or_are_missing) {
  const Bytes image = small_image();
  MutationInputs same = with_key(release_key());
  same.identity = small_recipe().identity;
  same.version = small_recipe().version;
  const auto refused = [&](Mutation mutation, const MutationInputs& inputs) {
    EXPECT_THROW(mutate(image, mutation, inputs), std::invalid_argument)
        << to_string(mutation);
  };
  refused(Mutation::truncate, with_number(image.size()));
  refused(Mutation::flip_bit, with_number(image.size() * 8));
  refused(Mutation::append, {});
  refused(Mutation::other_body, same);
  refused(Mutation::patch_identity, same);
  refused(Mutation::early_identity, same);
  refused(Mutation::wrong_key, {});
  refused(Mutation::oversize, same);
  refused(Mutation::downgrade, same);
  EXPECT_THROW(mutate(Bytes(100), Mutation::zero_signature, {}), std::invalid_argument);
  const Bytes bare = mutate(image, Mutation::unsigned_image, {});
  EXPECT_THROW(mutate(bare, Mutation::zero_signature, {}), std::invalid_argument);
}

}  // namespace
}  // namespace lockrig::image
