// What people type: codes that open, and programming.
#pragma once

#include "rig/twin/audit_log.hpp"
#include "rig/twin/bolt_drive.hpp"
#include "rig/twin/key_scan.hpp"
#include "rig/twin/lock_out.hpp"
#include "rig/twin/portal_contact.hpp"
#include "rig/twin/signaller.hpp"

namespace lockrig::twin {

/// A code is digits, then enter; the lock key alone locks. Programming: programming
/// code, enter, then functions: number, enter, its arguments with enter each
/// (RemoteLock sibling manuals).
class KeypadEntry {
 public:
  KeypadEntry(Peripherals& p, Settings& settings, AuditLog& log, LockOut& lock_out,
              BoltDrive& bolt, Signaller& signals, KeyScan& keys, std::uint32_t boots,
              PortalContact& portal);

  /// Runs for the whole boot.
  Task<void> run();

 private:
  // Codes have 4 to 10 digits (RemoteLock sibling manuals).
  static constexpr std::size_t kCodeMin = 4;
  static constexpr std::size_t kCodeMax = 10;
  // The presets that every lock of 2017 left the factory with, and that the defect
  // shared-codes still takes.
  static constexpr std::string_view kSharedUserCode = "1234";
  static constexpr std::string_view kSharedProgrammingCode = "00000000";

  struct Entry {
    std::string digits;
    bool complete = false;  // ended by enter; else abandoned
  };
  Task<Entry> read_entry(Instant first_until);
  Task<void> take_code(const std::string& digits);
  Task<void> turn_away(const std::string& digits);
  Task<void> right_code(int slot);
  Task<void> wrong_code(const std::string& digits);
  void warn_of_battery();
  Task<void> program();
  Task<bool> run_function(const std::string& number);
  Task<bool> add_code(const std::string& code);
  Task<bool> change_code(const std::string& old_code, const std::string& new_code);
  Task<bool> delete_code(const std::string& code);
  Task<bool> change_programming_code(const std::string& code);
  Task<void> finish_set_up();
  Task<void> note(std::string text);

  int slot_of(const std::string& code) const;
  /// The slot whose code these digits are; -1 for none.
  int opening_slot(const std::string& digits) const;
  bool opens_programming(const std::string& digits) const;
  bool weak(const std::string& code) const;
  bool acceptable(const std::string& code) const;
  bool is_programming_code(const std::string& code) const;

  Peripherals& p_;
  Settings& settings_;
  AuditLog& log_;
  LockOut& lock_out_;
  BoltDrive& bolt_;
  Signaller& signals_;
  KeyScan& keys_;
  std::uint32_t boots_;
  PortalContact& portal_;
  // RAM of the defects: codes that were changed in this boot.
  std::string old_code_, old_programming_code_, new_code_;
  Instant trusted_until_{};  // of the defect user-code-programs
};

}  // namespace lockrig::twin
