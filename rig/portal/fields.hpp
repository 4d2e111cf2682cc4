// Reads typed fields of a JSON object that came from a lock, so that a wrong one is an
// answer and not a crash.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace lockrig::portal {

/// Read every field, then ask good() once: a field that is absent or of another type
/// reads as empty, 0 or false, and the first such one is remembered.
class Fields {
 public:
  /// Anything but an object has no fields. The object outlives the reader.
  explicit Fields(const nlohmann::json& object) : object_(object) {}

  std::string text(const char* name);
  std::uint32_t number(const char* name);
  bool flag(const char* name);
  /// Absent is no fault: senders may leave out what is false.
  bool flag_or_false(const char* name);
  /// An empty array where there is none.
  const nlohmann::json& list(const char* name);

  bool good() const { return bad_ == nullptr; }
  /// The first field that was not right; REQUIRES: !good().
  const char* bad() const { return bad_; }

 private:
  const nlohmann::json* find(const char* name) const;
  void blame(const char* name);

  const nlohmann::json& object_;
  const char* bad_ = nullptr;
};

}  // namespace lockrig::portal
