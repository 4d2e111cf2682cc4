// What came of a request to a lock: its answer, or how it failed. A lock that fails is
// a value; only the rig's own faults are thrown.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "rig/protocol/smp_message.hpp"

namespace lockrig::lock {

struct Failure {
  enum class Kind {
    timed_out,  // no answer within the limit, or only damaged ones
    closed,     // the console is dead: power is off, or the line is isolated
    refused,    // the lock said no: `error`
    malformed,  // an answer that breaks the protocol
  };

  Kind kind;
  std::string what;  // "state: no answer within 2 s"
  std::optional<smp::Error> error{};
};

const char* to_string(Failure::Kind kind);

template <class T>
using Reply = std::variant<T, Failure>;

/// The answer to a request that tells nothing but that it was done.
struct Done {};

}  // namespace lockrig::lock
