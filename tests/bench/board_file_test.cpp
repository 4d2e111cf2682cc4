#include "rig/bench/board_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "rig/core/error.hpp"

namespace lockrig::bench {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

const fs::path kFixtures = LOCKRIG_ROOT "/fixtures";
const fs::path kBoards = kFixtures / "boards";

std::string read_file(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(ShippedBoards, are_three) {
  EXPECT_THAT(board_names(kBoards), ElementsAre("6000i-A", "6000i-B", "7000i-A"));
}

TEST(ShippedBoards, hold_the_numbers_of_a_6000i) {
  const BoardFile board = load_board(kBoards, "6000i-A");
  const twin::LockModel& m = board.model;
  EXPECT_EQ(m.board(), "6000i-A");
  EXPECT_EQ(m.vendor.to_string(), "bfe7d22c-f3c1-512d-a79e-7d54fe08ce20");
  EXPECT_EQ(m.device_class.to_string(), "7cacd9d6-865a-51cc-b360-02498d4d16d4");
  EXPECT_THAT(
      m.trusted,
      ElementsAre(image::PublicKey::from_pem_file(kFixtures / "keys/release.pub.pem")));

  EXPECT_EQ(m.strategy, twin::Strategy::swap_move);
  EXPECT_EQ(m.sectors, 52u);
  EXPECT_EQ(m.slot0.address, 8u * 4096);
  EXPECT_EQ(m.slot0.size, 18u * 4096);
  EXPECT_EQ(m.slot1.address, 26u * 4096);
  EXPECT_EQ(m.slot1.size, 18u * 4096);
  EXPECT_EQ(m.settings.address, 44u * 4096);
  EXPECT_EQ(m.settings.size, 4u * 4096);
  EXPECT_EQ(m.log.address, 48u * 4096);
  EXPECT_EQ(m.log.size, 4u * 4096);
  EXPECT_EQ(m.flash.erase, 45ms);
  EXPECT_EQ(m.flash.first_byte, 30us);
  EXPECT_EQ(m.flash.further_byte, 2500ns);

  EXPECT_EQ(m.rail.rise, 1ms);
  EXPECT_EQ(m.rail.hold_up_open, 5ms);
  EXPECT_EQ(m.rail.fall_open, 50ms);
  EXPECT_EQ(m.rail.hold_up_discharged, 220us);
  EXPECT_EQ(m.rail.fall_discharged, 2150us);
  EXPECT_EQ(m.bolt_travel, 400ms);
  EXPECT_EQ(m.bolt_stall, 2s);
  EXPECT_EQ(m.baud, 115200);
  EXPECT_EQ(m.smp_buffer, 2048u);
  EXPECT_EQ(m.smp_buffers, 4);
  EXPECT_TRUE(board.demands_service_key);

  EXPECT_EQ(m.debounce, 25ms);
  EXPECT_EQ(m.entry_timeout, 10s);
  EXPECT_EQ(m.auto_lock, 5s);
  EXPECT_EQ(m.wrong_code_limit, 3);
  EXPECT_EQ(m.lock_out, 60s);
  EXPECT_EQ(m.portal_host, "portal.lockrig.example");
  EXPECT_EQ(m.portal_port, 80);
  EXPECT_EQ(m.heartbeat, 1h);
  EXPECT_EQ(m.retry_first, 30s);
  EXPECT_EQ(m.trial_window, 10min);
  EXPECT_EQ(m.watchdog, 8s);
  EXPECT_EQ(m.boot_loader, 50ms);
  EXPECT_EQ(m.start_up, 250ms);
  EXPECT_EQ(m.function_add, "1");
  EXPECT_EQ(m.function_delete, "2");
  EXPECT_EQ(m.function_change, "3");
  EXPECT_EQ(m.function_programming, "4");
  EXPECT_EQ(m.function_mute, "160");
  EXPECT_EQ(m.function_unmute, "161");
  EXPECT_EQ(m.function_contact, "411");
}

TEST(ShippedBoards, name_their_regions_for_the_flash_probe) {
  const twin::LockModel m = load_board(kBoards, "7000i-A").model;
  EXPECT_EQ(m.slot0.name, "slot0");
  EXPECT_EQ(m.slot1.name, "slot1");
  EXPECT_EQ(m.settings.name, "settings");
  EXPECT_EQ(m.log.name, "log");
}

TEST(ShippedBoards, hold_the_limits_of_the_oracle) {
  const trial::Limits limits = load_board(kBoards, "6000i-A").limits;
  EXPECT_EQ(limits.boot_max, 30s);
  EXPECT_EQ(limits.unlock_max, 2s);
  EXPECT_EQ(limits.lock_max, 2s);
  EXPECT_EQ(limits.relock_max, 7s);
  EXPECT_EQ(limits.signal_max, 2s);
  EXPECT_EQ(limits.check_in_max, 66min);
  EXPECT_EQ(limits.update_max, 2min);
  EXPECT_EQ(limits.confirm_max, 11min);
  EXPECT_EQ(limits.wrong_code_limit, 3);
  EXPECT_EQ(limits.lock_out_max, 75s);
  EXPECT_EQ(limits.off_min, 100ms);
  EXPECT_EQ(limits.entry_timeout, 10s);
}

TEST(ShippedBoards, bring_wiring_keys_and_known_presets) {
  const BoardFile board = load_board(kBoards, "6000i-A");
  EXPECT_TRUE(board.wiring.has("keypad_latch"));
  EXPECT_EQ(board.keys.code("enter"), 10);
  EXPECT_EQ(board.model.keys.code("enter"), 10);
  EXPECT_THAT(board.default_users, ElementsAre("1234"));
  EXPECT_THAT(board.default_programming, ElementsAre("00000000"));
  EXPECT_TRUE(load_board(kBoards, "7000i-A").wiring.has("key_strobe"));
}

TEST(ShippedBoards, differ_between_the_revisions_of_a_6000i) {
  const twin::LockModel a = load_board(kBoards, "6000i-A").model;
  const twin::LockModel b = load_board(kBoards, "6000i-B").model;
  EXPECT_EQ(b.board(), "6000i-B");
  EXPECT_EQ(a.device_class, b.device_class);
  EXPECT_NE(a.slot0.address, b.slot0.address);
  EXPECT_NE(a.slot1.address, b.slot1.address);
  EXPECT_NE(a.settings.address, b.settings.address);
  EXPECT_LT(b.log.address, b.settings.address);
  EXPECT_LT(a.log.size, b.log.size);
  EXPECT_EQ(a.bolt_travel, b.bolt_travel);  // what B does not say, it shares
}

TEST(ShippedBoards, differ_between_the_models) {
  const twin::LockModel six = load_board(kBoards, "6000i-A").model;
  const twin::LockModel seven = load_board(kBoards, "7000i-A").model;
  EXPECT_EQ(six.vendor, seven.vendor);
  EXPECT_NE(six.device_class, seven.device_class);
  EXPECT_EQ(seven.strategy, twin::Strategy::direct_xip);
  EXPECT_LT(seven.settings.address, seven.slot0.address);
  EXPECT_EQ(seven.bolt_travel, 300ms);
  EXPECT_EQ(seven.smp_buffer, 1024u);
  EXPECT_EQ(seven.smp_buffers, 2);
}

// A copy of the 6000i's folder, in which one piece of a file is replaced.
class BoardCopy : public testing::Test {
 protected:
  // The process number keeps tests that run side by side apart.
  const fs::path root_ =
      fs::path(testing::TempDir()) / ("lockrig_boards_" + std::to_string(getpid()));
  const fs::path boards_ = root_ / "boards";
  const fs::path folder_ = boards_ / "6000i";
  std::string asked_ = "6000i-A";

  void SetUp() override {
    fs::create_directories(boards_);
    fs::copy(kFixtures / "keys", root_ / "keys");
    fs::copy(kBoards / "6000i", folder_);
  }
  void TearDown() override { fs::remove_all(root_); }

  // Replaces the one place where `from` stands.
  void replace(const std::string& file, const std::string& from,
               const std::string& to) const {
    std::string text = read_file(folder_ / file);
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    ASSERT_EQ(text.find(from, at + 1), std::string::npos) << from << " is there twice";
    std::ofstream(folder_ / file) << text.replace(at, from.size(), to);
  }

  // Number of the line that `piece` stands in.
  std::string line_of(const std::string& file, const std::string& piece) const {
    const std::string text = read_file(folder_ / file);
    const std::size_t at = text.find(piece);
    EXPECT_NE(at, std::string::npos) << piece;
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(at);
    return std::to_string(1 + std::count(text.begin(), end, '\n'));
  }

  std::string message() const {
    try {
      load_board(boards_, asked_);
    } catch (const BadInput& error) {
      return error.what();
    }
    return "accepted";
  }

  // `to` replaces `from` in board.toml; the mistake must be found in `to`'s own line.
  void expect(const std::string& from, const std::string& to, const std::string& key,
              const std::string& what) const {
    replace("board.toml", from, to);
    expect_at(to, key, what);
  }

  // The mistake is found in the first line that holds `piece`.
  void expect_at(const std::string& piece, const std::string& key,
                 const std::string& what) const {
    EXPECT_EQ(message(), (folder_ / "board.toml").string() + ":" +
                             line_of("board.toml", piece) + ": " + key + ": " + what);
  }
};

TEST_F(BoardCopy, is_accepted) { EXPECT_EQ(message(), "accepted"); }

/// The 6000i as a board that is only powered and spoken to.
class NoLockCopy : public BoardCopy {
 protected:
  void SetUp() override {
    BoardCopy::SetUp();
    replace("board.toml", "[identity]\n", "[identity]\nlock = false\n");
    fs::remove(folder_ / "keypad.csv");
    fs::remove(folder_ / "codes.csv");
  }
};

TEST_F(NoLockCopy, has_a_rail_a_wiring_and_limits_of_its_power_alone) {
  const BoardFile board = load_board(boards_, "6000i-A");
  EXPECT_FALSE(board.is_lock);
  EXPECT_EQ(board.model.board(), "6000i-A");
  EXPECT_TRUE(board.wiring.has("power"));
  EXPECT_EQ(board.model.rail.fall_open, 50ms);
  EXPECT_EQ(board.limits.boot_max, 30s);
  EXPECT_EQ(board.limits.off_min, 100ms);
  EXPECT_TRUE(board.default_users.empty());
  EXPECT_TRUE(board.model.trusted.empty());
}

TEST_F(NoLockCopy, has_its_mistakes_told_all_the_same) {
  expect("boot_max_s = 30", "boot_max_s = 0", "limits.boot_max_s",
         "0 is not more than 0");
}

TEST_F(NoLockCopy, has_a_rail_that_falls_after_its_hold_up) {
  expect("fall_open_ms = 50", "fall_open_ms = 5", "rail.fall_open_ms",
         "must be more than rail.hold_up_open_ms (revision A)");
}

TEST_F(BoardCopy, is_a_lock_unless_it_says_otherwise) {
  EXPECT_TRUE(load_board(boards_, "6000i-A").is_lock);
  replace("board.toml", "[identity]\n", "[identity]\nlock = true\n");
  EXPECT_TRUE(load_board(boards_, "6000i-A").is_lock);
  replace("board.toml", "lock = true\n", "lock = \"no\"\n");
  EXPECT_EQ(message(), (folder_ / "board.toml").string() + ":" +
                           line_of("board.toml", "lock = \"no\"") +
                           ": identity.lock: must be true or false");
}

TEST_F(BoardCopy, may_give_times_in_fractions) {
  replace("board.toml", "further_byte_ns = 2500", "further_byte_ns = 2.5e3");
  replace("board.toml", "stall_ms = 2000", "stall_ms = 1999.5");
  const twin::LockModel m = load_board(boards_, "6000i-A").model;
  EXPECT_EQ(m.flash.further_byte, 2500ns);
  EXPECT_EQ(m.bolt_stall, 1999500us);
}

TEST_F(BoardCopy, may_override_any_section_but_identity) {
  replace("board.toml", "[revision.B.flash]",
          "[revision.B.bolt]\ntravel_ms = 350\n"
          "[revision.B.flash]");
  EXPECT_EQ(load_board(boards_, "6000i-A").model.bolt_travel, 400ms);
  EXPECT_EQ(load_board(boards_, "6000i-B").model.bolt_travel, 350ms);
  EXPECT_EQ(load_board(boards_, "6000i-B").model.bolt_stall, 2s);
}

class BoardMistake : public BoardCopy {};

TEST_F(BoardMistake, unknown_model_lists_the_boards) {
  for (const char* name : {"5000i-A", "6000i", "", "../boards/6000i-A"}) {
    asked_ = name;
    EXPECT_EQ(message(), boards_.string() + ": " +
                             (asked_.empty() ? "" : asked_ + ": ") +
                             "there is no such board; there are: 6000i-A, 6000i-B");
  }
}

TEST_F(BoardMistake, unknown_revision_lists_the_revisions) {
  for (const char* name : {"6000i-C", "6000i-", "6000i-AB"}) {
    asked_ = name;
    expect_at("revisions =", "identity.revisions",
              "there is no " + asked_ + ", only A, B");
  }
}

TEST_F(BoardMistake, folder_without_boards) {
  fs::remove_all(boards_);
  EXPECT_EQ(message(), boards_.string() + ": is not a folder with boards");
}

TEST_F(BoardMistake, text_that_is_not_toml) {
  replace("board.toml", "travel_ms = 400", "travel_ms == 400");
  EXPECT_THAT(message(), HasSubstr("board.toml:" + line_of("board.toml", "==") + ": "));
}

TEST_F(BoardMistake, unknown_section) {
  expect("[rail]", "[rails]", "rails",
         "unknown key; there are: identity, flash, rail, bolt, console, keypad, "
         "functions, portal, firmware, limits, revision");
}

TEST_F(BoardMistake, missing_section) {
  replace("board.toml", "[bolt]\n", "");
  replace("board.toml", "travel_ms = 400", "");
  replace("board.toml", "stall_ms = 2000", "");
  EXPECT_EQ(message(), (folder_ / "board.toml").string() + ": bolt: is missing");
}

TEST_F(BoardMistake, misspelt_key) {
  expect("travel_ms", "travl_ms", "bolt.travl_ms",
         "unknown key; there are: travel_ms, stall_ms");
}

TEST_F(BoardMistake, misspelt_key_of_a_region) {
  expect("boot = { first = 0, sectors", "boot = { first = 0, sector",
         "flash.boot.sector", "unknown key; there are: first, sectors");
}

TEST_F(BoardMistake, misspelt_key_of_another_revision) {
  expect(
      "sectors = 56", "sektors = 56", "revision.B.flash.sektors",
      "unknown key; there are: strategy, sectors, boot, slot0, slot1, settings, log, "
      "erase_ms, first_byte_us, further_byte_ns");
}

TEST_F(BoardMistake, override_of_a_revision_that_does_not_exist) {
  expect("[revision.B.flash]", "[revision.C.flash]", "revision.C",
         "unknown key; there are: A, B");
}

TEST_F(BoardMistake, override_of_what_all_revisions_share) {
  expect(
      "[revision.B.flash]", "[revision.B.identity]", "revision.B.identity",
      "unknown key; there are: flash, rail, bolt, console, keypad, functions, portal, "
      "firmware, limits");
}

TEST_F(BoardMistake, missing_key_takes_the_line_of_its_table) {
  replace("board.toml", "travel_ms = 400", "");
  expect_at("[bolt]", "bolt.travel_ms", "is missing");
}

TEST_F(BoardMistake, section_that_is_no_table) {
  replace("board.toml", "[bolt]\n", "");
  replace("board.toml", "travel_ms = 400", "");
  replace("board.toml", "stall_ms = 2000", "");
  expect("[identity]", "bolt = 3\n[identity]", "bolt", "must be a table");
}

TEST_F(BoardMistake, text_where_a_number_is_due) {
  expect("baud = 115200", "baud = \"fast\"", "console.baud", "must be a whole number");
}

TEST_F(BoardMistake, a_demand_that_is_neither_made_nor_not) {
  expect("service_key = \"demanded\"", "service_key = \"yes\"", "console.service_key",
         "'yes' is neither demanded nor none (revision A)");
}

TEST_F(BoardCopy, may_demand_no_service_key) {
  replace("board.toml", "service_key = \"demanded\"", "service_key = \"none\"");
  EXPECT_FALSE(load_board(boards_, "6000i-A").demands_service_key);
  replace("board.toml", "service_key = \"none\"", "");
  EXPECT_FALSE(load_board(boards_, "6000i-A").demands_service_key);
}

TEST_F(BoardMistake, fraction_where_a_whole_number_is_due) {
  expect("lock_out_s = 60", "lock_out_s = 59.5", "keypad.lock_out_s",
         "must be a whole number");
}

TEST_F(BoardMistake, boolean_where_a_time_is_due) {
  expect("watchdog_s = 8", "watchdog_s = true", "firmware.watchdog_s",
         "must be a number");
}

TEST_F(BoardMistake, number_where_a_text_is_due) {
  expect("add = \"1\"", "add = 1", "functions.add", "must be a text in quotes");
}

TEST_F(BoardMistake, empty_text) {
  expect("host = \"portal.lockrig.example\"", "host = \"\"", "portal.host",
         "must not be empty");
}

TEST_F(BoardMistake, number_out_of_range) {
  expect("port = 80 ", "port = 65536 ", "portal.port", "65536 is not within 1-65535");
}

TEST_F(BoardMistake, number_that_no_int_holds) {
  expect("port = 80 ", "port = 9000000000 ", "portal.port",
         "9000000000 is not within 1-65535");
}

TEST_F(BoardMistake, timing_of_zero) {
  expect("erase_ms = 45", "erase_ms = 0", "flash.erase_ms", "0 is not more than 0");
}

TEST_F(BoardMistake, negative_timing) {
  expect("rise_us = 1000", "rise_us = -1", "rail.rise_us", "-1 is not more than 0");
}

TEST_F(BoardMistake, timing_that_is_no_number) {
  expect("boot_max_s = 30", "boot_max_s = nan", "limits.boot_max_s",
         "nan is not more than 0");
}

TEST_F(BoardMistake, timing_longer_than_a_year) {
  expect("boot_max_s = 30", "boot_max_s = inf", "limits.boot_max_s",
         "inf is more than a year");
}

TEST_F(BoardMistake, timing_that_rounds_to_nothing) {
  expect("further_byte_ns = 2500", "further_byte_ns = 0.1", "flash.further_byte_ns",
         "0.1 is less than 1 ns");
}

TEST_F(BoardMistake, bolt_faster_than_a_bolt_can_be) {
  expect("travel_ms = 400", "travel_ms = 0.5", "bolt.travel_ms",
         "0.5 is less than 1000000 ns");
}

TEST_F(BoardMistake, uuid_that_does_not_parse) {
  expect("bfe7d22c-", "bfe7d22c", "identity.vendor",
         "'bfe7d22cf3c1-512d-a79e-7d54fe08ce20' is not a UUID");
}

TEST_F(BoardMistake, class_that_does_not_parse) {
  expect("7cacd9d6-865a", "7cacd9d6865a", "identity.device_class",
         "'7cacd9d6865a-51cc-b360-02498d4d16d4' is not a UUID");
}

TEST_F(BoardMistake, trusted_key_that_is_not_there) {
  expect("keys/release.pub.pem", "keys/none.pem", "identity.trusted_key",
         (root_ / "keys/none.pem").string() + " is not a file");
}

TEST_F(BoardMistake, trusted_key_that_is_no_public_key) {
  replace("board.toml", "keys/release.pub.pem", "keys/README.md");
  EXPECT_THAT(message(), HasSubstr("board.toml:" + line_of("board.toml", "README") +
                                   ": identity.trusted_key: " +
                                   (root_ / "keys/README.md").string() + ": "));
}

TEST_F(BoardMistake, revision_that_is_no_letter) {
  expect("\"A\", \"B\"", "\"A\", \"b\"", "identity.revisions[1]",
         "'b' is not one letter from A to Z");
}

TEST_F(BoardMistake, revision_twice) {
  replace("board.toml", "\"A\", \"B\"", "\"A\",\n  \"A\"");
  expect_at("  \"A\"]", "identity.revisions[1]", "A is there twice");
}

TEST_F(BoardMistake, no_revision) {
  expect("[\"A\", \"B\"]", "[]", "identity.revisions", "must name a revision");
}

TEST_F(BoardMistake, revisions_that_are_no_list) {
  expect("[\"A\", \"B\"]", "\"A\"", "identity.revisions", "must be a list of texts");
}

TEST_F(BoardMistake, unknown_strategy) {
  expect("\"swap_move\"", "\"swap\"", "flash.strategy",
         "'swap' is neither swap_move nor direct_xip (revision A)");
}

TEST_F(BoardMistake, regions_that_overlap) {
  expect("slot1 = { first = 26,", "slot1 = { first = 25,", "flash.slot1.first",
         "overlaps slot0 (revision A)");
}

TEST_F(BoardMistake, region_over_the_boot_loader) {
  expect("slot0 = { first = 8,", "slot0 = { first = 7,", "flash.slot0.first",
         "overlaps boot (revision A)");
}

TEST_F(BoardMistake, region_within_another) {
  expect("first = 48, sectors = 4 }", "first = 30, sectors = 4 }", "flash.log.first",
         "overlaps slot1 (revision A)");
}

TEST_F(BoardMistake, region_that_leaves_the_flash) {
  expect("first = 48, sectors = 4 }", "first = 48, sectors = 5 }", "flash.log.sectors",
         "leaves the flash: ends at sector 53 of 52 (revision A)");
}

TEST_F(BoardMistake, of_the_other_revision_is_found_too) {
  expect("slot1 = { first = 38,", "slot1 = { first = 39,",
         "revision.B.flash.slot1.sectors",
         "leaves the flash: ends at sector 57 of 56 (revision B)");
}

TEST_F(BoardMistake, revision_that_does_not_fit_what_it_shares) {
  replace("board.toml", "log = { first = 8, sectors = 8 } # 512 events\n", "");
  replace("board.toml", "sectors = 56\n", "sectors = 58\n");
  expect_at("log = { first = 48", "flash.log.first", "overlaps slot1 (revision B)");
}

TEST_F(BoardMistake, slots_that_are_not_equal) {
  replace("board.toml", "slot0 = { first = 8, sectors = 18 }",
          "slot0 = { first = 8, sectors = 17 }");
  expect_at("slot1 = { first = 26", "flash.slot1.sectors",
            "both slots must have the same size (revision A)");
}

TEST_F(BoardMistake, slot_without_room_for_an_image) {
  expect("slot0 = { first = 8, sectors = 18 }", "slot0 = { first = 8, sectors = 2 }",
         "flash.slot0.sectors", "a slot has 3 to 168 sectors (revision A)");
}

TEST_F(BoardMistake, settings_without_a_second_bank) {
  expect("settings = { first = 44, sectors = 4 }",
         "settings = { first = 44, sectors = 1 }", "flash.settings.sectors",
         "two banks of whole sectors take an even number (revision A)");
}

TEST_F(BoardMistake, log_that_cannot_turn) {
  expect(
      "first = 48, sectors = 4 }", "first = 48, sectors = 1 }", "flash.log.sectors",
      "a ring takes 2 at least: one is erased while the others are kept (revision A)");
}

TEST_F(BoardMistake, region_without_a_sector) {
  expect("first = 48, sectors = 4 }", "first = 48, sectors = 0 }", "flash.log.sectors",
         "0 is not within 1-4096");
}

TEST_F(BoardMistake, function_that_is_no_number) {
  expect("\"411\"", "\"411#\"", "functions.contact",
         "'411#' is not made of digits (revision A)");
}

TEST_F(BoardMistake, function_twice) {
  expect("unmute = \"161\"", "unmute = \"160\"", "functions.unmute",
         "160 already means mute (revision A)");
}

TEST_F(BoardMistake, presets_of_an_unknown_kind) {
  replace("codes.csv", "programming,", "master,");
  EXPECT_EQ(message(), (folder_ / "codes.csv").string() + ":" +
                           line_of("codes.csv", "master,") +
                           ": kind: 'master' is neither user nor programming");
}

TEST_F(BoardMistake, preset_that_is_no_code) {
  for (const char* code : {"123", "12345678901", "12a4", ""}) {
    fs::copy(kBoards / "6000i/codes.csv", folder_ / "codes.csv",
             fs::copy_options::overwrite_existing);
    replace("codes.csv", "1234", code);
    EXPECT_EQ(message(), (folder_ / "codes.csv").string() + ":" +
                             line_of("codes.csv", "user,") + ": code: '" + code +
                             "' is not 4 to 10 digits");
  }
}

TEST_F(BoardMistake, preset_twice) {
  replace("codes.csv", "programming,", "user,1234,x\nprogramming,");
  EXPECT_EQ(message(), (folder_ / "codes.csv").string() + ":" +
                           line_of("codes.csv", "1234,x") +
                           ": code: 1234 is there twice");
}

TEST_F(BoardMistake, preset_without_a_source) {
  replace("codes.csv", "programming,", "user,5678,\nprogramming,");
  EXPECT_EQ(message(), (folder_ / "codes.csv").string() + ":" +
                           line_of("codes.csv", "5678") +
                           ": source: must not be empty");
}

TEST_F(BoardMistake, table_that_is_not_there) {
  for (const char* name : {"wiring.csv", "keypad.csv", "codes.csv"}) {
    fs::rename(folder_ / name, root_ / name);
    EXPECT_EQ(message(), (folder_ / name).string() + ": cannot be read");
    fs::rename(root_ / name, folder_ / name);
  }
}

struct Relation {
  const char* name;
  const char* from;
  const char* to;
  const char* key;
  const char* what;
};

class BoardRelation : public BoardMistake,
                      public testing::WithParamInterface<Relation> {};

TEST_P(BoardRelation, must_hold) {
  const Relation& r = GetParam();
  expect(r.from, r.to, r.key, std::string(r.what) + " (revision A)");
}

INSTANTIATE_TEST_SUITE_P(
    , BoardRelation,
    testing::Values(
        Relation{"fall_after_hold_up", "fall_open_ms = 50", "fall_open_ms = 5",
                 "rail.fall_open_ms", "must be more than rail.hold_up_open_ms"},
        Relation{"discharge_after_hold_up", "fall_discharged_us = 2150",
                 "fall_discharged_us = 219", "rail.fall_discharged_us",
                 "must be more than rail.hold_up_discharged_us"},
        Relation{"stall_after_travel", "stall_ms = 2000", "stall_ms = 400",
                 "bolt.stall_ms", "must be more than bolt.travel_ms"},
        Relation{"entry_after_debounce", "entry_timeout_s = 10",
                 "entry_timeout_s = 0.025", "keypad.entry_timeout_s",
                 "must be more than keypad.debounce_ms"},
        Relation{"retry_within_heartbeat", "retry_first_s = 30", "retry_first_s = 3601",
                 "portal.retry_first_s", "must not be more than portal.heartbeat_s"},
        Relation{"boot", "boot_max_s = 30", "boot_max_s = 0.3", "limits.boot_max_s",
                 "must be more than boot_loader_ms and start_up_ms of firmware"},
        Relation{"unlock", "unlock_max_s = 2 ", "unlock_max_s = 0.4 ",
                 "limits.unlock_max_s", "must be more than bolt.travel_ms"},
        Relation{"lock", "lock_max_s = 2\n", "lock_max_s = 0.4\n", "limits.lock_max_s",
                 "must be more than bolt.travel_ms"},
        Relation{"relock", "relock_max_s = 7", "relock_max_s = 5",
                 "limits.relock_max_s", "must be more than keypad.auto_lock_s"},
        Relation{"check_in", "check_in_max_s = 3960", "check_in_max_s = 3600",
                 "limits.check_in_max_s", "must be more than portal.heartbeat_s"},
        Relation{"confirm", "confirm_max_s = 660", "confirm_max_s = 600",
                 "limits.confirm_max_s", "must be more than firmware.trial_window_s"},
        Relation{"wrong_codes", "wrong_code_limit = 3  #", "wrong_code_limit = 4  #",
                 "limits.wrong_code_limit", "must equal keypad.wrong_code_limit"},
        Relation{"lock_out", "lock_out_max_s = 75", "lock_out_max_s = 60",
                 "limits.lock_out_max_s", "must be more than keypad.lock_out_s"}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace lockrig::bench
